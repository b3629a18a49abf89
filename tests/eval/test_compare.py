"""Two runs are compared item by item, and several benchmarks are reported together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from raif.errors import ConfigError, RaifError
from raif.eval.compare import Comparison, McNemar, Setting, SuiteComparison, compare
from raif_cli.main import app


def stored(data: Path, folder: Path, wrong: set[int], *more: str) -> Path:
    """A finished run on ten items; the answers to `wrong` have commas."""
    answers = [{"key": n, "response": "a, b" if n in wrong else "fine"} for n in range(10)]
    path = folder.with_suffix(".jsonl")
    path.write_text("".join(json.dumps(line) + "\n" for line in answers), "utf-8")
    keys = ["--data", str(data), "--responses", str(path), "--out", str(folder), *more]
    result = invoke("ifeval", *keys)
    assert result.exit_code == 0, result.output
    return folder


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["eval", *arguments])


def compared(a: Path, b: Path) -> Comparison:
    found = compare(a, b)
    assert isinstance(found, Comparison)
    return found


@pytest.fixture
def found(data: Path, tmp_path: Path) -> Comparison:
    return compared(stored(data, tmp_path / "a", {1, 2, 3, 4}), stored(data, tmp_path / "b", {4, 5}))


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
    same = compared(*[stored(data, tmp_path / "a", {1, 2})] * 2)
    assert not same.changed
    assert {figure.p for figure in same.figures} == {1.0}
    assert same.mcnemar == McNemar(0, 0, 1.0)


def test_items_that_all_differ_alike_leave_as_much_doubt_as_ten_can(data: Path, tmp_path: Path) -> None:
    """Both intervals are that of 10 of 10, and no resample says otherwise: p is that of none of 2000."""
    all_wrong = stored(data, tmp_path / "a", set(range(10)))
    figure = compared(all_wrong, stored(data, tmp_path / "b", set())).figures[0]
    assert figure.difference
    assert (figure.difference.low, figure.difference.high) == (pytest.approx(0.722, abs=1e-3), 1)
    assert figure.p == 2 / 2001


def test_settings_that_differ_are_named(data: Path, tmp_path: Path) -> None:
    a = stored(data, tmp_path / "a", {1})
    b = stored(data, tmp_path / "b", {1}, "--limit", "4", "--dialect", "authors", "--think", "tagged")
    both = compared(a, b)
    assert (both.items, both.items_a, both.items_b) == (4, 10, 4)
    assert set(both.settings) == {
        Setting("dialect", "sound", "authors"),
        Setting("think", "none", "tagged"),
        Setting("limit", None, 4),
    }
    said = invoke("compare", str(a), str(b)).stdout
    assert "not only the models differ" in said
    assert '| dialect | "sound" | "authors" |' in said


def test_other_prompts_and_other_data_are_named(data: Path, tmp_path: Path) -> None:
    a = stored(data, tmp_path / "a", {1})
    other = tmp_path / "other.jsonl"
    other.write_text(data.read_text("utf-8").replace("Question", "Task"), "utf-8")
    both = compared(a, stored(other, tmp_path / "b", {1}))
    assert {each.key for each in both.settings} == {"prompts", "data"}


def test_data_that_has_moved_is_found_or_given(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAIF_BENCHMARK_DATA", raising=False)
    a, b = stored(data, tmp_path / "a", {1}), stored(data, tmp_path / "b", {2})
    there = tmp_path / "all" / "ifeval" / "input_data.jsonl"
    there.parent.mkdir(parents=True)
    data.rename(there)
    a.rename(tmp_path / "moved")
    with pytest.raises(RaifError, match="no data"):
        compare(tmp_path / "moved", b)
    assert invoke("compare", str(tmp_path / "moved"), str(b), "--data", str(there)).exit_code == 0
    monkeypatch.setenv("RAIF_BENCHMARK_DATA", str(tmp_path / "all"))
    assert compared(tmp_path / "moved", b).items == 10
    there.write_text(there.read_text("utf-8").replace("Question", "Task"), "utf-8")
    with pytest.raises(ConfigError, match=r"is not the data of .*moved"):
        compare(tmp_path / "moved", b)


def test_of_several_samples_one_has_to_be_named(data: Path, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("seed-0", "seed-1"):
        stored(data, tmp_path / "a" / name, {1})
    with pytest.raises(ConfigError, match="several runs of ifeval"):
        compare(tmp_path / "a", stored(data, tmp_path / "b", set()))


def test_a_run_without_a_report_or_of_another_version_is_named(data: Path, tmp_path: Path) -> None:
    a, b = stored(data, tmp_path / "a", {1}), stored(data, tmp_path / "b", {2})
    (b / "report.json").unlink()
    with pytest.raises(ConfigError, match=r"b: no report\.json"):
        compare(a, b)
    (b / "verdicts.jsonl").write_text('{"id": "0"}\n')
    with pytest.raises(ConfigError, match=r"verdicts\.jsonl:1: not of this version"):
        compare(a, b)


def test_runs_that_differ_in_the_model_alone_have_no_warning(found: Comparison) -> None:
    assert found.settings == ()


def test_p_values_are_corrected_for_their_number(found: Comparison) -> None:
    first, second = found.figures
    assert first.p is not None
    assert first.p == second.p
    assert {first.p_holm, second.p_holm} == {min(1.0, 2 * first.p)}


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


def several(folder: Path, *more: str, out: str = "out") -> tuple[Result, Any]:
    from tests.chat_server import chat_server

    with chat_server() as server:
        keys = ["--base-url", server.base_url, "--model", "Qwen2.5-7B-Instruct", "--json"]
        return invoke("ifeval", "ifbench", *keys, "--out", str(folder / out), *more), server


def test_folders_of_several_benchmarks_are_compared_benchmark_by_benchmark(benchmarks: Path) -> None:
    several(benchmarks, out="a")
    several(benchmarks, "--dialect", "authors", out="b")
    found = compare(benchmarks / "a", benchmarks / "b")
    assert isinstance(found, SuiteComparison)
    assert [head.name for head in found.heads] == ["ifbench", "ifeval", "average of 2"]
    assert [one.benchmark for one in found.benchmarks] == ["ifbench", "ifeval"]
    assert all(one.settings == (Setting("dialect", "sound", "authors"),) for one in found.benchmarks)
    alone = compare(benchmarks / "a", benchmarks / "b" / "ifeval")
    assert isinstance(alone, SuiteComparison)
    assert alone.single == ("ifbench",)
    assert "In one of them only: ifbench." in invoke("compare", found.a, alone.b).stdout


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
    difference = report["average"]["rows"][0]["difference"]
    assert difference["value"] == pytest.approx(ours - 72.82, abs=0.01)
    assert difference["low"] == difference["value"] < difference["high"]  # no item passes


def test_a_benchmark_that_lacks_its_judge_stops_all_before_anything_is_asked(benchmarks: Path) -> None:
    result, server = several(benchmarks, "complexbench")
    assert isinstance(result.exception, ConfigError)
    assert not server.requests


def test_judged_again_the_answers_stay(benchmarks: Path) -> None:
    several(benchmarks)
    result, server = several(benchmarks, "--rejudge", "--dialect", "upstream")
    assert result.exit_code == 0, result.output
    assert not server.requests
