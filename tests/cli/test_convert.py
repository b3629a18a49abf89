"""`raif convert`: files between tools, and what the command says about them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyarrow.parquet import read_table
from typer.testing import CliRunner, Result

from raif_cli.main import app

ROW = {
    "key": 7,
    "prompt": "Hi",
    "instruction_id_list": ["punctuation:no_comma"],
    "kwargs": [{"num_words": None}],
    "response": "a b",
    "mine": 1,
}


def convert(*args: str) -> Result:
    return CliRunner().invoke(app, ["convert", *args], env={"NO_COLOR": "1"})


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(ROW) + "\nnot json\n" + json.dumps(ROW | {"key": 8}) + "\n")
    return path


def test_rows_become_another_tools_and_what_is_lost_is_said(rows: Path, tmp_path: Path) -> None:
    result = convert(str(rows), str(tmp_path / "out.jsonl"), "--to", "verl")
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["extra_info"]["index"] for row in found] == ["7", "8"]
    assert [row["response"] for row in found] == ["a b", "a b"]
    assert result.exit_code == 3
    assert "2 rows" in result.stderr
    assert "Lost columns, with the number of rows: mine (2)" in result.stderr
    assert f"Left out: {rows}:2: " in result.stderr


@pytest.mark.parametrize("to", ["raif", "ifeval", "trl", "verl", "openrlhf"])
def test_a_table_comes_back_as_it_was(rows: Path, tmp_path: Path, to: str) -> None:
    table, back = tmp_path / "out.parquet", tmp_path / "back.jsonl"
    assert convert(str(rows), str(table), "--to", to).exit_code == 3
    assert read_table(table).num_rows == 2
    assert convert(str(table), str(back), "--to", "ifeval").exit_code == 0
    found = [json.loads(line) for line in back.read_text().splitlines()]
    wanted = {name: ROW[name] for name in ("prompt", "instruction_id_list", "response")} | {"kwargs": [{}]}
    assert all(row.items() >= wanted.items() for row in found)


def test_a_table_has_the_columns_of_all_rows(tmp_path: Path) -> None:
    """pyarrow takes only those of the first."""
    first = {"id": "a", "messages": [{"role": "user", "content": "Hi"}], "constraints": []}
    kwargs = {"keywords": ["tea"]}
    second = first | {
        "id": "b",
        "language": "zh",
        "constraints": [{"id": "keywords:existence", "kwargs": kwargs}],
    }
    (tmp_path / "rows.jsonl").write_text(json.dumps(first) + "\n" + json.dumps(second))
    assert convert(str(tmp_path / "rows.jsonl"), str(tmp_path / "t.parquet"), "--to", "raif").exit_code == 0
    assert convert(str(tmp_path / "t.parquet"), str(tmp_path / "back.jsonl"), "--to", "raif").exit_code == 0
    found = [json.loads(line) for line in (tmp_path / "back.jsonl").read_text().splitlines()]
    assert found == [first, second]


def test_rows_that_are_no_table_are_said_in_one_sentence(rows: Path, tmp_path: Path) -> None:
    """`keyword1` is a list in one row and text in the other."""
    ids = {"instruction_id_list": ["count:keywords_multiple"]}
    keywords = {f"keyword{number}": "tea" for number in range(1, 6)}
    increment = {"instruction_id_list": ["rlvr:verify_keywords"], "kwargs": [{"keyword_list": ["tea"]}]}
    second = ROW | ids | {"kwargs": [keywords | {"keyword_list": None}], "key": "b"}
    third = ROW | {"instruction_id_list": ["rlvr:verify_keywords"], "kwargs": [{"keyword_list": "tea"}]}
    rows.write_text("\n".join(map(json.dumps, (second, ROW | increment, third))))
    result = convert(str(rows), str(tmp_path / "out.parquet"), "--to", "ifeval")
    assert str(result.exception).endswith("\nWrite JSON Lines.")
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "is a folder\nGive the name of a file."),
        ("none/out.jsonl", "is in no folder that exists"),
        ("out.csv", "JSON Lines and Parquet are written, not .csv"),
        ("out.jsonl.gz", "JSON Lines and Parquet are written, not .gz"),
    ],
)
def test_where_nothing_can_be_written_is_said(rows: Path, tmp_path: Path, name: str, said: str) -> None:
    result = convert(str(rows), str(tmp_path / name), "--to", "raif", "--overwrite")
    assert said in str(result.exception)
    assert [*tmp_path.iterdir()] == [rows]


def test_a_file_is_not_replaced_unasked(rows: Path) -> None:
    before = rows.read_text()
    assert "is there already" in str(convert(str(rows), str(rows), "--to", "raif").exception)
    assert rows.read_text() == before
    assert convert(str(rows), str(rows), "--to", "raif", "--overwrite").exit_code == 3
    assert json.loads(rows.read_text().splitlines()[0])["id"] == "7"


def test_rows_can_go_through_a_pipe(rows: Path) -> None:
    result = convert(str(rows), "-", "--to", "openrlhf")
    assert [json.loads(line)["input"][0]["content"] for line in result.stdout.splitlines()] == ["Hi", "Hi"]
