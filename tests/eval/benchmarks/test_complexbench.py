"""ComplexBench's runner: equal to the released scripts' totals, and sound where they are not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from raif.config.eval import Dialect, EvalConfig
from raif.errors import ConfigError
from raif.eval.benchmarks.complexbench.benchmark import ComplexBench
from raif.eval.benchmarks.complexbench.totals import Item, ScoringQuestion
from raif.eval.report import Report
from raif.eval.responders import responder
from raif.eval.run import evaluate, plan
from raif.prompts import load
from tests.eval.judged import IN_FIXTURES
from tests.parity import Parity

BENCHMARK = ComplexBench()
ASK = "【模型回复中评分问题的评测对象】\n评分对象："
TABLES = {
    "category": "categorized_drfr",
    "category, pooled": "categorized_avg_drfr",
    "task": "task_types_drfr",
    "composition": "nested_methods_drfr",
}


def item(*rules: str | None) -> Item:
    questions = tuple(ScoringQuestion(question=f"问题{n}", rule=rule) for n, rule in enumerate(rules))
    return Item(main_id=1, instruction="写", category="And", task_types="T", scoring_questions=questions)


def verdicts(one: Item, answer: str, dialect: Dialect, *replies: str) -> list[float | None]:
    said = {f"question:{n}": reply for n, reply in enumerate(replies)}
    parts = BENCHMARK.score(one, answer, said, dialect).parts
    return [parts[f"question {n}"] for n, _ in enumerate(one.scoring_questions)]


def stored(folder: Path, tmp_path: Path, dialect: Dialect) -> Report:
    """The synthetic verdicts, through files in the released formats."""
    source = folder / "complexbench" / "fixtures" / "aggregation_input.json"
    records = json.loads(source.read_text("utf-8"))["records"]
    data = tmp_path / "judged.json"
    data.write_text(json.dumps(records), "utf-8")
    answers = [{"main_id": one["main_id"], "model": "m", "generated": "答"} for one in records]
    path = tmp_path / "generated.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in answers), "utf-8")
    config = EvalConfig(benchmark="complexbench", data=data, responses=path, judgments=data, dialect=dialect)
    return evaluate(config, plan(config), responder(config), tmp_path)


def values(report: Report, name: str) -> dict[str, float]:
    table = next(table for table in report.tables if table.name == name)
    return {row.name: row.values[0].value for row in table.rows if row.values[0]}


@pytest.mark.parity
@pytest.mark.parametrize("dialect", ["upstream", "authors"])
def test_a_run_from_stored_verdicts_reports_the_official_totals(
    benchmark_data: Path, parity: Parity, tmp_path: Path, dialect: Dialect
) -> None:
    path = benchmark_data / "complexbench" / "fixtures" / "aggregation_expected.json"
    official = json.loads(path.read_text("utf-8"))[IN_FIXTURES[dialect]]
    report = stored(benchmark_data, tmp_path, dialect)
    found = {theirs: values(report, ours) for ours, theirs in TABLES.items()}
    found["overall_drfr"] = report.headline
    found |= {f"{name}_origin_test": share for name, share in values(report, "selection").items()}
    parity.same(path, dialect, found, {name: official[name] for name in found})


@pytest.mark.parity
def test_the_papers_rows_are_those_of_its_second_table(benchmark_data: Path, tmp_path: Path) -> None:
    report = stored(benchmark_data, tmp_path, "authors")
    names = [figure.name for figure in report.paper]
    assert names[:2] == ["Overall", "And 1"]
    assert len(names) == 12
    assert all(figure.ours for figure in report.paper)


@pytest.mark.parity
def test_released_answers_and_instructions_are_those_of_the_same_items(
    benchmark_data: Path, parity: Parity
) -> None:
    folder = benchmark_data / "complexbench"
    path = folder / "generations_sample_glm4_first50.jsonl"
    released = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    answers = {answer.id: answer.response for answer in BENCHMARK.answers(path)}
    parity.same(path, "both", answers, {str(one["main_id"]): one["generated"] or "" for one in released})
    instructions = folder / "instructions_by_main_id.jsonl"
    known = {one["main_id"]: one["instruction"] for one in map(json.loads, instructions.open("rb"))}
    assert all(one["instruction"] == known[one["main_id"]] for one in released)


def record(folder: Path, tmp_path: Path, year: int) -> Item:
    """The one record that both releases show, in a list as in the data."""
    text = (folder / "complexbench" / f"readme_record_{year}.json").read_text("utf-8")
    (tmp_path / "data.json").write_text(f"[{text}]", "utf-8")
    return BENCHMARK.items(tmp_path / "data.json")[0]


@pytest.mark.parity
def test_both_releases_of_the_record_are_read(benchmark_data: Path, tmp_path: Path) -> None:
    old, new = (record(benchmark_data, tmp_path, year) for year in (2024, 2025))
    assert (old.id, len(old.scoring_questions)) == (new.id, len(new.scoring_questions)) == ("899", 9)
    assert (len(BENCHMARK.steps(old)), len(BENCHMARK.steps(new))) == (2, 0)


def test_each_question_is_one_request_and_those_with_rules_ask_for_a_copy() -> None:
    one = item(None, "model_length:[1,2]", "model_length_each:[1,2]")
    judge, extract, each = BENCHMARK.requests(one, "答案文本", {}, load("eval", "complexbench"), "sound")
    assert "问题0" in judge.messages[-1].content
    assert judge.readable("分析\n答案：是")
    assert not judge.readable("答案：是，不，答案：否")
    assert extract.readable(ASK + "x")
    assert not extract.readable("x")
    assert "||" in each.messages[-1].content
    assert "||" not in extract.messages[-1].content


def test_a_rule_is_checked_on_what_the_judge_copied_out() -> None:
    one = item(None, "model_length:[1,2]")
    assert verdicts(one, "答", "sound", "答案：是", ASK + "二字") == [1, 1]
    assert verdicts(one, "答", "sound", "答案：否", ASK + "三个字") == [0, 0]


@pytest.mark.parametrize(
    ("reply", "met"),
    [
        ("NO - because it has no title.", False),
        ("The answer is YES", True),
        ("分析……\n答案: 是", True),
        ("**答案：** 否。", False),
        ("否定了要求，但是：答案：是", True),
        ("答案：是否满足还不清楚", None),
        ("也许是", None),
    ],
)
def test_a_clear_answer_is_read_however_it_is_written(reply: str, met: bool | None) -> None:
    (found,) = verdicts(item(None), "答", "sound", reply)
    assert found == met
    (request,) = BENCHMARK.requests(item(None), "答", {}, load("eval", "complexbench"), "sound")
    assert request.readable(reply) == (met is not None)


def test_a_label_with_another_colon_is_read() -> None:
    assert verdicts(item("model_length:[1,2]"), "答", "sound", "评分对象: 二字") == [1]


def test_what_can_not_be_read_is_left_out() -> None:
    assert verdicts(item(None, "model_length:[1,2]"), "答", "sound", "也许是", "没有标签") == [None, None]


def test_the_released_scripts_read_every_reply() -> None:
    assert verdicts(item(None, None), "答", "upstream", "也许是", "是否") == [1, 0]


def test_an_unknown_rule_is_unjudged_or_2() -> None:
    one = item(None, "model_unheard_of:[1]")
    assert verdicts(one, "答", "sound", "答案：是", ASK + "x") == [1, None]
    assert verdicts(one, "答", "authors", "答案：是", ASK + "x") == [1, 2]


def test_an_empty_answer_fails_without_a_judge() -> None:
    assert verdicts(item(None, "model_not_startswith:x"), " ", "sound") == [0, 0]


def test_a_run_without_a_judge_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    with pytest.raises(ConfigError, match="complexbench needs a judge"):
        plan(EvalConfig(benchmark="complexbench", data=data, model="m"))


def test_labels_say_where_an_item_belongs() -> None:
    found: Any = BENCHMARK.score(item(None), "答", {"question:0": "答案：是"}, "sound")
    assert found.labels == {"category": "And", "task": "T"}
    assert found.verification.followed is True


def test_an_answer_that_is_null_is_none(tmp_path: Path) -> None:
    path = tmp_path / "generated.jsonl"
    path.write_text('{"main_id": 1, "generated": null}\n{"id": "2", "response": null}\n')
    assert [(one.id, one.response) for one in BENCHMARK.answers(path)] == [("1", None), ("2", None)]
