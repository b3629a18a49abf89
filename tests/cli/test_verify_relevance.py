"""`raif verify --relevance`: by a model that compares all responses, or by a judge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.chat_server import Body, chat_server, completion, last_turn
from tests.cli.test_verify import GOOD, run
from tests.cli.test_verify_judge import write

LINES: tuple[Any, ...] = tuple(GOOD | {"key": n, "prompt": f"What is {n}?"} for n in range(3))


def test_a_model_compares_the_responses_of_the_file(tiny_folder: Path) -> None:
    lines = (*LINES, "{", "", GOOD | {"prompt": "And now?", "response": " "})
    result = run("-", "--relevance", str(tiny_folder), lines=lines)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each.get("key") for each in found] == [0, 1, 2, None, 7]
    assert all(isinstance(each["relevance"]["gain"], float) for each in found[:3])
    assert "relevance" not in found[3]
    assert found[4]["relevance"]["relevant"] is False
    rows = {line.strip().split("  ")[0]: line.split() for line in result.stderr.splitlines()}
    relevant = sum(each["relevance"]["relevant"] for each in found[:3])
    assert rows["relevant"][-4:] == ["4", f"{relevant / 4:.1%}", f"{relevant / 4:.1%}", "0"]
    assert rows["prompts and relevant"][-2] == f"{relevant / 4:.1%}"
    fine = [each for each in found if "error" not in each]
    again = run("-", "--relevance", str(tiny_folder), lines=tuple(fine))
    assert [json.loads(line) for line in again.stdout.splitlines()] == fine, "a second run changes nothing"


def test_a_judge_is_asked_instead(tmp_path: Path) -> None:
    def said(body: Body) -> tuple[int, Body]:
        return completion("yes" if "What is 1?" in last_turn(body) else "no")

    with chat_server(said) as server:
        options = ("--judge-url", server.base_url, "--judge-model", "m", "--relevance", "judge")
        result = run(write(tmp_path / "lines.jsonl", *LINES), *options)
    relevances = [json.loads(line)["relevance"] for line in result.stdout.splitlines()]
    assert [each["relevant"] for each in relevances] == [False, True, False]
    assert {each["gain"] for each in relevances} == {None}


def test_a_judge_that_is_not_named_and_several_processes_are_refused() -> None:
    assert "--judge-url" in run("-", "--relevance", "judge", lines=LINES).output
    result = run("-", "--jobs", "2", "--relevance", "m", lines=LINES)
    assert result.exit_code == 2
    assert "compares all" in " ".join(result.output.split())
