"""Upper and lower case. Chinese has none: asked in Chinese, the case of English words is meant."""

from __future__ import annotations

import random
from typing import Any

from raif.constraints.kind import Count, Example, Material, Outcome, Relation, compare, draw_bound, kind
from raif.text import capital_tokens, detect


def _draw_capitals(rng: random.Random, material: Material) -> dict[str, Any]:
    relation, bound = draw_bound(rng, at_least=(2, 6), less_than=(3, 8))
    return {"capital_frequency": bound, "capital_relation": relation}


@kind(
    "change_case:capital_word_frequency",
    wordings={
        "en": (
            "Write {capital_relation} {capital_frequency:word} in nothing but capitals.",
            "Put {capital_relation} {capital_frequency:word} entirely in capitals.",
            "I want to see {capital_relation} {capital_frequency:word} in ALL CAPS.",
            "Have {capital_relation} {capital_frequency:word} that are all capitals.",
            "Set {capital_relation} {capital_frequency:word} in capital letters.",
        ),
        "zh": (
            "全部字母大写的英文单词，个数应{capital_relation}{capital_frequency}个。",
            "全大写的英文单词或缩写（例如 GDP）在回答中应为{capital_relation}{capital_frequency}个。",
            "回答中全大写的英文单词，出现次数应{capital_relation}{capital_frequency}次。",
            "整词大写的英文单词，要{capital_relation}{capital_frequency}个。",
            "英文单词里全部大写的，数目{capital_relation}{capital_frequency}个。",
        ),
    },
    draw=_draw_capitals,
    # "Less than" can't be met in capitals, "at least" can't be met in lower case.
    conflicts=frozenset({"change_case:english_capital", "change_case:english_lowercase"}),
    examples=(
        Example(True, "I said NO.", {"capital_frequency": 2, "capital_relation": "at least"}),
        Example(False, "I said NO.", {"capital_frequency": 2, "capital_relation": "less than"}),
    ),
)
def capital_word_frequency(response: str, *, capital_frequency: Count, capital_relation: Relation) -> Outcome:
    """Counts NLTK's word tokens in capital letters. `I` and `U.S.` count; `A-B` counts once."""
    return compare(capital_tokens(response), capital_relation, capital_frequency, "words in capitals")


@kind(
    "change_case:english_capital",
    wordings={
        "en": (
            "Answer in English, and write every word of it in capitals.",
            "Write in English and use capital letters only.",
            "Answer in English with every letter capitalized.",
            "In English, please, and with nothing but capital letters.",
            "I need this in English and in capitals from the first word to the last.",
        ),
        "zh": (
            "请全部用英文回答，并且所有字母都要大写。",
            "整个回答必须是英文，只使用大写字母。",
            "请用英文作答，每个字母都写成大写。",
            "用英文写，字母一律大写。",
            "回答用英文，从头到尾都用大写字母。",
        ),
    },
    draw=lambda rng, material: {},
    conflicts=frozenset({"change_case:english_lowercase"}),
    examples=(
        Example(True, "THIS IS A VERY GOOD DAY FOR ALL OF THE PEOPLE WHO LIVE HERE.", {}),
        Example(False, "This is a very good day for all of the people who live here.", {}),
    ),
)
def english_capital(response: str) -> Outcome:
    """Some letters, all of them capitals, and the language is detected as English or not at all."""
    return _english(response) if response.isupper() else Outcome(False, "not all in capital letters")


@kind(
    "change_case:english_lowercase",
    wordings={
        "en": (
            "Answer in English, and keep every letter small, names included.",
            "Write in English and use lowercase letters only; no capital letters are allowed.",
            "Answer in English without a single capital letter.",
            "In English, please, and without capitals, even at the start of a sentence.",
            "I need this in English and in small letters from the first word to the last.",
        ),
        "zh": (
            "请全部用英文回答，并且所有字母都要小写。",
            "整个回答必须是英文，只使用小写字母，不得出现大写字母。",
            "请用英文作答，一个大写字母都不要用。",
            "用英文写，字母一律小写。",
            "回答用英文，从头到尾都用小写字母。",
        ),
    },
    draw=lambda rng, material: {},
    examples=(
        Example(True, "this is a very good day for all of the people who live here.", {}),
        Example(False, "This is a very good day for all of the people who live here.", {}),
    ),
)
def english_lowercase(response: str) -> Outcome:
    """Some letters, all of them lower case, and the language is detected as English or not at all."""
    return _english(response) if response.islower() else Outcome(False, "not all in lowercase letters")


def _english(response: str) -> Outcome:
    found = detect(response)
    return Outcome(found in (None, "en"), f"case as asked, language {found or 'unknown'}")
