from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from raif.eval.benchmarks.complexbench.rules import UNKNOWN
from raif.eval.benchmarks.complexbench.totals import (
    AUTHORS_SMOOTHING,
    Item,
    Judged,
    ScoringQuestion,
    coherence,
    tables,
    tallies,
)
from raif.eval.rates import Rates
from tests.eval.judged import IN_FIXTURES
from tests.parity import Parity

TABLES = {
    "category": "categorized_drfr",
    "family": "categorized_avg_drfr",
    "task": "task_types_drfr",
    "composition": "nested_methods_drfr",
    "group": "constraint_types_and_composition_types_acc",
    "dimension": "each_constraint_dimensions_and_composition_types_acc",
}


def rates(*judged: Judged) -> Rates:
    return Rates(tallies(judged))


def shares(found: Rates, name: str) -> dict[str, float]:
    return {cell: float(found[f"{name}/{cell}"][0]) for cell in found.under(f"{name}/")}


def item(*deps: tuple[int, ...], group: str | None = None, rule: str | None = None, **fields: Any) -> Item:
    questions = [ScoringQuestion(question="?", dep=dep, rule=rule, **fields) for dep in deps]
    return Item(
        main_id=0, group=group, category="Chain_2", task_types="T", scoring_questions=tuple(questions)
    )


@pytest.mark.parity
@pytest.mark.parametrize(("program", "smoothing"), [("upstream", 0.0), ("authors", AUTHORS_SMOOTHING)])
def test_every_total_is_that_of_the_official_programs(
    benchmark_data: Path, parity: Parity, program: str, smoothing: float
) -> None:
    folder = benchmark_data / "complexbench" / "fixtures"
    path = folder / "aggregation_expected.json"
    records = json.loads((folder / "aggregation_input.json").read_text("utf-8"))["records"]
    official = json.loads(path.read_text("utf-8"))[IN_FIXTURES[program]]
    judged = [Judged(Item.model_validate(record), record["point_judges"]) for record in records]
    assert judged
    assert all(one.complete for one in judged)
    ours = _as_officially_named(rates(*judged), smoothing)
    parity.same(path, program, ours, {name: official[name] for name in ours})


def _as_officially_named(found: Rates, smoothing: float) -> dict[str, Any]:
    """All that we print, under the official programs' names, misspelled ones too."""
    named: dict[str, Any] = {"overall_drfr": float(found["overall"][0])}
    for ours, theirs in TABLES.items():
        named[theirs] = {n.replace("Utility", "Utillity"): rate for n, rate in shares(found, ours).items()}
    for name, spelled in (("single", "single"), ("multiple", "miltiple")):
        apart = coherence(found, name, smoothing)
        named[f"{name}_origin_test"] = float(apart.origin[0])
        named[f"{name}_coherent_test"] = float(apart.coherent[0])
        named[f"{spelled}_relative_drop"] = float(apart.drop[0])
    return named


@pytest.mark.parity
def test_dependencies_are_applied_as_officially(benchmark_data: Path, parity: Parity) -> None:
    path = benchmark_data / "complexbench" / "fixtures" / "aggregation_input.json"
    content = json.loads(path.read_text("utf-8"))
    found = [Judged(Item.model_validate(r), r["point_judges"]).relying for r in content["records"]]
    parity.same(path, "both", found, content["expected_point_judges_rely"])


def test_only_direct_dependencies_count() -> None:
    judged = Judged(item((), (0,), (1,)), [False, True, True])
    assert judged.relying == [False, False, True]


def test_unknown_rule_fails_none_of_its_dependants() -> None:
    assert Judged(item((), (0,)), [UNKNOWN, True]).relying == [UNKNOWN, True]


def test_what_depends_on_an_unjudged_question_is_unjudged_even_if_it_failed_itself() -> None:
    assert Judged(item((), (0,), (0,)), [None, True, False]).relying == [None, None, None]
    assert Judged(item((), (0,)), [False, None]).relying == [False, None]


def test_gaps_favour_neither_failures_nor_successes() -> None:
    """Every second verdict on a question that depends on another is lost, whatever it was."""
    verdicts = [[True, True], [True, True], [True, False], [True, False], [False, True], [False, True]]
    whole = rates(*(Judged(item((), (0,)), each) for each in verdicts))["overall"][0]
    gaps = [each if n % 2 else [each[0], None] for n, each in enumerate(verdicts)]
    found = rates(*(Judged(item((), (0,)), each) for each in gaps))
    assert whole == 6 / 12
    assert found["overall"][0] == 5 / 9  # of the first questions 4 of 6, of the second ones 1 of 3


def test_an_instruction_with_a_branch_that_is_not_judged_whole_is_neither_coherent_nor_not() -> None:
    fields = {"composition_types": ("Selection",)}
    verdicts: list[tuple[str, bool | None]] = [("a", None), ("a", False), ("b", True), ("b", True)]
    found = rates(*(Judged(item((), group=g, **fields), [v]) for g, v in verdicts))
    assert coherence(found, "single").coherent[0] == 1


def test_unknown_rule_fails_overall_and_passes_by_dimension() -> None:
    found = rates(Judged(item((), constraint_dimensions=("Length",)), [UNKNOWN]))
    assert (found["overall"][0], shares(found, "category"), shares(found, "family")) == (
        0,
        {"Chain_2": 0},
        {"Chain": 0},
    )
    assert shares(found, "group") == {"Structure": 1}


def test_unknown_dimension_is_of_the_others() -> None:
    found = rates(Judged(item((), constraint_dimensions=("New",)), [True]))
    assert (shares(found, "group"), shares(found, "dimension")) == ({"Others": 1}, {"New": 1})


def test_items_without_all_verdicts_or_any_judged_question_are_incomplete_as_in_the_released_script() -> None:
    assert not Judged(item(()), [None]).complete
    assert not Judged(item((), rule="length:[1,2]"), [True]).complete


def test_unjudged_questions_are_left_out() -> None:
    found = rates(Judged(item((), ()), [None, True]))
    assert (found["overall"][0], found.row("overall", "overall").checks) == (1, 1)


def test_group_is_coherent_where_all_its_records_are_clean() -> None:
    fields = {"composition_types": ("Selection",)}
    verdicts = [("a", True), ("a", False), ("b", True)]
    found = rates(*(Judged(item((), group=g, **fields), [v]) for g, v in verdicts))
    single = coherence(found, "single")
    assert (single.origin[0], single.coherent[0]) == (2 / 3, 0.5)
    assert single.drop[0] == pytest.approx(0.25)
    assert math.isnan(coherence(found, "multiple").origin[0])


def test_headline_is_the_first_value_of_the_tables() -> None:
    first = tables(rates(Judged(item((), ()), [True, False])))[0].rows[0]
    assert (first.checks, first.values[0] and first.values[0].value) == (2, 0.5)
