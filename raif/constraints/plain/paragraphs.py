"""Texts in several paragraphs, answers or sections, and what divides them."""

from __future__ import annotations

import re

from raif.constraints.iftrain.common import Amount
from raif.constraints.iftrain.older_words import Number
from raif.constraints.kind import Count, Outcome, Text, exactly
from raif.constraints.length import Nth
from raif.constraints.plain.common import bare, meaning, said, starts_with
from raif.text import reader

_THREE = re.compile(r"(?:^|(?<=\s))\*{3}(?=\s|$)")
_SPACED = re.compile(r"(?:^|(?<=\s))\* ?\* ?\*(?=\s|$)")
_SIX = re.compile(r"(?<!\*)\*{6}(?!\*)")


def _divided(response: str, divider: re.Pattern[str]) -> list[str]:
    """The parts between dividers; a divider at the start or end of the text divides nothing."""
    parts = [part.strip() for part in divider.split(response)]
    return parts[not parts[0] : len(parts) - (not parts[-1])] if len(parts) > 1 else parts


def _paragraphs(response: str, divider: re.Pattern[str], wanted: float) -> Outcome:
    parts = _divided(response, divider)
    if not all(map(reader.words, parts)):
        return Outcome(False, "a paragraph without words")
    return exactly(len(parts), wanted, "paragraphs")


@meaning(
    "length_constraints:number_paragraphs",
    (True, "***Tea*** is hot.\n***\nMilk.", {"num_paragraphs": 2}),
    (False, "Tea\n***\n!", {"num_paragraphs": 2}),
)
def number_paragraphs(response: str, *, num_paragraphs: Count) -> Outcome:
    """A divider stands between white space: `***bold***` is none. A paragraph has words."""
    return _paragraphs(response, _THREE, num_paragraphs)


@meaning(
    "paragraphs:paragraphs",
    (True, "***Tea*** is hot.\n***\nMilk.", {}),
    (False, "***Tea is hot.", {}),
)
def paragraphs(response: str) -> Outcome:
    """A divider stands between white space: `***bold***` is none. A paragraph has words."""
    return _paragraphs(response, _THREE, 2)


@meaning(
    "rlvr:verify_paragraph_count",
    (True, "Tea\n***\nMilk", {"N": 2}),
    (False, "Tea\n---\nMilk", {"N": 2}),
)
def verify_paragraph_count(response: str, *, N: Number) -> Outcome:
    """`***` is the same divider as `* * *`."""
    return _paragraphs(response, _SPACED, N)


@meaning(
    "paragraphs:paragraphs2",
    (True, "Tea.\n \nMilk.", {}),
    (False, "Tea.\n\n---\n\nMilk.\n\nWater.", {}),
)
def paragraphs2(response: str) -> Outcome:
    """A blank line may have spaces in it. What has no words is no paragraph."""
    return exactly(len(reader.paragraphs(response)), 2, "paragraphs")


def _nth(response: str, wanted: float, nth: int, word: str) -> Outcome:
    found = reader.paragraphs(response)
    if len(found) != wanted or not -len(found) < nth <= len(found):
        return exactly(len(found), wanted, "paragraphs")
    start = found[nth - 1]
    return Outcome(
        starts_with(word, start), f'paragraph {nth} starts with "{start[:30]}", asked for "{word}"'
    )


@meaning(
    "length_constraints:nth_paragraph_first_word",
    (True, "a\n \n**Don't** go", {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "don't"}),
    (False, "a\n\nDonkeys", {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "don"}),
)
def nth_paragraph_first_word(
    response: str, *, num_paragraphs: Count, nth_paragraph: Nth, first_word: Text
) -> Outcome:
    """A blank line may have spaces in it, and marks around the word are no part of it."""
    return _nth(response, num_paragraphs, nth_paragraph, first_word)


@meaning(
    "rlvr:validate_paragraphs",
    (True, "Tea.\n \n\nMilk.", {"N": 2, "i": 2, "first_word": "milk"}),
    (False, "Tea.\n\nMilky.", {"N": 2, "i": 2, "first_word": "Milk"}),
)
def validate_paragraphs(response: str, *, N: Number, first_word: Text, i: int) -> Outcome:
    """The first word is a whole word, in any case. What has no words is no paragraph."""
    return _nth(response, N, i, first_word)


def _two(response: str) -> Outcome:
    parts = [part.strip() for part in _SIX.split(response)]
    if len(parts) != 2 or not all(map(reader.words, parts)):
        return Outcome(False, f"{len(parts)} responses, asked for exactly 2, with words in each")
    one, other = ([bare(word) for word in reader.words(part)] for part in parts)
    return said(one != other, "2 responses, different", "2 responses of the same words")


@meaning(
    "combination:two_responses",
    (True, "Tea.\n******\nMilk.", {}),
    (False, "Tea.\n******\ntea!", {}),
    (False, "Tea.\n*******\nMilk.", {}),
)
def two_responses(response: str) -> Outcome:
    """One divider of exactly six asterisks; the words of the two answers differ."""
    return _two(response)


@meaning(
    "rlvr:validate_two_responses",
    (True, "Tea.\n******\nMilk.", {}),
    (False, "Tea.\n******\n", {}),
)
def validate_two_responses(response: str) -> Outcome:
    """Neither side is empty, and their words differ."""
    return _two(response)


@meaning(
    "count:counting_composition",
    (True, "I don't.\n***\nYou do!\n***\nWe do.", {"n_sent": 1, "n_words": 3}),
    (False, "I do.\n***\nYou.\n***\nWe do.", {"n_sent": 1, "n_words": 3}),
)
def counting_composition(response: str, *, n_sent: Amount, n_words: Amount) -> Outcome:
    """ "don't" is one word. Sentences are those of IFEval, a divider stands between white space."""
    parts = _divided(response, _THREE)
    if len(parts) != 3:
        return Outcome(False, f"{len(parts)} paragraphs, asked for exactly 3")
    for part in parts:
        sentences = reader.sentences(part)
        if len(sentences) != n_sent:
            return Outcome(False, f"{len(sentences)} sentences in a paragraph, asked for exactly {n_sent}")
        for sentence in sentences:
            if (found := len(reader.tokens(sentence))) != n_words:
                return Outcome(False, f'{found} words in "{sentence[:40]}", asked for exactly {n_words}')
    return Outcome(True, "as many paragraphs, sentences and words as asked for")


def _sections(response: str, splitter: str) -> list[tuple[str, str]]:
    """(number, content) of what begins with the splitter at the start of a line, after marks."""
    head = rf"^[^\w\n]{{0,20}}{re.escape(splitter.strip())}(?!\w*[^\W\d_])[^\S\n]*(\d+)?"
    parts = re.split(head, response, flags=re.MULTILINE)
    return [*zip((number or "" for number in parts[1::2]), parts[2::2], strict=True)]


@meaning(
    "detectable_format:multiple_sections",
    (True, "## Part 1\nTea.\n## Part 2\nAs Part 1 says.", {"section_spliter": "Part", "num_sections": 2}),
    (False, "As Part 1 and Part 2 say.", {"section_spliter": "Part", "num_sections": 2}),
    (False, "Part 1\na\nPart 2\nb\nPart 3\nc", {"section_spliter": "Part", "num_sections": 2}),
)
def multiple_sections(response: str, *, section_spliter: Text, num_sections: Count) -> Outcome:
    """Exactly as many lines begin with the word and 1, 2 and so on, and text follows each."""
    found = _sections(response, section_spliter)
    if [number for number, _ in found] != [str(n) for n in range(1, num_sections + 1)]:
        return Outcome(False, f"sections numbered {[n for n, _ in found]}, asked for 1 to {num_sections}")
    empty = next((number for number, content in found if not reader.words(content)), None)
    return said(empty is None, f"{len(found)} sections", f"section {empty} is empty")


@meaning(
    "rlvr:validate_sections",
    (True, "So:\nPart 1\na\nPart 2\nb", {"N": 2, "section_splitter": "Part"}),
    (False, "Part 1 is like Part 2", {"N": 2, "section_splitter": "Part"}),
)
def validate_sections(response: str, *, N: Number, section_splitter: Text) -> Outcome:
    """What stands before the first splitter is no section; a splitter stands at the start of a line."""
    found = _sections(response, section_splitter)
    if not all(reader.words(content) for _, content in found):
        return Outcome(False, "an empty section")
    return exactly(len(found), N, "sections")
