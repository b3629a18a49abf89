"""Our table of conflicts keeps apart all that IFEval's does."""

from __future__ import annotations

import pytest

from raif.constraints.satisfiable import conflicting

KEYWORDS = {f"keywords:{name}" for name in ("existence", "frequency", "forbidden_words", "letter_frequency")}
LENGTHS = {f"length_constraints:{name}" for name in ("number_sentences", "number_paragraphs", "number_words")}
FORMATS = {
    f"detectable_format:{name}"
    for name in ("number_bullet_lists", "number_highlighted_sections", "multiple_sections", "title")
}
CASES = {f"change_case:english_{name}" for name in ("capital", "lowercase")}
FIRST_WORD, LANGUAGE = "length_constraints:nth_paragraph_first_word", "language:response_language"
TWO, REPEAT = "combination:two_responses", "combination:repeat_prompt"
ONE_OF_THREE, JSON = "detectable_format:constrained_response", "detectable_format:json_format"
CAPITALS, COMMA = "change_case:capital_word_frequency", "punctuation:no_comma"
END, QUOTED = "startend:end_checker", "startend:quotation"
CONTENT = {"detectable_content:number_placeholders", "detectable_content:postscript"}
ALL = KEYWORDS | LENGTHS | FORMATS | CASES | CONTENT
ALL |= {FIRST_WORD, LANGUAGE, TWO, REPEAT, ONE_OF_THREE, JSON, CAPITALS, COMMA, END, QUOTED}

# The registry of the official checker: each kind with those that it is not combined with.
OFFICIAL = {
    LANGUAGE: (KEYWORDS - {"keywords:letter_frequency"})
    | CASES
    | {"detectable_format:multiple_sections", END},
    "length_constraints:number_paragraphs": {FIRST_WORD, "length_constraints:number_sentences"},
    ONE_OF_THREE: ALL,
    "detectable_format:multiple_sections": {LANGUAGE, "detectable_format:number_highlighted_sections"},
    JSON: ALL - {"keywords:forbidden_words", "keywords:existence"},
    TWO: ALL - {"keywords:forbidden_words", "keywords:existence", LANGUAGE, "detectable_format:title", COMMA},
    REPEAT: ALL - {"keywords:existence", "detectable_format:title", COMMA},
    CAPITALS: CASES,
    "change_case:english_lowercase": {"change_case:english_capital"},
    QUOTED: {"detectable_format:title"},
}
PAIRS = sorted({tuple(sorted((one, other))) for one, others in OFFICIAL.items() for other in others | {one}})


def test_table_is_the_official_one() -> None:
    assert len(ALL) == 25
    assert sum(one != other for one, other in PAIRS) == 94


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_pair_that_ifeval_keeps_apart_is_kept_apart(one: str, other: str) -> None:
    assert conflicting(one, other)
