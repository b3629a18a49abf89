"""Hints about names that are not known."""

from __future__ import annotations

import pytest

from raif.constraints import KINDS
from raif.errors import LISTED, ConstraintError, did_you_mean


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("keywords:existance", "Did you mean 'keywords:existence'?"),
        ("keyword:existence", "Did you mean 'keywords:existence'?"),
        ("length:number_words", "Did you mean 'length_constraints:number_words'?"),
        ("detectable_format:titel", "Did you mean 'detectable_format:title'?"),
        ("detectable_format:title_case", "Did you mean 'format:title_case'?"),
        ("keywords:number_words", "Did you mean 'length_constraints:number_words'?"),
    ],
)
def test_an_id_is_compared_with_all(name: str, hint: str) -> None:
    with pytest.raises(ConstraintError) as caught:
        KINDS[name]
    assert caught.value.hint == hint


@pytest.mark.parametrize("family", ["keywords", "detectable_format"])
def test_an_id_like_none_lists_its_family(family: str) -> None:
    """`keywords:nope` was once taken for `words:vowel`, `detectable_format:nope` for its `title`."""
    with pytest.raises(ConstraintError) as caught:
        KINDS[f"{family}:nope"]
    listed = ", ".join(id for id in KINDS if id.startswith(f"{family}:"))
    assert caught.value.hint == f"Known: {listed}."


def test_lists_are_whole_or_end_with_a_number() -> None:
    names = [f"zz{number:02}" for number in range(LISTED)]
    assert did_you_mean("a", names) == f"Known: {', '.join(names)}."
    assert did_you_mean("a", [*names, "zzz", "zzzz"]) == f"Known: {', '.join(names)}, and 2 more."
    assert did_you_mean("a", []) == ""
