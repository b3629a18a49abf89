"""Judgments over real HTTP: saved as they come, requested again if unreadable, and never twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from raif.config.eval import EvalConfig
from raif.errors import ConfigError
from raif.eval.report import Report
from raif.eval.responders import responder
from raif.eval.run import evaluate, plan
from tests.chat_server import Body, ChatServer, Script, chat_server, completion, last_turn

RECORD = {
    "main_id": 1,
    "instruction": "写一首诗",
    "category": "And",
    "task_types": "T",
    "scoring_questions": [{"question": "是否押韵？"}, {"question": "是否有题目？"}],
}


def write(tmp_path: Path, response: str = "诗") -> None:
    (tmp_path / "data.json").write_text(json.dumps([RECORD]), "utf-8")
    (tmp_path / "answers.jsonl").write_text(json.dumps({"id": "1", "response": response}) + "\n", "utf-8")


def run(tmp_path: Path, server: ChatServer, **judge: Any) -> Report:
    """ComplexBench with one item of two questions and a stored answer."""
    keys = {
        "benchmark": "complexbench",
        "data": tmp_path / "data.json",
        "responses": tmp_path / "answers.jsonl",
        "judge": {"model": "j", "endpoint": {"base_url": server.base_url}, **judge},
    }
    config = EvalConfig.model_validate(keys)
    folder = tmp_path / "out"
    folder.mkdir(exist_ok=True)
    return evaluate(config, plan(config), responder(config), folder)


def kept(tmp_path: Path) -> list[dict[str, Any]]:
    lines = (tmp_path / "out" / "judgments.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def says(text: str) -> Script:
    return lambda body: completion(text)


def test_a_judge_is_asked_each_question_and_its_replies_are_kept(tmp_path: Path) -> None:
    write(tmp_path)

    def script(body: Body) -> tuple[int, Body]:
        return completion("答案：否" if "是否押韵" in last_turn(body) else "答案：是")

    with chat_server(script) as server:
        report = run(tmp_path, server)
    assert (report.headline, report.judge, report.undecided) == (0.5, "j", 0)
    lines = kept(tmp_path)
    assert sorted(line["key"] for line in lines) == ["question:0", "question:1"]
    assert {(line["model"], line["attempts"], line["readable"]) for line in lines} == {("j", 1, True)}
    assert all(line["prompt_hash"] and line["settings"]["temperature"] == 0 for line in lines)


def test_a_second_run_asks_nothing(tmp_path: Path) -> None:
    write(tmp_path)
    with chat_server(says("答案：是")) as server:
        first = run(tmp_path, server)
        server.requests = []
        assert run(tmp_path, server) == first
        assert not server.requests


def test_a_line_torn_by_a_kill_is_requested_again(tmp_path: Path) -> None:
    write(tmp_path)
    with chat_server(says("答案：是")) as server:
        run(tmp_path, server)
        file = tmp_path / "out" / "judgments.jsonl"
        file.write_bytes(file.read_bytes()[:-20])
        server.requests = []
        run(tmp_path, server)
        assert len(server.requests) == 1
    assert len(kept(tmp_path)) == 2


@pytest.mark.parametrize("changed", [{"model": "other"}, {"sampling": {"temperature": 0.5}}])
def test_another_judge_or_setting_is_asked_again(changed: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path)
    with chat_server(says("答案：是")) as server:
        run(tmp_path, server)
        run(tmp_path, server, **changed)
        assert len(server.requests) == 4


def test_other_prompts_are_asked_again(tmp_path: Path) -> None:
    write(tmp_path)
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    names = ("extract", "extract_each", "judge")
    shipped = dict.fromkeys(names, "$instruction $answer $question")
    again = dict.fromkeys(("extract_again", "judge_again"), "again")
    (prompts / "complexbench.yaml").write_text(json.dumps(shipped | again), "utf-8")
    with chat_server(says("答案：是")) as server:
        run(tmp_path, server)
        run(tmp_path, server, prompts=prompts)
        assert last_turn(server.requests[-1]).startswith("写一首诗 诗 是否")
        assert len(server.requests) == 4


def test_prompts_without_a_field_are_refused(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "complexbench.yaml").write_text("judge: $answer\nextract: x\nextract_each: x\n", "utf-8")
    with chat_server() as server, pytest.raises(ConfigError, match=r"complexbench\.yaml"):
        run(tmp_path, server, prompts=tmp_path)


def test_an_unreadable_reply_is_requested_again_in_the_same_dialogue(tmp_path: Path) -> None:
    write(tmp_path)

    def script(body: Body) -> tuple[int, Body]:
        return completion("也许" if len(body["messages"]) < 3 else "答案：是")

    with chat_server(script) as server:
        report = run(tmp_path, server)
    assert (report.headline, report.undecided) == (1.0, 0)
    assert [turn["content"] for turn in server.requests[-1]["messages"]][1] == "也许"
    assert {line["attempts"] for line in kept(tmp_path)} == {2}


def test_unreadable_replies_are_left_out_and_counted(tmp_path: Path) -> None:
    write(tmp_path)

    def script(body: Body) -> tuple[int, Body]:
        return completion("也许" if "是否押韵" in body["messages"][0]["content"] else "答案：是")

    with chat_server(script) as server:
        report = run(tmp_path, server)
    assert (report.headline, report.undecided) == (1.0, 1)
    assert sorted((line["attempts"], line["readable"]) for line in kept(tmp_path)) == [(1, True), (3, False)]


def test_the_judges_reasoning_is_not_read(tmp_path: Path) -> None:
    write(tmp_path)
    with chat_server(says("<think>答案：否？</think>\n答案：是")) as server:
        assert run(tmp_path, server).headline == 1.0
    assert {line["reply"] for line in kept(tmp_path)} == {"答案：是"}


def test_a_refused_request_is_left_out_and_counted(tmp_path: Path) -> None:
    write(tmp_path)
    refusal: tuple[int, Body] = (400, {"error": {"message": "too long"}})

    def script(body: Body) -> tuple[int, Body]:
        return refusal if "是否押韵" in last_turn(body) else completion("答案：是")

    with chat_server(script) as server:
        report = run(tmp_path, server)
    assert (report.headline, report.undecided) == (1.0, 1)
    ((reason, count),) = report.judge_failed.items()
    assert ("too long" in reason, count) == (True, 1)
    assert [line["key"] for line in kept(tmp_path)] == ["question:1"]


def test_an_empty_answer_is_not_judged(tmp_path: Path) -> None:
    write(tmp_path, response=" \n")
    with chat_server() as server:
        report = run(tmp_path, server)
        assert not server.requests
    assert (report.headline, report.empty) == (0.0, 1)
