import json
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest
import typer
from typer.testing import CliRunner, Result

from raif.constraints import find, registered
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


@pytest.mark.parametrize(("rate", "code"), [("0.5", 0), ("0.6", 1), ("2", 2)])
def test_exit_code_says_whether_the_rate_is_reached(rate: str, code: int) -> None:
    assert run("--fail-under", rate, lines=(GOOD, GOOD | {"response": ","})).exit_code == code


def test_answers_kept_apart_are_joined(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"key": 7, "response": "a, b"}))
    result = run("--responses", str(tmp_path / "a.jsonl"), lines=(GOOD,))
    assert json.loads(result.stdout)["followed"] is False


def test_thinking_is_split_off() -> None:
    result = run("--think", "deepseek", lines=(GOOD | {"response": "a, b</think>c"},))
    assert json.loads(result.stdout)["followed"] is True


@pytest.mark.parametrize(("dialect", "followed"), [("ifeval", True), ("reference", False)])
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
