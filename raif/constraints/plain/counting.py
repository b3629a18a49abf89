"""How many words, sentences, letters and numbers there are, as a reader counts them."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated

from pydantic import AfterValidator

from raif.constraints.ifbench.common import Number, Position
from raif.constraints.ifbench.count import CONJUNCTIONS, FIFTY_NAMES, JAPANESE, from_least
from raif.constraints.iftrain.common import Amount
from raif.constraints.iftrain.older_words import Number as Amounts
from raif.constraints.iftrain.older_words import a_tenth, compared
from raif.constraints.kind import Count, Outcome, Relation, compare, exactly
from raif.constraints.plain.common import bare, meaning, said
from raif.constraints.plain.names import NAMES
from raif.text import reader

_LATIN = re.compile("[A-Za-zÀ-ÖØ-öø-ɏ]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_INTERROBANG = re.compile(r"\?!|!\?|‽|⁉|⁈")


def in_capitals(text: str) -> int:
    """Words in capitals: "DON'T" and "A-B" are one each, and so is the word "I". A possessive 's is none."""
    found = (re.sub(r"['’]s$", "", word) for word in reader.words(text))
    return sum(map(str.isupper, found))


@meaning(
    "length_constraints:number_words",
    (True, "I don't know.", {"num_words": 4, "relation": "less than"}),
    (False, "I don't know.", {"num_words": 4, "relation": "at least"}),
)
def number_words(response: str, *, num_words: Count, relation: Relation) -> Outcome:
    """One word each: "don't", "well-known", "3.5"."""
    return compare(len(reader.words(response)), relation, num_words, "words")


@meaning(
    "rlvr:validate_word_constraint",
    (True, "Tea - milk.", {"N": 2, "quantifier": "at most"}),
    (False, "Tea - milk.", {"N": 3, "quantifier": "at least"}),
)
def validate_word_constraint(response: str, *, N: Amounts, quantifier: str) -> Outcome:
    """A dash, a bullet or another mark between spaces is no word."""
    return compared(len(reader.words(response)), quantifier, N, "words", slack=a_tenth(N))


@meaning(
    "count:word_count_range",
    (True, "It's a dog.", {"min_words": 3, "max_words": 3}),
    (False, "It's a dog.", {"min_words": 4, "max_words": 5}),
)
def word_count_range(
    response: str, *, min_words: Number, max_words: Annotated[Number, AfterValidator(from_least)]
) -> Outcome:
    """One word each: "don't", "well-known", "3.5"."""
    count = len(reader.words(response))
    return Outcome(min_words <= count <= max_words, f"{count} words, asked for {min_words} to {max_words}")


@meaning(
    "count:unique_word_count",
    (True, "Tea, milk.", {"N": 2}),
    (False, "Tea - tea’s tea.", {"N": 3}),
)
def unique_word_count(response: str, *, N: Number) -> Outcome:
    """A mark that stands alone is no word."""
    found = {reader.fold(word) for word in reader.words(response)}
    return compare(len(found), "at least", N, "different words")


@meaning(
    "words:repeats",
    (True, "Tea, “tea”.", {"small_n": 2}),
    (False, "Tea, “tea”, tea—tea.", {"small_n": 2}),
)
def repeats(response: str, *, small_n: Number) -> Outcome:
    """Curly quotation marks and dashes are no part of a word."""
    counts = Counter(reader.fold(word) for word in reader.words(response))
    ((word, times),) = counts.most_common(1) or [("", 0)]
    return Outcome(times <= small_n, f'"{word}" {times} times, asked for at most {small_n}')


@meaning(
    "count:count_unique",
    (True, "One tea, please!", {}),
    (False, "The tea from the pot", {}),
    (False, "Tea is the best, The best.", {}),
)
def count_unique(response: str) -> Outcome:
    """ "The" and "the" are the same word, and "don't" is one."""
    counts = Counter(map(reader.fold, reader.tokens(response)))
    again = next((token for token, times in counts.items() if times > 1), None)
    return said(again is None, f"{len(counts)} words and marks, all different", f'"{again}" is used twice')


@meaning(
    "length_constraints:number_sentences",
    (True, "She said “No.” Then she left.", {"num_sentences": 2, "relation": "at least"}),
    (False, "1. Tea is hot. 2. Milk is cold.", {"num_sentences": 3, "relation": "at least"}),
)
def number_sentences(response: str, *, num_sentences: Count, relation: Relation) -> Outcome:
    """A curly quote after the mark closes the sentence, too; without a letter or digit there is none."""
    return compare(len(reader.sentences(response)), relation, num_sentences, "sentences")


@meaning(
    "rlvr:verify_sentence_constraint",
    (True, "“We won!” Dr. Lee said. We did.", {"N": 2, "quantifier": "at least"}),
    (False, "Tea.  Milk.", {"N": 3, "quantifier": "at least"}),
)
def verify_sentence_constraint(response: str, *, N: Amounts, quantifier: str) -> Outcome:
    """As IFEval's sentences: a mark before a closing quote ends one, "Dr." doesn't."""
    return compared(len(reader.sentences(response)), quantifier, N, "sentences", slack=1)


@meaning(
    "change_case:capital_word_frequency",
    (True, "DON'T go.", {"capital_frequency": 2, "capital_relation": "less than"}),
    (False, "It said Open.", {"capital_frequency": 1, "capital_relation": "at least"}),
)
def capital_word_frequency(response: str, *, capital_frequency: Count, capital_relation: Relation) -> Outcome:
    """ "DON'T" is one word, and a dash or slash between two words separates them."""
    return compare(in_capitals(response), capital_relation, capital_frequency, "words in capitals")


@meaning(
    "rlvr:validate_frequency_capital_words",
    (True, "DON'T", {"N": 1, "quantifier": "at most"}),
    (False, "Don't", {"N": 1, "quantifier": "at least"}),
)
def validate_frequency_capital_words(response: str, *, N: Amounts, quantifier: str) -> Outcome:
    """ "DON'T" and "U.S." are one word each."""
    return compared(in_capitals(response), quantifier, N, "words in capitals", slack=a_tenth(N))


@meaning(
    "count:lowercase_counting",
    (True, "It ISN'T well-known", {"N": 1}),
    (False, "a café", {"N": 1}),
)
def lowercase_counting(response: str, *, N: Amount) -> Outcome:
    """ "isn't", "well-known" and "café" are one word each."""
    found = sum(map(str.islower, reader.words(response)))
    return Outcome(found <= N, f"{found} words in lowercase letters, asked for at most {N}")


@meaning(
    "letters:letter_counting",
    (True, "é", {"N": 1, "relation": "at least"}),
    (False, "12", {"N": 1, "relation": "at least"}),
)
def letter_counting(response: str, *, N: Amount, relation: Relation) -> Outcome:
    """A letter with an accent is a letter."""
    found = len(_LATIN.findall(response))
    passed = found >= N if relation == "at least" else found < N
    return Outcome(passed, f"{found} letters, asked for {relation} {N}")


@meaning(
    "count:numbers",
    (True, "1,000 cups at 3.5 each", {"N": 2}),
    (False, "1-2 cups", {"N": 1}),
)
def numbers(response: str, *, N: Number) -> Outcome:
    """ "1,000" and "3.5" are one number each, "1-2" is two."""
    return exactly(len(_NUMBER.findall(response)), N, "numbers")


@meaning(
    "count:conjunctions",
    (True, "Tea and milk, or water.", {"small_n": 2}),
    (False, "And tea and milk and, well, water.", {"small_n": 2}),
)
def conjunctions(response: str, *, small_n: Number) -> Outcome:
    """ "and", "And" and "and," are the same conjunction."""
    found = CONJUNCTIONS.intersection(map(reader.fold, reader.words(response)))
    return compare(len(found), "at least", small_n, "different conjunctions")


@meaning(
    "count:person_names",
    (True, "Mary met Juan.", {"N": 2}),
    (False, "Emma met Emma.", {"N": 2}),
)
def person_names(response: str, *, N: Number) -> Outcome:
    """Several hundred common first names count, not only the benchmark's fifty."""
    found = {re.sub(r"['’]s$", "", word) for word in reader.words(response)} & (FIFTY_NAMES | NAMES)
    return compare(len(found), "at least", N, "known names")


@meaning(
    "count:punctuation",
    (True, "Tea, milk; or: what?! No! Yes? Fine.", {}),
    (False, "Tea, milk; or: what?! No?! Fine.", {}),
)
def punctuation(response: str) -> Outcome:
    """The marks of no interrobang count, however many there are."""
    rest, interrobangs = _INTERROBANG.subn(" ", response)
    missing = [mark for mark in ".,!?;:" if mark not in rest]
    if not interrobangs:
        return Outcome(False, "no interrobang")
    return said(not missing, "every mark is used", f"no {' '.join(missing)}")


@meaning(
    "count:words_japanese",
    (True, "I drink お茶", {"N": 3}),
    (False, "I drink teaお", {"N": 3}),
    (False, "Tea", {"N": 3}),
)
def words_japanese(response: str, *, N: Position) -> Outcome:
    """There are at least N words, and the whole of each word that is due is Japanese."""
    found = [word for word in map(bare, response.split()) if word]
    due = found[N - 1 :: N]
    if not due:
        return Outcome(False, f"{len(found)} words, no word {N}")
    wrong = next((word for word in due if not all(map(JAPANESE.match, reader.letters(word) or "x"))), None)
    return said(wrong is None, f"all {len(due)} are Japanese", f'"{wrong}" is not Japanese')
