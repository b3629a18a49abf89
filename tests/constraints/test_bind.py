from typing import Any

import pytest

from raif.constraints import KINDS
from raif.errors import ConstraintError


def refusal(id: str, kwargs: dict[str, Any]) -> str:
    with pytest.raises(ConstraintError) as caught:
        KINDS[id].bind(kwargs)
    return str(caught.value)


def test_none_is_dropped_and_zero_kept() -> None:
    kwargs = {"num_words": 0, "relation": "at least", "language": None}
    assert KINDS["length_constraints:number_words"].bind(kwargs) == {"num_words": 0, "relation": "at least"}


def test_unknown_kwarg_is_named_with_the_nearest() -> None:
    said = refusal("length_constraints:number_words", {"num_word": 3, "num_words": 3, "relation": "at least"})
    assert "unknown kwarg 'num_word'" in said
    assert "Did you mean 'num_words'?" in said


def test_kwarg_of_a_kind_that_takes_none_is_refused() -> None:
    assert "It takes none" in refusal("punctuation:no_comma", {"n": 1})


def test_missing_kwarg_is_named() -> None:
    assert "'relation' is missing" in refusal("length_constraints:number_words", {"num_words": 3})


def test_unknown_id_is_named_with_the_nearest() -> None:
    with pytest.raises(ConstraintError, match="Did you mean 'punctuation:no_comma'"):
        KINDS["punctuation:no_commas"]


@pytest.mark.parametrize(
    ("id", "kwargs"),
    [
        ("length_constraints:number_words", {"num_words": -1, "relation": "at least"}),
        ("length_constraints:number_words", {"num_words": "3", "relation": "at least"}),
        ("length_constraints:number_words", {"num_words": True, "relation": "at least"}),
        ("length_constraints:number_words", {"num_words": 3, "relation": "at most"}),
        ("keywords:existence", {"keywords": []}),
        ("keywords:existence", {"keywords": "cat"}),
        ("keywords:existence", {"keywords": ["(cat"]}),
        ("keywords:frequency", {"keyword": "*", "frequency": 1, "relation": "at least"}),
        ("keywords:forbidden_words", {"forbidden_words": ["a["]}),
        ("keywords:letter_frequency", {"letter": "ab", "let_frequency": 1, "let_relation": "at least"}),
        ("language:response_language", {"language": "xx"}),
        ("detectable_content:postscript", {"postscript_marker": "(P"}),
        ("detectable_format:multiple_sections", {"section_spliter": "(", "num_sections": 1}),
        ("combination:repeat_prompt", {"prompt_to_repeat": ""}),
        (
            "length_constraints:nth_paragraph_first_word",
            {"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "a"},
        ),
    ],
)
def test_what_upstream_would_replace_or_raise_on_is_refused(id: str, kwargs: dict[str, Any]) -> None:
    assert id in refusal(id, kwargs)
