"""What the training kinds share: types of kwargs, and what they are not asked together with."""

from __future__ import annotations

import random
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from raif.constraints.kind import CASES, COUNTS, PROSE, Material, Text, pattern

WHOLE = frozenset(
    {
        "combination:two_responses",
        "combination:repeat_prompt",
        "detectable_format:constrained_response",
        "detectable_format:json_format",
    }
)
"""IFEval's kinds that decide the form of the whole response: no training kind is asked together with them."""
IFEVAL = (
    CASES
    | COUNTS
    | PROSE
    | WHOLE
    | {
        "keywords:existence",
        "keywords:forbidden_words",
        "language:response_language",
        "punctuation:no_comma",
    }
)
COPIES = frozenset({"copy:copy", "copy:copying_simple", "copy:copying_multiple", "new:copy_span_idx"})
TRAINING = COPIES | {
    "copy:repeat_phrase",
    "count:count_increment_word",
    "count:count_unique",
    "count:counting_composition",
    "count:lowercase_counting",
    "detectable_format:bigram_wrapping",
    "detectable_format:sentence_hyphens",
    "detectable_format:square_brackets",
    "first_word:first_word_answer",
    "first_word:first_word_sent",
    "keywords:exclude_word_harder",
    "keywords:keyword_specific_position",
    "keywords:no_adjacent_consecutive",
    "keywords:palindrome",
    "keywords:start_end",
    "keywords:word_count_different_numbers",
    "keywords:word_once",
    "last_word:last_word_answer",
    "last_word:last_word_sent",
    "letters:letter_counting",
    "letters:letter_counting2",
    "paragraphs:paragraphs",
    "paragraphs:paragraphs2",
    "punctuation:punctuation_dot",
    "punctuation:punctuation_exclamation",
}
WRAPPED = frozenset({"detectable_format:bigram_wrapping", "detectable_format:square_brackets"})
"""Marks stand around every word, so that no other mark can come first or last."""


def _drawn_if_zero(value: float) -> float:
    if not value:
        raise ValueError("upstream replaces 0 with a random number")
    return value


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


Pattern = Annotated[Text, pattern(str.strip)]
"""A keyword that upstream takes for a regular expression."""
Amount = Annotated[int | float, Field(allow_inf_nan=False), AfterValidator(_drawn_if_zero)]
Frequency = Annotated[int | float, Field(ge=0, allow_inf_nan=False)]
Index = Annotated[int, AfterValidator(_drawn_if_zero)]
FirstOf = Annotated[Text, BeforeValidator(_first)]
"""A word. Upstream's data has lists, whose first item counts."""


def no_kwargs(rng: random.Random, material: Material) -> dict[str, Any]:
    """The draw of a kind that takes none."""
    return {}


def single(rng: random.Random, material: Material) -> str:
    """A topic word without spaces and marks."""
    words = [word for word in material.words if word.isalnum()]
    return rng.choice(words or ["今天" if material.language == "zh" else "today"])


def two(rng: random.Random, material: Material) -> list[str]:
    """Two words, neither within the other."""
    words = [*filter(str.isalnum, material.words), *Material(material.language).words]
    one = rng.choice(words)
    others = [word for word in words if word.lower() not in one.lower() and one.lower() not in word.lower()]
    return [one, rng.choice(others)]
