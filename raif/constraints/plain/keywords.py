"""Words that have to occur, so many times or not at all: whole words, taken literally."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from raif.constraints.iftrain.common import FirstOf, Frequency
from raif.constraints.iftrain.keywords import Deciding
from raif.constraints.iftrain.older_words import Number
from raif.constraints.kind import Count, Outcome, Relation, Text, compare, exactly
from raif.constraints.plain.common import meaning, occurrences
from raif.constraints.wording import joined

Words = Annotated[list[Text], Field(min_length=1)]
_TIMES = (1, 2, 3, 5, 7)


def _all_there(words: Sequence[str], response: str) -> Outcome:
    missing = [word for word in words if not occurrences(word, response)]
    return Outcome(not missing, f"no {joined(missing, 'en')}" if missing else "all keywords found")


def _none_there(words: Sequence[str], response: str) -> Outcome:
    used = [word for word in words if occurrences(word, response)]
    return Outcome(not used, f"contains {joined(used, 'en')}" if used else "no forbidden word")


def _counted(word: str, response: str) -> tuple[int, str]:
    return occurrences(word, response), f'times the word "{word.strip()}"'


@meaning(
    "keywords:existence",
    (True, "I write C++.", {"keywords": ["c++"]}),
    (False, "A teapot.", {"keywords": ["tea"]}),
)
def existence(response: str, *, keywords: Words) -> Outcome:
    """Keywords are whole words and literal: "tea" is not in "teapot", and `C++` is no regular expression."""
    return _all_there(keywords, response)


@meaning(
    "rlvr:verify_keywords",
    (True, "The sun and the moon.", {"keyword_list": ["Sun", "moon"]}),
    (False, "A sunny moon.", {"keyword_list": ["sun"]}),
)
def verify_keywords(response: str, *, keyword_list: Words) -> Outcome:
    """Keywords are whole words: "sun" is not in "sunny"."""
    return _all_there(keyword_list, response)


@meaning(
    "keywords:forbidden_words",
    (True, "You can't win $1000.", {"forbidden_words": ["can", "$100"]}),
    (False, "I know C++.", {"forbidden_words": ["C++"]}),
)
def forbidden_words(response: str, *, forbidden_words: Words) -> Outcome:
    """Words are literal, also with marks at their ends, as in `C++`; "can't" is not the word "can"."""
    return _none_there(forbidden_words, response)


@meaning(
    "rlvr:validate_forbidden_words",
    (True, "You cannot.", {"forbidden_words": ["can"]}),
    (False, "You can.", {"forbidden_words": ["can"]}),
)
def validate_forbidden_words(response: str, *, forbidden_words: Words) -> Outcome:
    """Words are whole words: "can" is not in "cannot"."""
    return _none_there(forbidden_words, response)


@meaning(
    "keywords:exclude_word_harder",
    (True, "A teapot.", {"keyword": "tea"}),
    (False, "I like Tea.", {"keyword": "tea"}),
)
def exclude_word_harder(
    response: str, *, keyword: Text | None = None, instruction: Deciding = None
) -> Outcome:
    """The word counts in any case, next to punctuation, and at both ends of the text."""
    word = keyword or (instruction or "").split()[0]
    return _none_there([word], response)


@meaning(
    "keywords:frequency",
    (True, "Tea, no teapots.", {"keyword": "tea", "frequency": 2, "relation": "less than"}),
    (False, "Tea in a teapot.", {"keyword": "tea", "frequency": 2, "relation": "at least"}),
)
def frequency(response: str, *, keyword: Text, frequency: Count, relation: Relation) -> Outcome:
    """Counts whole words, taken literally."""
    found, noun = _counted(keyword, response)
    return compare(found, relation, frequency, noun)


@meaning(
    "keywords:word_count_different_numbers",
    (True, "Tea in a teapot.", {"keyword": "tea", "frequency": 2, "relation": "less than"}),
    (False, "Tea in a teapot.", {"keyword": "tea", "frequency": 2, "relation": "at least"}),
)
def word_count_different_numbers(
    response: str, *, keyword: Text, frequency: Frequency, relation: Relation
) -> Outcome:
    """Counts whole words, taken literally."""
    found, noun = _counted(keyword, response)
    return compare(found, relation, frequency, noun)


@meaning(
    "keywords:word_once",
    (True, "Tea from a teapot.", {"keyword": "tea"}),
    (False, "A teapot.", {"keyword": "tea"}),
)
def word_once(response: str, *, keyword: Text) -> Outcome:
    """Counts whole words, taken literally."""
    found, noun = _counted(keyword, response)
    return exactly(found, 1, noun)


@meaning(
    "rlvr:verify_keyword_frequency",
    (True, "I don't know.", {"word": "don't", "N": 1}),
    (False, "I do.", {"word": "don't", "N": 1}),
)
def verify_keyword_frequency(response: str, *, word: Text, N: Number) -> Outcome:
    """Words with an apostrophe or a hyphen, and phrases, are counted like all others."""
    found, noun = _counted(word, response)
    return exactly(found, N, noun)


@meaning(
    "count:count_increment_word",
    (True, "Red, blue, blue, bluebell.", {"keyword1": "red", "keyword2": "blue"}),
    (False, "Redder, blue, blue.", {"keyword1": "red", "keyword2": "blue"}),
)
def count_increment_word(response: str, *, keyword1: FirstOf, keyword2: FirstOf) -> Outcome:
    """Counts whole words, taken literally. Of a list, as upstream's data has it, the first item counts."""
    once, twice = occurrences(keyword1, response), occurrences(keyword2, response)
    found = f'{once} times "{keyword1.strip()}" and {twice} times "{keyword2.strip()}", asked for 1 and 2'
    return Outcome((once, twice) == (1, 2), found)


@meaning(
    "count:keywords_multiple",
    (
        True,
        "a" + " b" * 2 + " c" * 3 + " d" * 5 + " e" * 7,
        {f"keyword{n}": word for n, word in enumerate("abcde", 1)},
    ),
    (
        False,
        "tea" + " b" * 2 + " c" * 3 + " d" * 5 + " e" * 7,
        {f"keyword{n}": word for n, word in enumerate("abcde", 1)},
    ),
)
def keywords_multiple(
    response: str, *, keyword1: Text, keyword2: Text, keyword3: Text, keyword4: Text, keyword5: Text
) -> Outcome:
    """Counts whole words."""
    keywords = (keyword1, keyword2, keyword3, keyword4, keyword5)
    for keyword, times in zip(keywords, _TIMES, strict=True):
        if (found := occurrences(keyword, response)) != times:
            return exactly(found, times, f'times the word "{keyword}"')
    return Outcome(True, "every keyword as often as asked")
