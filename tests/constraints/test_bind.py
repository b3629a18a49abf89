from typing import Any

import numpy as np
import pytest

from raif.constraints import KINDS, find
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


WORDS = {"num_words": 1, "relation": "at least"}


def test_equal_values_of_another_type_are_validated_on_their_own() -> None:
    kind = KINDS["length_constraints:number_words"]
    assert kind.bind(WORDS) == WORDS
    for value in (True, 1.0):
        assert "num_words" in refusal(kind.id, WORDS | {"num_words": value})
    assert kind.bind(WORDS) == WORDS


def test_kwargs_that_change_are_bound_as_they_are_now() -> None:
    kind, kwargs = KINDS["keywords:existence"], {"keywords": ["tea"]}
    kind.bind(kwargs)
    kwargs["keywords"].append("milk")
    assert kind.bind(kwargs) == {"keywords": ["tea", "milk"]}


def test_what_a_caller_does_to_bound_kwargs_changes_no_others() -> None:
    kind, kwargs = KINDS["keywords:existence"], {"keywords": ["tea"]}
    for _ in range(3):
        kind.bind(kwargs)["keywords"].append("milk")
    assert kind.bind(kwargs) == kwargs == {"keywords": ["tea"]}


def test_kwargs_that_repeat_are_bound_by_each_meaning_of_a_kind() -> None:
    kwargs = {"keywords": ["(cat"]}
    assert "not a valid regular expression" in refusal("keywords:existence", kwargs)
    assert find("keywords:existence", "raif").bind(kwargs) == kwargs
    assert "not a valid regular expression" in refusal("keywords:existence", kwargs)


def test_numbers_of_numpy_are_never_taken_for_others() -> None:
    kind, kwargs = find("length_constraints:number_words", "ifeval"), WORDS | {"num_words": np.int64(1)}
    kind.bind(WORDS)
    for _ in range(2):
        with pytest.raises(ConstraintError, match=r"np\.int64\(1\)"):
            kind.bind(kwargs)


def test_only_so_many_kwargs_are_kept() -> None:
    kind = KINDS["length_constraints:number_words"]
    for number in range(3000):
        assert kind.bind(WORDS | {"num_words": number})["num_words"] == number
    assert len(kind._bound) <= 1024
