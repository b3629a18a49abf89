"""Two runs are compared item by item, and several benchmarks are reported together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from raif.errors import ConfigError
from raif.eval.compare import Comparison, McNemar, compare
from raif_cli.main import app


def stored(data: Path, folder: Path, wrong: set[int]) -> Path:
    """A finished run on ten items; the answers to `wrong` have commas."""
    answers = [{"key": n, "response": "a, b" if n in wrong else "fine"} for n in range(10)]
    path = folder.with_suffix(".jsonl")
    path.write_text("".join(json.dumps(line) + "\n" for line in answers), "utf-8")
    result = invoke("ifeval", "--data", str(data), "--responses", str(path), "--out", str(folder))
    assert result.exit_code == 0, result.output
    return folder


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["eval", *arguments])


@pytest.fixture
def found(data: Path, tmp_path: Path) -> Comparison:
    return compare(stored(data, tmp_path / "a", {1, 2, 3, 4}), stored(data, tmp_path / "b", {4, 5}))


def test_only_items_that_one_of_both_passes_count(found: Comparison) -> None:
    """1, 2, 3 are passed by B alone and 5 by A alone: of four, one or fewer fall to a side 5 of 8 times."""
    assert found.mcnemar == McNemar(1, 3, 0.625)


def test_the_difference_is_b_less_a(found: Comparison) -> None:
    figure = found.figures[0]
    assert figure.a
    assert figure.b
    assert figure.difference
    assert (figure.a.value, figure.b.value) == (0.6, 0.8)
    assert figure.difference.value == pytest.approx(0.2)
    assert figure.difference.low < 0 < figure.difference.high


def test_items_that_changed_are_listed(found: Comparison) -> None:
    assert [(change.id, change.a, change.b) for change in found.changed] == [
        ("1", 0, 1),
        ("2", 0, 1),
        ("3", 0, 1),
        ("5", 1, 0),
    ]


def test_a_run_differs_in_nothing_from_itself(data: Path, tmp_path: Path) -> None:
    same = compare(*[stored(data, tmp_path / "a", {1, 2})] * 2)
    assert not same.changed
    assert {figure.p for figure in same.figures} == {1.0}
    assert same.mcnemar == McNemar(0, 0, 1.0)


def test_resamples_are_paired(data: Path, tmp_path: Path) -> None:
    """Answers that differ on every item alike leave no doubt, however much the rates vary."""
    all_wrong = stored(data, tmp_path / "a", set(range(10)))
    apart = compare(all_wrong, stored(data, tmp_path / "b", set())).figures[0].difference
    assert apart
    assert (apart.low, apart.high) == (1, 1)


def test_a_folder_without_results_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no verdicts\.jsonl"):
        compare(tmp_path, tmp_path)


def test_the_command_prints_tables_or_json(data: Path, tmp_path: Path) -> None:
    a, b = stored(data, tmp_path / "a", {1}), stored(data, tmp_path / "b", set())
    assert "McNemar: 0 only A, 1 only B" in invoke("compare", str(a), str(b)).stdout
    assert json.loads(invoke("compare", str(a), str(b), "--json").stdout)["items"] == 10


@pytest.fixture
def benchmarks(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two benchmarks."""
    for place in ("ifeval/input_data.jsonl", "ifbench/IFBench_test.jsonl"):
        path = tmp_path / "all" / place
        path.parent.mkdir(parents=True)
        path.write_bytes(data.read_bytes())
    monkeypatch.setenv("RAIF_BENCHMARK_DATA", str(tmp_path / "all"))
    return tmp_path


def several(folder: Path, *more: str) -> tuple[Result, Any]:
    from tests.chat_server import chat_server

    with chat_server() as server:
        keys = ["--base-url", server.base_url, "--model", "Qwen2.5-7B-Instruct", "--json"]
        return invoke("ifeval", "ifbench", *keys, "--out", str(folder / "out"), *more), server


def test_several_benchmarks_have_one_report(benchmarks: Path) -> None:
    result, _ = several(benchmarks)
    report = json.loads(result.stdout)
    assert [one["benchmark"] for one in report["reports"]] == ["ifeval", "ifbench"]
    assert report["average"]["name"] == "average of 1"
    assert json.loads((benchmarks / "out" / "report.json").read_text("utf-8")) == report
    assert (benchmarks / "out" / "ifbench" / "verdicts.jsonl").is_file()


def test_the_papers_rows_are_shown_too(benchmarks: Path) -> None:
    report = json.loads(several(benchmarks)[0].stdout)
    rows = {row["method"]: row["printed"] for row in report["average"]["rows"]}
    assert (rows["io"], rows["ours"]) == (72.82, 70.06)
    ours = 100 * report["average"]["ours"]["value"]
    assert report["average"]["rows"][0]["difference"] == pytest.approx(ours - 72.82, abs=0.01)


def test_a_benchmark_that_lacks_its_judge_stops_all_before_anything_is_asked(benchmarks: Path) -> None:
    result, server = several(benchmarks, "complexbench")
    assert isinstance(result.exception, ConfigError)
    assert not server.requests


def test_judged_again_the_answers_stay(benchmarks: Path) -> None:
    several(benchmarks)
    result, server = several(benchmarks, "--rejudge", "--dialect", "upstream")
    assert result.exit_code == 0, result.output
    assert not server.requests
