"""What kinds mean to Multi-IF's program where that differs from IFEval's, and what they mean once repaired.

`multi-if` is the released program, arXiv 2410.15553: words and sentences by the language of the text, more
pairs of quotation marks, and broken regular expressions that match nothing. Where it draws what a row doesn't
say, `bind` raises. For a letter beyond a-z, it draws another: the verdict is the one that all letters give.

`multi-if-repaired` is the same with three kinds fixed that are known to be wrong: a first word that is
several words or follows a blank paragraph, a letter beyond a-z, and English in capitals.
"""

from __future__ import annotations

import re
import string
from typing import Annotated

from pydantic import Field

from raif.constraints.kind import Count, Example, Outcome, Relation, Text, compare, exactly, variant
from raif.constraints.length import Nth
from raif.text import detect
from raif.text.multilingual import NO_THAI, sentences_of, words_of
from raif.text.search import count

QUOTES = (('"', '"'), ("“", "”"), ("「", "」"))
BOTH = ("multi-if", "multi-if-repaired")
DRAWN = "the released program looks for a letter drawn at random"


def _counted(found: int | None, relation: Relation, bound: int, noun: str) -> Outcome:
    return Outcome(None, NO_THAI) if found is None else compare(found, relation, bound, noun)


_WORDS = (
    Example(True, "面包店六点开门。", {"num_words": 7, "relation": "at least"}),
    Example(False, "面包店六点开门。", {"num_words": 8, "relation": "at least"}),
)
_SENTENCES = (
    Example(True, "面包店六点开门。大家都来了！", {"num_sentences": 2, "relation": "at least"}),
    Example(False, "面包店六点开门。大家都来了！", {"num_sentences": 2, "relation": "less than"}),
)
_QUOTED = (Example(True, "“Tutto.”", {}), Example(False, "«Tutto.»", {}))
_BROKEN = (
    Example(True, "Tea, more tea.", {"keyword": "tea", "frequency": 2, "relation": "at least"}),
    Example(False, "Tea (green).", {"keyword": "(green", "frequency": 2, "relation": "less than"}),
)


@variant("length_constraints:number_words", BOTH[0], examples=_WORDS)
@variant("length_constraints:number_words", BOTH[1], examples=_WORDS)
def number_words(response: str, *, num_words: Count, relation: Relation) -> Outcome:
    """Counts by the detected language: characters in Chinese and Japanese, else runs of word characters."""
    return _counted(words_of(response), relation, num_words, "words")


@variant("length_constraints:number_sentences", BOTH[0], examples=_SENTENCES)
@variant("length_constraints:number_sentences", BOTH[1], examples=_SENTENCES)
def number_sentences(response: str, *, num_sentences: Count, relation: Relation) -> Outcome:
    """Counts by the detected language: marks in Chinese and Japanese, dandas in Hindi, else Punkt."""
    return _counted(sentences_of(response), relation, num_sentences, "sentences")


@variant("startend:quotation", BOTH[0], examples=_QUOTED)
@variant("startend:quotation", BOTH[1], examples=_QUOTED)
def quotation(response: str) -> Outcome:
    """The first and the last character are a pair of ASCII, curly or corner quotation marks."""
    text = response.strip()
    passed = len(text) > 1 and (text[0], text[-1]) in QUOTES
    return Outcome(passed, f"{'' if passed else 'not '}wrapped in a pair of quotation marks")


@variant("keywords:frequency", BOTH[0], examples=_BROKEN)
@variant("keywords:frequency", BOTH[1], examples=_BROKEN)
def frequency(response: str, *, keyword: Text, frequency: Count, relation: Relation) -> Outcome:
    """Counts matches of the keyword as a regex, in any case. A broken regex fails in either relation."""
    word = keyword.strip()
    try:
        re.compile(word)
    except (re.error, OverflowError, RecursionError) as error:
        return Outcome(False, f"{word!r} is not a valid regular expression ({error})")
    return compare(count("findall", word, response, re.IGNORECASE), relation, frequency, f'times "{word}"')


@variant(
    "keywords:letter_frequency",
    "multi-if",
    examples=(
        Example(True, "Banana", {"letter": "a", "let_frequency": 3, "let_relation": "at least"}),
        Example(False, "Ёж", {"letter": "ё", "let_frequency": 1, "let_relation": "at least"}),
    ),
)
def letter_frequency(
    response: str,
    *,
    letter: Annotated[str, Field(min_length=1, max_length=1)],
    let_frequency: Count,
    let_relation: Relation,
) -> Outcome:
    """Counts a letter from a to z. Another is replaced by a random one: undecided unless all 26 agree."""
    text, wanted = response.lower(), letter.lower()
    known = wanted in string.ascii_lowercase
    letters = wanted if known else string.ascii_lowercase
    first, *others = [
        compare(text.count(each), let_relation, let_frequency, f'times the letter "{each}"')
        for each in letters
    ]
    if any(other.passed is not first.passed for other in others):
        return Outcome(None, DRAWN)
    return first if known else Outcome(first.passed, f"{DRAWN}: the verdict is the same for all")


@variant(
    "length_constraints:nth_paragraph_first_word",
    "multi-if-repaired",
    examples=(
        Example(
            True, "Un.\n\n\n\nEn fin deux.", {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "en fin"}
        ),
        Example(False, "Un.\n\nDeux.", {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "en fin"}),
    ),
)
def nth_paragraph_first_word(
    response: str, *, num_paragraphs: Count, nth_paragraph: Nth, first_word: Text
) -> Outcome:
    """Blank parts are no paragraphs, and as many words are compared as the first word has."""
    parts = [part for part in response.split("\n\n") if part.strip()]
    if nth_paragraph > len(parts):
        return Outcome(False, f"no paragraph {nth_paragraph}: {len(parts)} in all")
    if len(parts) != num_paragraphs:
        return exactly(len(parts), num_paragraphs, "paragraphs")
    wanted = first_word.lower().split()
    tokens = parts[nth_paragraph - 1].split()[: len(wanted)]
    found = [re.split(r"[.,?!'\"]", token.lstrip("'").lstrip('"'), maxsplit=1)[0].lower() for token in tokens]
    return Outcome(
        found == wanted,
        f'paragraph {nth_paragraph} starts with "{" ".join(found)}", asked for "{first_word}"',
    )


@variant(
    "change_case:english_capital",
    "multi-if-repaired",
    examples=(
        Example(True, "THIS IS A VERY GOOD DAY FOR ALL OF THE PEOPLE WHO LIVE HERE.", {}),
        Example(False, "LA DOMENICA TUTTA LA PIAZZA PROFUMA DI CANNELLA E DI PANE FRESCO.", {}),
    ),
)
def english_capital(response: str) -> Outcome:
    """All letters are capitals, and the text in lower case is detected as English."""
    if not response.isupper():
        return Outcome(False, "not all in capital letters")
    found = detect(response.lower())
    return Outcome(found in (None, "en"), f"case as asked, language {found or 'unknown'}")
