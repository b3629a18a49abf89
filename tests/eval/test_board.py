"""A board of many runs: which stand in one column and one row, which models can be told apart."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from raif.errors import ConfigError
from raif.eval import report
from raif.eval.board.ranks import Pair, pairs, ranks
from raif.eval.board.table import Board, board, where
from raif.eval.board.text import to_csv, to_latex, to_markdown
from raif.eval.finished import find
from raif.stats import Interval, normal_p
from raif_cli.main import app
from tests.eval.test_seeds import WARM
from tests.eval.test_seeds import run as sampled

ITEMS = 40


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["eval", *arguments])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with two benchmarks of forty items, which ask for answers without commas."""
    monkeypatch.chdir(tmp_path)
    for place in ("ifeval/input_data.jsonl", "ifbench/IFBench_test.jsonl"):
        path = tmp_path / "data" / place
        path.parent.mkdir(parents=True)
        rows = [
            {
                "key": n,
                "prompt": f"Item {n}.",
                "instruction_id_list": ["punctuation:no_comma"],
                "kwargs": [{}],
            }
            for n in range(ITEMS)
        ]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    monkeypatch.setenv("RAIF_BENCHMARK_DATA", str(tmp_path / "data"))
    return tmp_path


def run(model: str, passes: int, *more: str, benchmark: str = "ifeval", out: str = "") -> Path:
    """A finished run in `runs/`: the model's first answers pass."""
    out = out or f"runs/{benchmark}-{model}"
    path = Path(f"{out.replace('/', '-')}.jsonl")
    answers = [{"key": n, "response": "fine" if n < passes else "a, b"} for n in range(ITEMS)]
    path.write_text("".join(json.dumps(answer) + "\n" for answer in answers), "utf-8")
    result = invoke(benchmark, "--responses", str(path), "--model", model, "--out", out, *more)
    assert result.exit_code == 0, result.output
    return Path(out)


def made(**options: Any) -> Board:
    runs, unusable = find([Path("runs")])
    assert not unusable
    return board(runs, **options)


def columns(found: Board) -> dict[str, dict[str, float]]:
    """The values, by column and row."""
    return {
        column.name: {found.rows[n].name: cell.value.value for n, cell in column.cells.items() if cell.value}
        for column in found.columns
    }


def ranked(found: Board, column: int = 0) -> dict[str, tuple[int, int] | None]:
    return {found.rows[n].name: cell.ranks for n, cell in found.columns[column].cells.items()}


def test_models_and_benchmarks_with_their_average() -> None:
    for model, passes in (("a", 40), ("b", 20)):
        run(model, passes)
        run(model, passes // 2, benchmark="ifbench")
    run("c", 10)
    found = made()
    assert columns(found) == {
        "ifbench": {"a": 0.5, "b": 0.25},
        "ifeval": {"a": 1, "b": 0.5, "c": 0.25},
    }
    assert [found.rows[n].name for n in found.order] == ["a", "b", "c"]
    assert [found.rows[n].name for n in made(by="ifeval").order] == ["a", "b", "c"]


def test_the_average_is_over_rows_that_have_all_benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "BEYOND", ())
    for model, passes in (("a", 40), ("b", 20)):
        run(model, passes)
        run(model, passes // 2, benchmark="ifbench")
    run("c", 10)
    found = made()
    assert columns(found)["average of 2"] == {"a": 0.75, "b": 0.375}
    assert ranked(found, -1) == {"a": (1, 1), "b": (2, 2)}
    assert [found.rows[n].name for n in found.order] == ["a", "b", "c"]


def test_models_that_cannot_be_told_apart_share_their_ranks() -> None:
    """One item of forty is chance, twenty are not."""
    for model, passes in (("a", 40), ("b", 39), ("c", 19)):
        run(model, passes)
    assert ranked(made()) == {"a": (1, 2), "b": (1, 2), "c": (3, 3)}


def test_without_the_data_models_are_taken_as_independent(monkeypatch: pytest.MonkeyPatch) -> None:
    """36 of 40 and 31 of 40: paired, no item says otherwise; on different items it could be chance."""
    run("a", 36)
    run("b", 31)
    assert ranked(made()) == {"a": (1, 1), "b": (2, 2)}
    monkeypatch.delenv("RAIF_BENCHMARK_DATA")
    found = made()
    assert ranked(found) == {"a": (1, 2), "b": (1, 2)}
    assert "as if they had answered different items" in found.notes[0]


def test_ranks_are_below_all_that_are_better_for_sure() -> None:
    apart = [Pair(0, 1, Interval(-0.3, -0.4, -0.2), 0.001), Pair(1, 2, Interval(0.1, -0.1, 0.3), 0.4)]
    assert ranks(apart, [0, 1, 2]) == {0: (1, 2), 1: (2, 3), 2: (1, 3)}


def test_p_values_are_those_of_the_interval_and_corrected() -> None:
    assert normal_p(Interval(0.196, 0, 0.392)) == pytest.approx(0.05, abs=1e-3)
    assert (normal_p(Interval(0, 0, 0)), normal_p(Interval(0.1, 0.1, 0.1))) == (1, 0)
    some = {(0, n): Interval(0.2, 0.005, 0.395) for n in range(1, 4)}
    assert [one.p for one in pairs(some)] == pytest.approx([3 * normal_p(some[0, 1])] * 3)


@pytest.mark.parametrize("many", [30])
def test_many_models_can_still_be_told_apart(many: int) -> None:
    """A share of 2,000 resamples could not be small enough for 435 pairs."""
    found = pairs({(a, b): Interval(0.5, 0.4, 0.6) for a in range(many) for b in range(a + 1, many)})
    assert all(pair.apart for pair in found)


def test_runs_that_were_scored_differently_have_columns_of_their_own() -> None:
    run("a", 30)
    run("b", 20)
    run("b", 20, "--dialect", "authors", out="runs/authors")
    run("b", 20, "--limit", "10", out="runs/limited")
    found = columns(made())
    assert {name: set(cells) for name, cells in found.items()} == {
        "ifeval (all 40, dialect sound)": {"a", "b"},
        "ifeval (all 40, dialect authors)": {"b"},
        "ifeval (10 of 40, seed 0, dialect sound)": {"b"},
    }


def test_a_model_that_was_asked_in_two_ways_has_two_rows() -> None:
    run("a", 30)
    run("a", 30, "--think", "tagged", out="runs/tagged")
    run("a", 20, benchmark="ifbench")
    assert [row.name for row in made().rows] == ["a (think none)", "a (think tagged)"]


def test_other_answers_of_the_same_model_have_a_row_of_their_own() -> None:
    run("a", 30)
    run("a", 20, out="runs/later")
    assert len(made().rows) == 2


def test_of_runs_that_are_alike_the_latest_counts_and_the_note_says_so() -> None:
    first = run("a", 30)
    again = Path("runs/again")
    again.mkdir()
    for file in first.iterdir():
        (again / file.name).write_bytes(file.read_bytes())
    tree = json.loads((again / "report.json").read_text("utf-8"))
    tree["measured"]["date"] = "2999-01-01T00:00:00+00:00"
    (again / "report.json").write_text(json.dumps(tree), "utf-8")
    found = made()
    assert len(found.rows) == 1
    assert found.columns[0].cells[0].run
    assert found.columns[0].cells[0].run.folders == (again,)
    assert found.notes == [f"{first} is left out: {again} is the same, and later."]


def test_where_leaves_runs_that_agree() -> None:
    run("a", 30)
    run("a", 20, "--dialect", "authors", out="runs/authors")
    runs, _ = find([Path("runs")])
    assert [str(one.folders[0]) for one in where(runs, {"dialect": "authors"})] == ["runs/authors"]
    with pytest.raises(ConfigError, match="no run has the setting 'dialct'") as error:
        where(runs, {"dialct": "authors"})
    assert "dialect" in error.value.hint
    with pytest.raises(ConfigError, match="no run has dialect=upstream") as error:
        where(runs, {"dialect": "upstream"})
    assert "There are authors, sound." in error.value.hint


def test_an_unknown_column_is_refused() -> None:
    run("a", 30)
    with pytest.raises(ConfigError, match="no column 'ifevl'"):
        made(by="ifevl")


def test_partly_answered_runs_say_so() -> None:
    run("a", 30)
    path = Path("short.jsonl")
    path.write_text(json.dumps({"key": 1, "response": "fine"}) + "\n", "utf-8")
    short = ["--responses", "short.jsonl", "--model", "b", "--on-error", "skip", "--out", "runs/b"]
    assert invoke("ifeval", *short).exit_code == 0
    assert "| b | 100.0 [20.7, 100.0], rank 1–2, 1 of 40 items |" in to_markdown(made()).replace("**", "")


def test_samples_stand_in_one_cell_as_mean_and_spread(data: Path, tmp_path: Path) -> None:
    result, _ = sampled(data, tmp_path / "runs" / "many", "--seeds", "3", *WARM)
    assert result.exit_code == 0, result.output
    found = made()
    (row,) = found.rows
    cell = found.columns[0].cells[0]
    assert row.name == "m"
    assert cell.value
    assert (cell.value.value, cell.deviation) == (pytest.approx(0.9), pytest.approx(0.1))
    assert "± 10.0 between samples" in to_markdown(found)
    (line,) = csv.DictReader(io.StringIO(to_csv(found)))
    assert (line["value"], line["deviation"], line["samples"]) == ("90.0", "10.0", "3")


def test_tables_for_papers() -> None:
    run("a_1|x", 40, out="runs/a")
    run("b", 10)
    found = made()
    rows = list(csv.DictReader(io.StringIO(to_csv(found))))
    assert [(row["model"], row["value"], row["rank"], row["folder"]) for row in rows] == [
        ("a_1|x", "100.0", "1", "runs/a"),
        ("b", "25.0", "2", "runs/ifeval-b"),
    ]
    assert "| a_1\\|x | **100.0** [91.2, 100.0], rank 1 |" in to_markdown(found)
    latex = to_latex(found)
    assert r"a\_1|x & \textbf{100.0} {\scriptsize [91.2, 100.0]} \\" in latex
    assert latex.count("{") == latex.count("}")


def command(*more: str, folders: Sequence[str] = ("runs",)) -> Result:
    return invoke("board", *folders, "--out", "board", *more)


def test_the_command_writes_a_folder_that_stands_alone() -> None:
    run("a", 40)
    run("b", 10)
    result = command()
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("| model | ifeval: prompts, loose |")
    page = Path("board/board.html").read_text("utf-8")
    for address in re.findall(r'<a href="(models/[^"]+)"', page):
        assert (Path("board") / address).is_file()
        assert '<a href="../board.html">' in (Path("board") / address).read_text("utf-8")
    assert len(page) < 100_000
    assert {path.name for path in Path("board/models").iterdir()} == {
        "01-a.html",
        "01-a.samples",
        "02-b.html",
        "02-b.samples",
    }


def test_a_board_is_made_again_and_nothing_else_is_replaced() -> None:
    run("a", 40)
    assert command().exit_code == 0
    assert command().exit_code == 0
    Path("mine").mkdir()
    Path("mine/file").write_text("mine", "utf-8")
    result = invoke("board", "runs", "--out", "mine")
    assert isinstance(result.exception, ConfigError)
    assert Path("mine/file").read_text("utf-8") == "mine"


def test_what_cannot_be_used_is_named_and_the_rest_goes_on() -> None:
    run("a", 40)
    unfinished = run("b", 40)
    (unfinished / "report.json").unlink()
    result = command()
    assert result.exit_code == 0, result.output
    assert "runs/ifeval-b is left out: runs/ifeval-b: no report.json" in result.stdout
    assert "| b |" not in result.stdout


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("verdicts.jsonl", None, "no verdicts.jsonl"),
        ("verdicts.jsonl", '{"id": "0", "mess', "verdicts.jsonl:1: line contains invalid json"),
        ("verdicts.jsonl", "", "verdicts.jsonl: damaged: it has 0 of 40 items"),
        ("report.json", "{", "report.json: damaged: Invalid JSON"),
    ],
)
def test_a_damaged_run_is_named_and_the_rest_goes_on(name: str, text: str | None, why: str) -> None:
    run("a", 40)
    path = run("b", 40) / name
    path.unlink()
    if text is not None:
        path.write_text(text, "utf-8")
    result = command()
    assert result.exit_code == 0, result.output
    assert f"runs/ifeval-b is left out: runs/ifeval-b{':' if text is None else '/'}" in result.stdout
    assert why in result.stdout
    assert "| b |" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "nowhere: no such folder"),
        (("data",), "no finished run of raif eval in data"),
    ],
)
def test_folders_without_runs_are_refused(arguments: Sequence[str], message: str) -> None:
    result = command(folders=arguments)
    assert isinstance(result.exception, ConfigError)
    assert message in result.exception.message
    assert not Path("board").exists()


def test_a_run_that_is_found_twice_counts_once() -> None:
    run("a", 40)
    runs, _ = find([Path("runs"), Path("runs/ifeval-a")])
    assert len(runs) == 1
