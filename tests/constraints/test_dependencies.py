from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raif.constraints.dependencies import composition
from raif.constraints.tree import active
from raif.errors import ConstraintError
from raif.types import Composition

Lists = list[list[int]]


def chain(*parts: int | Composition) -> Composition:
    return Composition(kind="chain", parts=parts)


def both(*parts: int | Composition) -> Composition:
    return Composition(kind="and", parts=parts)


def counts(dependencies: Lists, passed: list[bool | None]) -> list[bool]:
    """By definition: a check counts where nothing that it rests on, near or far, has failed."""

    def holds(position: int) -> bool:
        return passed[position] is not False and rests(position)

    def rests(position: int) -> bool:
        return all(holds(other) for other in dependencies[position])

    return [rests(position) for position in range(len(dependencies))]


@st.composite
def acyclic(draw: st.DrawFn) -> Lists:
    """Lists in a random order of positions, so that a check may depend on a later one."""
    size = draw(st.integers(1, 8))
    order = draw(st.permutations(range(size)))
    lists: Lists = [[] for _ in range(size)]
    for place, position in enumerate(order[1:], 1):
        lists[position] = draw(st.lists(st.sampled_from(order[:place]), max_size=3))
    return lists


def test_no_dependency_is_no_composition() -> None:
    assert composition([[], []]) is None


def test_checks_with_the_same_dependency_share_its_chain() -> None:
    assert composition([[], [], [0], [0], [1]]) == both(chain(0, both(2, 3)), chain(1, 4))


def test_a_check_with_two_dependencies_needs_both() -> None:
    assert composition([[], [], [1, 0]]) == both(chain(both(0, 1), 2))


def test_a_dependency_stands_behind_its_own() -> None:
    assert composition([[], [0], [1]]) == both(chain(0, 1), chain(chain(0, 1), 2))


@given(acyclic(), st.data())
def test_a_check_counts_where_all_that_it_rests_on_holds(dependencies: Lists, data: st.DataObject) -> None:
    passed = [data.draw(st.sampled_from([True, False, None])) for _ in dependencies]
    assert active(composition(dependencies), passed) == counts(dependencies, passed)


@pytest.mark.parametrize(
    ("dependencies", "said"),
    [
        ([[0]], "a circle, 0 -> 0"),
        ([[1], [2], [1]], "a circle, 1 -> 2 -> 1"),
        ([[], [2]], "no check has position 2, there are 2"),
        ([[], [-1]], "no check has position -1"),
    ],
)
def test_what_is_no_order_of_checks_is_refused(dependencies: Lists, said: str) -> None:
    with pytest.raises(ConstraintError, match=said):
        composition(dependencies)


def lists_of(record: dict) -> Lists:
    return [question["dep"] for question in record["scoring_questions"]]


@pytest.mark.parametrize("name", ["readme_record_2024.json", "readme_record_2025.json"])
def test_complexbench_record_asks_for_articles_only_where_the_countries_are_told_apart(
    benchmark_data: Path, name: str
) -> None:
    record = json.loads((benchmark_data / "complexbench" / name).read_text("utf-8"))
    found = composition(lists_of(record))
    assert found == both(chain(0, both(2, 3, 4, 5)), chain(1, both(6, 7, 8)))
    for first, second in product((True, False), repeat=2):
        expected = [True, True, *[first] * 4, *[second] * 3]
        assert active(found, [first, second, *[True] * 7]) == expected


def one_level(lists: Lists) -> bool:
    return not any(lists[other] for needed in lists for other in needed)


@pytest.mark.parity
def test_complexbench_passes_the_same_questions_where_dependencies_have_one_level(
    benchmark_data: Path,
) -> None:
    path = benchmark_data / "complexbench" / "fixtures" / "aggregation_input.json"
    fixture = json.loads(path.read_text("utf-8"))
    pairs = list(zip(fixture["records"], fixture["expected_point_judges_rely"], strict=True))
    flat = [(record, rely) for record, rely in pairs if one_level(lists_of(record))]
    assert len(flat) == 30
    for record, rely in flat:
        raw = [None if verdict == 2 else verdict for verdict in record["point_judges"]]
        counted = active(composition(lists_of(record)), raw)
        ours = [verdict is True and counts for verdict, counts in zip(raw, counted, strict=True)]
        assert ours == [verdict is True for verdict in rely]


@pytest.mark.parity
def test_complexbench_fails_no_question_that_counts_here(benchmark_data: Path) -> None:
    """Over all depths: what it fails for a dependency is inactive here, with more behind it."""
    path = benchmark_data / "complexbench" / "fixtures" / "aggregation_input.json"
    fixture = json.loads(path.read_text("utf-8"))
    for record, rely in zip(fixture["records"], fixture["expected_point_judges_rely"], strict=True):
        raw = [None if verdict == 2 else verdict for verdict in record["point_judges"]]
        counted = active(composition(lists_of(record)), raw)
        failed_by_others = [was is not False and now is False for was, now in zip(raw, rely, strict=True)]
        assert not any(failed and counts for failed, counts in zip(failed_by_others, counted, strict=True))
