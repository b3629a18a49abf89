import pytest

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
