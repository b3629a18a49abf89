"""CELLO and IFBench, run from stored answers to the official totals."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from raif.config.eval import Dialect, EvalConfig
from raif.eval.benchmarks.cello.benchmark import Cello
from raif.eval.report import Report
from raif.eval.responders import responder
from raif.eval.run import evaluate, plan

CRITERIA = {
    "format": "format_score",
    "input": "input_score",
    "task": "task_score",
    "count limit": "count_limit_score",
}
FIELDS = {"format": "format", "input": "input", "task": "task_phrases", "count_limit": "count"}


def report(folder: Path, **keys: Any) -> Report:
    config = EvalConfig.model_validate(keys)
    return evaluate(config, plan(config), responder(config), folder)


def values(found: Report, name: str) -> dict[str, float]:
    table = next(table for table in found.tables if table.name == name)
    return {row.name: row.values[0].value for row in table.rows if row.values[0]}


def cello(data: Path, tmp_path: Path, model: str, dialect: Dialect) -> Report:
    with tarfile.open(data / "cello" / "fixtures" / "results" / f"{model}.tar.gz") as archive:
        archive.extractall(tmp_path / "answers", filter="data")
    (tmp_path / "out").mkdir()
    keys = {"data": data / "cello" / "data", "responses": tmp_path / "answers" / model, "dialect": dialect}
    return report(tmp_path / "out", benchmark="cello", **keys)


@pytest.mark.parity
@pytest.mark.parametrize("model", ["gpt4", "vicuna13b"])
def test_a_folder_of_cellos_released_answers_has_the_published_scores(
    benchmark_data: Path, tmp_path: Path, model: str
) -> None:
    scores = benchmark_data / "cello" / "fixtures" / "scores"
    official = json.loads((scores / f"{model}.json").read_text("utf-8"))
    rows = scores / f"{model}.persample.jsonl"
    found = cello(benchmark_data, tmp_path, model, "upstream")
    assert found.items == found.answered == len(rows.read_text("utf-8").splitlines())
    assert values(found, "score") == pytest.approx(
        {
            "average": official["overall"],
            "complex instructions": official["ave_complex_ins"],
            "complex inputs": official["ave_complex_input"],
        }
    )
    assert values(found, "task") == pytest.approx(official["by_task"])
    assert values(found, "criterion") == pytest.approx(
        {ours: official["by_criterion"][theirs] for ours, theirs in CRITERIA.items()}
    )
    _same_items(tmp_path / "out", rows)


def _same_items(folder: Path, official: Path) -> None:
    ours = [json.loads(line) for line in (folder / "verdicts.jsonl").read_text("utf-8").splitlines()]
    theirs = [json.loads(line) for line in official.read_text("utf-8").splitlines()]
    for mine, row in zip(ours, theirs, strict=True):
        assert mine["id"].partition("#")[0] == row["Instruction_id"]
        for name, field in FIELDS.items():
            assert mine["parts"][name] == (
                None if row[field] is None else pytest.approx(row[field], abs=1e-9)
            )


def cello_items(data: Path) -> int:
    return sum(len(json.loads(file.read_text("utf-8"))) for file in (data / "cello" / "data").glob("*.json"))


@pytest.mark.parity
def test_each_item_counts_once_by_the_datas_own_turns_in_the_dialect_sound(
    benchmark_data: Path, tmp_path: Path
) -> None:
    """A revision is then compared with the answer before, so that not every one passes."""
    found = cello(benchmark_data, tmp_path, "gpt4", "sound")
    assert found.items == found.answered == cello_items(benchmark_data)
    assert values(found, "criterion")["count limit"] < 0.7238


@pytest.mark.parity
def test_cello_asks_the_earlier_turns_and_no_system_text(benchmark_data: Path) -> None:
    items = Cello().items(benchmark_data / "cello" / "data")
    assert len(items) == cello_items(benchmark_data)
    turns = [item.messages for item in items]
    assert {len(messages) for messages in turns} == {1, 3, 5, 7, 9}
    assert {messages[0].role for messages in turns} == {messages[-1].role for messages in turns} == {"user"}


@pytest.mark.parity
@pytest.mark.parametrize("name", ["sample_first147", "crafted_first147"])
def test_ifbenchs_totals_are_those_of_the_official_program(
    benchmark_data: Path, tmp_path: Path, name: str
) -> None:
    folder = benchmark_data / "ifbench"
    answers = folder / "fixtures" / f"{name}.responses.jsonl"
    keys = {"data": folder / "IFBench_test.jsonl", "responses": answers}
    found = report(tmp_path, benchmark="ifbench", **keys)
    lines = (folder / "fixtures" / f"{name}.verdicts.jsonl").read_text("utf-8").splitlines()
    official = [json.loads(line) for line in lines]
    prompts, instructions = found.tables[0].rows
    for number, side in enumerate(("strict", "loose")):
        passed = [one[side] for one in official]
        assert prompts.checks == len(official)
        assert _value(prompts, number) == pytest.approx(sum(map(all, passed)) / len(official))
        whole = [verdict for each in passed for verdict in each]
        assert instructions.checks == len(whole)
        assert _value(instructions, number) == pytest.approx(sum(whole) / len(whole))


def _value(row: Any, column: int) -> float:
    return row.values[column].value


@pytest.mark.parity
def test_the_papers_figure_of_ifbench_is_the_mean_of_four(benchmark_data: Path, tmp_path: Path) -> None:
    folder = benchmark_data / "ifbench"
    answers = folder / "fixtures" / "sample_first147.responses.jsonl"
    keys = {"data": folder / "IFBench_test.jsonl", "responses": answers, "paper_model": "Qwen2.5-7B-Instruct"}
    mean, *four = report(tmp_path, benchmark="ifbench", **keys).paper
    assert mean.ours
    assert mean.ours.value == pytest.approx(sum(one.ours.value for one in four if one.ours) / 4)
    assert {row.method: row.printed for row in mean.rows}["io"] == 30.78
