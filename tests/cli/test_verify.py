import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner, Result

from raif.constraints import find, registered
from raif.records import LAYOUTS
from raif_cli.verify import verify

APP = "import typer; from raif_cli.verify import verify; typer.run(verify)"
GOOD: dict[str, Any] = {
    "key": 7,
    "prompt": "Hi",
    "instruction_id_list": ["punctuation:no_comma"],
    "kwargs": [{}],
    "response": "a b",
}


def run(*args: str, lines: tuple[Any, ...] = ()) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(verify)
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    return CliRunner().invoke(app, args, input=text, env={"NO_COLOR": "1", "COLUMNS": "80"})


def test_records_go_to_stdout_and_the_summary_to_stderr() -> None:
    result = run(lines=(GOOD, GOOD | {"response": "a, b"}))
    assert [json.loads(line)["followed"] for line in result.stdout.splitlines()] == [True, False]
    assert [line.split() for line in result.stderr.splitlines() if line.split()] == [
        ["kind", "n", "strict", "loose", "unjudged"],
        ["punctuation:no_comma", "2", "50.0%", "50.0%", "0"],
        ["instructions", "2", "50.0%", "50.0%", "0"],
        ["prompts", "2", "50.0%", "50.0%", "0"],
    ]
    assert result.exit_code == 0


def test_quiet_leaves_the_summary_out() -> None:
    assert run("--quiet", lines=(GOOD,)).stderr == ""


def test_bad_line_is_said_by_the_exit_code_and_loses_no_other() -> None:
    result = run("-", lines=(GOOD, "{", GOOD))
    assert result.exit_code == 3
    assert [set(json.loads(line)) >= {"verdicts"} for line in result.stdout.splitlines()] == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(("rate", "code"), [("0.5", 0), ("0.6", 6), ("2", 2)])
def test_exit_code_says_whether_the_rate_is_reached(rate: str, code: int) -> None:
    result = run("--quiet", "--fail-under", rate, lines=(GOOD, GOOD | {"response": ","}))
    assert result.exit_code == code
    said = "the strict prompt-level rate is 0.5000; --fail-under asks for 0.6\n"
    assert (result.stderr == said) is (code == 6)


def test_invalid_rows_come_before_a_missed_rate() -> None:
    result = run("-q", "--fail-under", "0.6", lines=("{", GOOD | {"response": ","}))
    assert result.exit_code == 3
    assert "--fail-under asks for 0.6" in result.stderr


UNJUDGED: dict[str, tuple[Any, ...]] = {
    "no row": (),
    "no check": ({"constraints": [], "response": "a"},),
    "no judge": ({"questions": [{"text": "Is it short?"}], "response": "a"},),
    "several answers": ({"questions": [{"text": "Is it short?"}], "responses": ["a", "b"]},),
}


@pytest.mark.parametrize("lines", UNJUDGED.values(), ids=UNJUDGED)
def test_nothing_judged_reaches_no_rate(lines: tuple[Any, ...]) -> None:
    asked = {"id": "1", "messages": [{"role": "user", "content": "Hi"}]}
    result = run("-q", "--fail-under", "0", lines=tuple(asked | row for row in lines))
    assert result.exit_code == 6
    assert result.stderr.endswith("--fail-under: nothing was judged\n")


def test_answers_kept_apart_are_joined(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"key": 7, "response": "a, b"}))
    result = run("--responses", str(tmp_path / "a.jsonl"), lines=(GOOD,))
    assert json.loads(result.stdout)["followed"] is False


def test_answers_can_come_through_the_pipe_and_those_left_over_are_counted(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(GOOD))
    answers = [{"key": key, "response": "a, b"} for key in (7, 8, 9)]
    result = run(str(tmp_path / "rows.jsonl"), "-q", "--responses", "-", lines=tuple(answers))
    assert json.loads(result.stdout)["response"] == "a, b"
    assert result.stderr == "Warning: 2 of 3 answers were joined to no row, such as stream:2\n"
    assert run("--responses", "-").exit_code == 2


def test_lines_of_answers_that_cannot_be_used_are_said_and_lose_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"key": 7, "response": "a, b"}\n{"key"\n')
    result = run("-q", "--responses", str(tmp_path / "a.jsonl"), lines=(GOOD,))
    assert json.loads(result.stdout)["followed"] is False
    assert result.stderr.startswith(
        f"Warning: 1 line of the answers can't be used, as {tmp_path}/a.jsonl:2: "
    )
    assert result.exit_code == 3


@pytest.mark.parametrize(
    "options",
    [("--think", "deepseek"), ("--think", "auto"), ("--think-tags", "<reason>", "</think>")],
)
def test_thinking_is_split_off(options: tuple[str, ...]) -> None:
    result = run("-q", *options, lines=(GOOD | {"response": "a, b</think>c"},))
    assert json.loads(result.stdout)["followed"] is True
    assert result.stderr == ""


def test_thinking_that_is_not_split_off_earns_a_warning_with_the_count() -> None:
    result = run("-q", lines=(GOOD | {"response": "<think>a</think>c"}, GOOD))
    assert result.stderr.startswith("Warning: 1 response has tags of thinking, such as <think>")


@pytest.mark.parametrize(
    "options", [("--think", "auto", "--think-tags", "a", "b"), ("--think-tags", "", "b")]
)
def test_tags_are_two_and_exclude_a_style(options: tuple[str, ...]) -> None:
    assert run(*options, lines=(GOOD,)).exit_code == 2


def test_rows_without_a_check_are_said_loudly() -> None:
    row = {"messages": [{"role": "user", "content": "Hi"}], "response": "Ho"}
    result = run("-q", lines=(row,))
    assert result.stderr.startswith("Warning: 1 row has no check, so nothing was verified there")
    assert result.exit_code == 0
    assert run("-q", "--strict", lines=(row,)).exit_code == 3


def test_several_answers_a_prompt_are_summed_up() -> None:
    row = {name: value for name, value in GOOD.items() if name != "response"}
    result = run(lines=(row | {"responses": ["a", ","]},))
    assert [line.split() for line in result.stderr.splitlines() if line.split()][-3:] == [
        ["mean", "1", "50.0%"],
        ["pass@1", "1", "50.0%"],
        ["pass@2", "1", "100.0%"],
    ]


def test_layouts_are_listed_with_a_row_each() -> None:
    shown = run("--layouts").stdout
    for name in LAYOUTS:
        assert f"{name}: {LAYOUTS[name].about}" in shown
        assert json.dumps(LAYOUTS[name].sample, ensure_ascii=False) in shown


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--layout", "ifevl"), "unknown record layout 'ifevl'\nDid you mean 'ifeval'?"),
        (("--language", "Klingon"), "'Klingon' is not a language"),
    ],
)
def test_an_unknown_name_is_refused_before_anything_is_read(options: tuple[str, ...], said: str) -> None:
    result = run(*options, lines=(GOOD,))
    assert result.stdout == ""
    assert said in (str(result.exception) + " ".join(result.stderr.split()))


@pytest.mark.parametrize("name", ["rows.jsonl.gz", "rows.parquet", "rows.csv", "folder", "folder/*.jsonl"])
def test_files_of_any_format_are_read(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [GOOD, GOOD | {"key": 8, "response": "a, b"}]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "folder").mkdir()
    for number, line in enumerate(text.splitlines()):
        (tmp_path / "folder" / f"{number}.jsonl").write_text(line)
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    cells = [{**row, "kwargs": "[{}]", "instruction_id_list": '["punctuation:no_comma"]'} for row in rows]
    pq.write_table(pa.Table.from_pylist(cells), tmp_path / "rows.parquet")
    with (tmp_path / "rows.csv").open("w") as stream:
        table = csv.DictWriter(stream, list(cells[0]))
        table.writeheader()
        table.writerows(cells)
    result = run(name)
    assert [json.loads(line)["followed"] for line in result.stdout.splitlines()] == [True, False]


def test_a_broken_file_of_several_loses_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(json.dumps(GOOD).encode())[:-9])
    (tmp_path / "b.jsonl").write_text(json.dumps(GOOD))
    result = run("-q", str(tmp_path))
    assert result.exit_code == 3
    assert json.loads(result.stdout.splitlines()[-1])["followed"] is True


@pytest.mark.parametrize(("dialect", "followed"), [("official", True), ("reference", False)])
def test_dialect_replaces_the_records_own(dialect: str, followed: bool) -> None:
    wanted = {"instruction_id_list": ["keywords:existence"], "kwargs": [{"keywords": ["a.b"]}]}
    result = run("--dialect", dialect, lines=(GOOD | wanted,))
    assert json.loads(result.stdout)["followed"] is followed


def test_list_names_every_kind_and_variant_with_examples() -> None:
    shown = run("--list").stdout
    assert {f"{id} ({semantics})" if semantics else id for id, semantics in registered()} <= {
        *shown.splitlines()
    }
    examples = [example for each in registered() for example in find(*each).examples]
    assert shown.count("  passes  ") == sum(example.passes for example in examples)
    assert shown.count("  fails   ") == sum(not example.passes for example in examples)


def test_user_text_is_never_markup() -> None:
    item = {"id": "detectable_content:number_placeholders", "kwargs": {"num_placeholders": 1}}
    record = {"id": "a", "messages": [{"role": "user", "content": "[bold]"}], "constraints": [item]}
    assert "[bold]" in run(lines=(record | {"response": "[red]x[/nothing]"},)).stdout


def start() -> "subprocess.Popen[bytes]":
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", APP, "-q"], stdin=pipe, stdout=pipe, stderr=pipe)


def send(stream: IO[bytes] | None) -> None:
    assert stream
    stream.write(json.dumps(GOOD).encode() + b"\n")
    stream.flush()


def test_each_line_is_answered_before_the_next_is_sent() -> None:
    with start() as process:
        assert process.stdout
        for _ in range(2):
            send(process.stdin)
            assert json.loads(process.stdout.readline())["followed"] is True


@pytest.mark.parametrize("words", [["verify", "--list"], ["verify", "--layouts"], ["presets"]])
def test_a_reader_that_leaves_early_is_no_mistake(words: list[str]) -> None:
    command = f"{sys.executable} -c 'from raif_cli.main import run; run()' {' '.join(words)} | head -1"
    script = ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"]
    found = subprocess.run(script, capture_output=True, text=True, check=False)
    assert found.returncode in (0, 141)
    assert found.stderr == ""
    assert found.stdout.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full belongs to Linux")
def test_a_full_disk_is_one_sentence() -> None:
    with Path("/dev/full").open("wb") as full:
        code = "from raif_cli.main import run; run()"
        command = [sys.executable, "-c", code, "verify", "-q"]
        text = json.dumps(GOOD).encode()
        found = subprocess.run(command, input=text, stdout=full, stderr=subprocess.PIPE, check=False)
    assert found.returncode == 2
    assert found.stderr.decode() == (
        "Error: standard output: No space left on device\nFree some space and run the command again.\n"
    )


@pytest.mark.parametrize("closed", [">&-", "<&-", "2>&-", ">&- 2>&- <&-"])
def test_streams_that_are_closed_from_the_start_are_no_error(closed: str, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(GOOD))
    command = f"{sys.executable} -c 'from raif_cli.main import run; run()' verify {tmp_path}/rows.jsonl"
    found = subprocess.run(["bash", "-c", f"{command} {closed}"], capture_output=True, text=True, check=False)
    assert (found.returncode, "Traceback" in found.stderr) == (0, False)


def test_closed_output_is_no_error_message() -> None:
    process = start()
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    send(process.stdin)
    assert process.stdin
    process.stdin.close()
    assert process.stderr.read() == b""
    process.wait()
    process.stderr.close()


def test_audit_prints_rates_and_what_is_wrong_about_one_kind():
    result = run("--audit", "--kind", "count:numbers")
    assert result.exit_code == 0
    assert "count:numbers" in result.stdout
    assert "official: 'It costs 1,000 or 2,500 dollars.' {'N': 2} should pass" not in result.stdout
    assert (
        "official: 'From 1-2 cups.' {'N': 2} should pass, fails: 1 numbers, asked for exactly 2"
        in result.stdout
    )


def test_audit_of_a_dialect_that_is_wrong_fails():
    assert run("--audit", "--kind", "count:numbers", "--dialect", "official").exit_code == 1


@pytest.mark.parametrize("name", ["official", "ifeval"])
def test_ifeval_is_the_old_name_of_official(name):
    messages = [{"role": "user", "content": "Hi"}]
    no_comma = [{"id": "punctuation:no_comma", "kwargs": {}}]
    record = {"id": "x", "messages": messages, "constraints": no_comma, "response": "a，b"}
    assert run("--dialect", name, lines=(record,)).exit_code == 0
    assert json.loads(run("--dialect", name, lines=(record,)).stdout)["followed"] is True
    assert json.loads(run(lines=(record | {"dialect": name},)).stdout)["followed"] is True
    assert json.loads(run(lines=(record,)).stdout)["followed"] is False


def test_kind_without_audit_is_refused():
    result = run("--kind", "count:numbers")
    assert result.exit_code == 2
    assert "--audit" in result.stderr
