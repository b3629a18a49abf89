from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from raif.eval.benchmarks.complexbench_rules import UNKNOWN
from raif.eval.benchmarks.complexbench_totals import (
    RAIF_SMOOTHING,
    Item,
    Judged,
    ScoringQuestion,
    Totals,
    totals,
)

TABLES = {
    "categories": "categorized_drfr",
    "category_families": "categorized_avg_drfr",
    "tasks": "task_types_drfr",
    "compositions": "nested_methods_drfr",
    "groups": "constraint_types_and_composition_types_acc",
    "dimensions": "each_constraint_dimensions_and_composition_types_acc",
}


def item(*deps: tuple[int, ...], group: str | None = None, rule: str | None = None, **fields: Any) -> Item:
    questions = [ScoringQuestion(question="?", dep=dep, rule=rule, **fields) for dep in deps]
    return Item(
        main_id=0, group=group, category="Chain_2", task_types="T", scoring_questions=tuple(questions)
    )


@pytest.mark.parity
@pytest.mark.parametrize(("program", "smoothing"), [("upstream", 0.0), ("raif", RAIF_SMOOTHING)])
def test_every_total_is_that_of_the_official_programs(
    benchmark_data: Path, program: str, smoothing: float
) -> None:
    folder = benchmark_data / "complexbench" / "fixtures"
    records = json.loads((folder / "aggregation_input.json").read_text("utf-8"))["records"]
    official = json.loads((folder / "aggregation_expected.json").read_text("utf-8"))[program]
    judged = [Judged(Item.model_validate(record), record["point_judges"]) for record in records]
    assert len(judged) == 40
    _same(totals(judged, smoothing=smoothing), official)


def _same(found: Totals, official: dict[str, Any]) -> None:
    assert found.overall == pytest.approx(official["overall_drfr"], abs=1e-12)
    for ours, theirs in TABLES.items():
        expected = {name.replace("Utillity", "Utility"): rate for name, rate in official[theirs].items()}
        assert getattr(found, ours) == pytest.approx(expected, abs=1e-12)
    for name, spelled in (("single", "single"), ("multiple", "miltiple")):
        ours = getattr(found, name)
        assert ours.origin == pytest.approx(official[f"{name}_origin_test"], abs=1e-12)
        assert ours.coherent == pytest.approx(official[f"{name}_coherent_test"], abs=1e-12)
        assert ours.drop == pytest.approx(official[f"{spelled}_relative_drop"], abs=1e-12)
    assert found.dropped == 0


@pytest.mark.parity
def test_dependencies_are_applied_as_officially(benchmark_data: Path) -> None:
    path = benchmark_data / "complexbench" / "fixtures" / "aggregation_input.json"
    content = json.loads(path.read_text("utf-8"))
    found = [Judged(Item.model_validate(r), r["point_judges"]).relying for r in content["records"]]
    assert found == content["expected_point_judges_rely"]


def test_only_direct_dependencies_count() -> None:
    judged = Judged(item((), (0,), (1,)), [False, True, True])
    assert judged.relying == [False, False, True]


def test_unknown_rule_fails_none_of_its_dependants() -> None:
    assert Judged(item((), (0,)), [UNKNOWN, True]).relying == [UNKNOWN, True]


def test_unknown_rule_fails_overall_and_passes_by_dimension() -> None:
    found = totals([Judged(item((), constraint_dimensions=("Length",)), [UNKNOWN])])
    assert (found.overall, found.categories, found.category_families) == (0, {"Chain_2": 0}, {"Chain": 0})
    assert found.groups == {"Structure": 1}


def test_unknown_dimension_is_of_the_others() -> None:
    found = totals([Judged(item((), constraint_dimensions=("New",)), [True])])
    assert (found.groups, found.dimensions) == ({"Others": 1}, {"New": 1})


def test_items_without_all_verdicts_or_any_judged_question_are_dropped_and_counted() -> None:
    found = totals([Judged(item(()), [None]), Judged(item((), rule="length:[1,2]"), [True])])
    assert (found.overall, found.dropped) == (None, 2)
    assert (found.single.origin, found.multiple.drop) == (None, None)


def test_group_is_coherent_where_all_its_records_are_clean() -> None:
    fields = {"composition_types": ("Selection",)}
    verdicts = [("a", True), ("a", False), ("b", True)]
    found = totals([Judged(item((), group=g, **fields), [v]) for g, v in verdicts])
    assert (found.single.origin, found.single.coherent) == (2 / 3, 0.5)
    assert found.single.drop == pytest.approx(0.25)
    assert found.multiple.origin is None
