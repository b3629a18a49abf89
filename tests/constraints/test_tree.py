import pytest
from hypothesis import given
from hypothesis import strategies as st

from raif.constraints.tree import active
from raif.errors import ConstraintError
from raif.types import Composition


def test_without_composition_every_check_counts() -> None:
    assert active(None, [True, False, None]) == [True, True, True]


def test_every_part_of_and_counts() -> None:
    assert active(Composition(kind="and", parts=(0, 1)), [False, True]) == [True, True]


def test_chain_stops_after_the_first_failure() -> None:
    assert active(Composition(kind="chain", parts=(0, 1, 2)), [True, False, True]) == [True, True, False]


def test_unjudged_check_does_not_stop_a_chain() -> None:
    assert active(Composition(kind="chain", parts=(0, 1)), [None, True]) == [True, True]


def test_only_the_selected_branch_counts() -> None:
    assert active(Composition(kind="selection", parts=(0, 1), selected=1), [True, True]) == [False, True]


def test_unmentioned_check_always_counts() -> None:
    assert active(Composition(kind="selection", parts=(0, 1), selected=0), [True] * 3) == [True, False, True]


def test_nested_part_of_a_chain_fails_with_any_of_its_active_checks() -> None:
    branch = Composition(kind="selection", parts=(0, 1), selected=1)
    chain = Composition(kind="chain", parts=(branch, Composition(kind="and", parts=(2, 3))))
    assert active(chain, [False, True, True, True]) == [False, True, True, True]
    assert active(chain, [True, False, True, True]) == [False, True, False, False]


@pytest.mark.parametrize(
    "composition",
    [
        Composition(kind="and", parts=(0, 5)),
        Composition(kind="and", parts=(-1,)),
        Composition(kind="selection", parts=(0, 1)),
        Composition(kind="selection", parts=(0, 1), selected=2),
    ],
)
def test_composition_that_does_not_fit_is_refused(composition: Composition) -> None:
    with pytest.raises(ConstraintError, match="composition"):
        active(composition, [True, True])


SIZE = 6
Part = int | Composition
Passed = list[bool | None]


def compositions(parts: st.SearchStrategy[Part]) -> st.SearchStrategy[Part]:
    def made(kind: str, inner: list[Part], chosen: int) -> Part:
        return Composition.model_validate(
            {"kind": kind, "parts": inner, "selected": chosen % len(inner) if kind == "selection" else None}
        )

    kinds = st.sampled_from(["and", "chain", "selection"])
    return st.builds(made, kinds, st.lists(parts, min_size=1, max_size=4), st.integers(0, 11))


def trees() -> st.SearchStrategy[Part]:
    """Nested compositions over SIZE checks, some of which may occur twice or not at all."""
    return compositions(st.recursive(st.integers(0, SIZE - 1), compositions, max_leaves=12))


def fails(part: Part, passed: Passed) -> bool:
    """By definition: whether a part fails, as a whole."""
    if isinstance(part, int):
        return passed[part] is False
    if part.kind == "selection":
        return fails(part.parts[part.selected or 0], passed)
    return any(fails(inner, passed) for inner in part.parts)


def occurrences(part: Part, passed: Passed, counts: bool = True) -> list[tuple[int, bool]]:
    """Each leaf, and whether it counts there: no selection or chain above excludes it."""
    if isinstance(part, int):
        return [(part, counts)]
    found = []
    for place, inner in enumerate(part.parts):
        taken = part.kind != "selection" or place == part.selected
        held = part.kind != "chain" or not any(fails(earlier, passed) for earlier in part.parts[:place])
        found += occurrences(inner, passed, counts and taken and held)
    return found


@given(trees(), st.lists(st.sampled_from([True, False, None]), min_size=SIZE, max_size=SIZE))
def test_nested_trees_count_what_their_definition_says(tree: Composition, passed: Passed) -> None:
    leaves = occurrences(tree, passed)
    mentioned = {position for position, _ in leaves}
    counted = {position for position, counts in leaves if counts}
    assert active(tree, passed) == [p in counted or p not in mentioned for p in range(SIZE)]
