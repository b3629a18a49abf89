"""Capital and small letters. Asked in English only: Chinese has no case."""

from __future__ import annotations

import random
from typing import Any

from raif.constraints.kind import Count, Example, Material, Outcome, Relation, compare, draw_bound, kind
from raif.text import capital_tokens, detect


def _draw_capitals(rng: random.Random, material: Material) -> dict[str, Any]:
    """At least 2 to 6, or less than 3 to 8."""
    relation, bound = draw_bound(rng, at_least=(2, 6), less_than=(3, 8))
    return {"capital_frequency": bound, "capital_relation": relation}


@kind(
    "change_case:capital_word_frequency",
    wordings={
        "en": (
            "Words in all capital letters should appear {capital_relation} {capital_frequency:time}.",
            "Use {capital_relation} {capital_frequency:word} in all capital letters.",
            "Your response should have {capital_relation} {capital_frequency:word} written in ALL CAPS.",
        ),
    },
    draw=_draw_capitals,
    # "Less than" can't be met in capitals, "at least" can't in small letters.
    conflicts=frozenset({"change_case:english_capital", "change_case:english_lowercase"}),
    examples=(
        Example(True, "I said NO.", {"capital_frequency": 2, "capital_relation": "at least"}),
        Example(False, "I said NO.", {"capital_frequency": 2, "capital_relation": "less than"}),
    ),
)
def capital_word_frequency(response: str, *, capital_frequency: Count, capital_relation: Relation) -> Outcome:
    return compare(capital_tokens(response), capital_relation, capital_frequency, "words in capitals")


@kind(
    "change_case:english_capital",
    wordings={
        "en": (
            "Your entire response should be in English, and in all capital letters.",
            "Write in English and use capital letters only.",
            "Answer in English with every letter capitalized.",
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
    return _english(response) if response.isupper() else Outcome(False, "not all in capital letters")


@kind(
    "change_case:english_lowercase",
    wordings={
        "en": (
            "Your entire response should be in English, and in all lowercase letters.",
            "Write in English and use lowercase letters only; no capital letters are allowed.",
            "Answer in English without a single capital letter.",
        ),
    },
    draw=lambda rng, material: {},
    examples=(
        Example(True, "this is a very good day for all of the people who live here.", {}),
        Example(False, "This is a very good day for all of the people who live here.", {}),
    ),
)
def english_lowercase(response: str) -> Outcome:
    return _english(response) if response.islower() else Outcome(False, "not all in lowercase letters")


def _english(response: str) -> Outcome:
    found = detect(response)
    return Outcome(found in (None, "en"), f"case as asked, language {found or 'not to be told'}")
