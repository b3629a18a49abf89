"""Which words a response uses, how often, and what neighbouring words begin with."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationInfo

from raif.constraints.iftrain.common import WHOLE, Frequency, Pattern, no_kwargs, two
from raif.constraints.kind import (
    Example,
    Material,
    Outcome,
    Relation,
    Text,
    compare,
    draw_bound,
    exactly,
    kind,
)
from raif.text.search import count

_RED = {"keyword1": "red", "keyword2": "blue"}


def _times(keyword: str, response: str) -> int:
    return count("findall", keyword.strip(), response, re.IGNORECASE)


def _draw_frequency(rng: random.Random, material: Material) -> dict[str, Any]:
    relation, frequency = draw_bound(rng, at_least=(1, 3), less_than=(1, 3))
    return {"keyword": rng.choice(material.words), "frequency": frequency, "relation": relation}


def _draw_two(rng: random.Random, material: Material) -> dict[str, Any]:
    one, other = two(rng, material)
    return {"keyword1": one, "keyword2": other}


def _decides(instruction: str | None, info: ValidationInfo) -> str | None:
    """Without a keyword, upstream draws a word of the instruction."""
    if not info.data.get("keyword", True) and len({*(instruction or "").split()}) != 1:
        raise ValueError("without a keyword, it must be one word: upstream draws one of its words")
    return instruction


Deciding = Annotated[str | None, AfterValidator(_decides)]
"""The word that is meant where no keyword is given."""


@kind(
    "keywords:word_once",
    wordings={
        "en": (
            'Use "{keyword}" exactly once in your response.',
            'The keyword "{keyword}" must occur once, and only once.',
            'Mention "{keyword}" a single time.',
        ),
        "zh": (
            "“{keyword}”在回答中恰好出现一次。",
            "回答必须包含“{keyword}”，且只出现一次。",
            "请提到“{keyword}”，但只提一次。",
        ),
    },
    draw=lambda rng, material: {"keyword": rng.choice(material.words)},
    conflicts=WHOLE,
    examples=(
        Example(True, "One cat sat there.", {"keyword": "Cat"}),
        Example(False, "Cats and a cat sat there.", {"keyword": "cat"}),
    ),
)
def word_once(response: str, *, keyword: Pattern) -> Outcome:
    """Counts matches of the keyword as a regex, in any case, also within words."""
    return exactly(_times(keyword, response), 1, f'times "{keyword.strip()}"')


@kind(
    "keywords:word_count_different_numbers",
    wordings={
        "en": (
            'Have "{keyword}" appear {relation} {frequency:time}.',
            'Include "{keyword}" {relation} {frequency:time} in what you write.',
            'Make sure that "{keyword}" is found {relation} {frequency:time} in your answer.',
        ),
        "zh": (
            "“{keyword}”出现的次数要{relation}{frequency}次。",
            "回答里“{keyword}”的次数要{relation}{frequency}次。",
            "请把“{keyword}”用上{relation}{frequency}次。",
        ),
    },
    draw=_draw_frequency,
    conflicts=WHOLE,
    examples=(
        Example(True, "Tea, more tea.", {"keyword": "tea", "frequency": 2, "relation": "at least"}),
        Example(False, "Tea, more tea.", {"keyword": "tea", "frequency": 2, "relation": "less than"}),
    ),
)
def word_count_different_numbers(
    response: str, *, keyword: Pattern, frequency: Frequency, relation: Relation
) -> Outcome:
    """The same check as `keywords:frequency`. Upstream's own wording doesn't say the relation."""
    return compare(_times(keyword, response), relation, frequency, f'times "{keyword.strip()}"')


@kind(
    "keywords:exclude_word_harder",
    wordings={
        "en": (
            'Do not use the word "{keyword}".',
            'The word "{keyword}" must not occur in your answer.',
            'Leave out "{keyword}" in everything you write.',
        ),
        "zh": (
            "回答中不要出现“{keyword}”。",
            "请完全避开“{keyword}”这个词。",
            "全文不得使用“{keyword}”。",
        ),
    },
    draw=lambda rng, material: {"keyword": rng.choice(material.words)},
    conflicts=WHOLE,
    examples=(
        Example(True, "Hot teas.", {"keyword": "tea"}),
        Example(False, "Hot tea here.", {"keyword": "tea"}),
        Example(True, "Tea here. Hot tea.", {"keyword": "tea"}),
    ),
)
def exclude_word_harder(
    response: str,
    *,
    keyword: Text | None = None,
    instruction: Deciding = None,
) -> Outcome:
    """Only finds the word between two spaces and in the same case, so not next to punctuation."""
    word = (keyword or (instruction or "").split()[0]).strip()
    return Outcome(f" {word} " not in response, f'asked for no "{word}" between spaces')


@kind(
    "keywords:palindrome",
    wordings={
        "en": (
            "Include a palindrome in your answer, with spaces around it.",
            "Between two spaces, have a word of three letters or more that reads the same backwards.",
            "Use a word that is a palindrome, such as noon, without punctuation next to it.",
        ),
        "zh": (
            "回答中要有一个至少三个字的回文，例如“看一看”。",
            "请用上一处回文：三个字以上，正着读和倒着读都一样。",
            "回答须包含顺读倒读相同的词语，至少三个字。",
        ),
    },
    draw=no_kwargs,
    conflicts=WHOLE,
    examples=(Example(True, "At noon we left.", {}), Example(False, "We left by noon.", {})),
)
def palindrome(response: str) -> Outcome:
    """What stands between white space, in the same case, with its punctuation. One character counts."""
    found = next((word for word in response.split() if word == word[::-1]), None)
    return Outcome(found is not None, f'"{found}" is a palindrome' if found else "no palindrome")


@kind(
    "keywords:no_adjacent_consecutive",
    wordings={
        "en": (
            "No word may begin with the letter of the alphabet that follows the first letter of the word "
            "before it.",
            "Two words in a row must not start with consecutive letters of the alphabet, such as a and b.",
            "Avoid neighbouring words whose first letters follow each other in the alphabet.",
        ),
        "zh": (
            "请用英文回答，任何一个单词的首字母都不能是前一个单词首字母在字母表中的下一个字母。",
            "用英文写，相邻两个单词的首字母不得在字母表里前后相连，例如 a 和 b。",
            "回答用英文，避免相邻单词以连续的字母开头。",
        ),
    },
    draw=no_kwargs,
    conflicts=WHOLE,
    examples=(Example(True, "Big apples are sweet.", {}), Example(False, "A big apple.", {})),
)
def no_adjacent_consecutive(response: str) -> Outcome:
    """First characters in lower case, punctuation and digits too. Only ascending: `b a` passes."""
    for one, other in pairwise(response.split()):
        first, second = one[0].lower(), other[0].lower()
        if len(first) != 1 or len(second) != 1 or ord(second) - ord(first) == 1:
            return Outcome(False, f'"{one} {other}" begin with {first} and {second}')
    return Outcome(True, "no neighbours with consecutive first letters")


@kind(
    "count:count_increment_word",
    wordings={
        "en": (
            'Use "{keyword1}" once and "{keyword2}" twice.',
            'Mention "{keyword1}" exactly once and "{keyword2}" exactly two times.',
            'In your answer, "{keyword1}" occurs one time and "{keyword2}" two times.',
        ),
        "zh": (
            "“{keyword1}”恰好出现一次，“{keyword2}”恰好出现两次。",
            "请在回答中用一次“{keyword1}”，用两次“{keyword2}”。",
            "回答里“{keyword1}”只出现一次，“{keyword2}”正好两次。",
        ),
    },
    draw=_draw_two,
    conflicts=WHOLE | {"count:count_unique"},
    examples=(
        Example(True, "A red and a blue, blue door.", _RED),
        Example(False, "A red and a blue door.", _RED),
        Example(False, "A red or reddish and a blue, blue door.", _RED),
    ),
)
def count_increment_word(response: str, *, keyword1: Pattern, keyword2: Pattern) -> Outcome:
    """Counts matches of the keywords as regexes, in any case, also within words.

    Upstream's data gives each keyword as a list of one, with which its own checker raises.
    """
    once, twice = _times(keyword1, response), _times(keyword2, response)
    return Outcome(
        (once, twice) == (1, 2),
        f'{once} times "{keyword1.strip()}" and {twice} times "{keyword2.strip()}", asked for 1 and 2',
    )
