"""Judged benchmarks from data to report, with a judge behind HTTP that answers by a script."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raif.config.eval import EvalConfig
from raif.errors import ConfigError, RecordError
from raif.eval.report import Report
from raif.eval.responders import responder
from raif.eval.run import evaluate, plan
from tests.chat_server import Body, ChatServer, chat_server, completion, last_turn

Script = Callable[[Body], tuple[int, Body]]

POINTS = [["给出42", 0.9], ["承认错误", 0.1]]
DATA: dict[str, Any] = {
    "infobench": [
        {
            "id": "a",
            "instruction": "Greet.",
            "input": "",
            "category": "Talk",
            "subset": "Easy_set",
            "decomposed_questions": ["Is it kind?", "Is it long?"],
            "question_label": [["Style"], ["Number"]],
        }
    ],
    "cfbench": [
        {
            "idx": 7,
            "prompt": "Greet.",
            "gold": "",
            "doamin": "日常",
            "split": "hard",
            "criteria": [["语气亲切", "主需", "风格约束", ""], ["一句话", "次需", "数值约束", ""]],
        }
    ],
    "fbbench": [
        {
            "bench_type": "Error Correction",
            "task_type": "Mathematics",
            "user_query": "6乘7？",
            "origin_first_response": "41",
            "feedback": "Greet.",
            "feedback_type": ["Questioning"],
            "checklist": POINTS,
        }
    ],
}
ENTRIES = {point: {"评判理由": "有", "评判结果": "是", "weight": weight} for point, weight in POINTS}
SAID = {
    "infobench": "YES",
    "cfbench": "语气亲切\t1\n\n一句话\t1",
    "fbbench": json.dumps(ENTRIES, ensure_ascii=False),
}
NAMES = pytest.mark.parametrize("name", DATA)


def files(name: str, folder: Path, **fields: Any) -> dict[str, Path]:
    """The benchmark's data, and a stored answer to its item, which can be joined by its last turn."""
    data, responses = folder / "data.json", folder / "answers.jsonl"
    records = DATA[name]
    listed = json.dumps(records) if name != "infobench" else "\n".join(map(json.dumps, records))
    data.write_text(listed)
    line = {"prompt": "Greet.", "response": "Hello there."} | fields
    responses.write_text(json.dumps(line) + "\n")
    return {"data": data, "responses": responses}


def run(
    name: str, folder: Path, script: Script, fields: dict[str, Any] | None = None, **keys: Any
) -> tuple[Report, ChatServer]:
    """A run with stored answers and a judge that answers by the script."""
    with chat_server(script) as server:
        judge = {"model": "judge", "endpoint": {"base_url": server.base_url, "retries": 0}}
        found = files(name, folder, **(fields or {}))
        config = EvalConfig.model_validate({"benchmark": name, "judge": judge, **found, **keys})
        out = folder / "out"
        out.mkdir(exist_ok=True)
        return evaluate(config, plan(config), responder(config), out), server


def says(text: str) -> Script:
    return lambda body: completion(text)


@NAMES
def test_answers_are_judged_and_reported(name: str, tmp_path: Path) -> None:
    report, server = run(name, tmp_path, says(SAID[name]))
    assert (report.headline, report.undecided) == (1, 0)
    assert all("Hello there." in asked for asked in server.asked)


@NAMES
def test_judgments_are_kept_and_not_asked_for_again(name: str, tmp_path: Path) -> None:
    first, _ = run(name, tmp_path, says(SAID[name]))
    second, server = run(name, tmp_path, says("other"))
    assert server.requests == []
    assert second == first


@NAMES
def test_unreadable_reply_is_asked_for_again(name: str, tmp_path: Path) -> None:
    def script(body: Body) -> tuple[int, Body]:
        return completion("Hm." if len(body["messages"]) == 1 else SAID[name])

    report, server = run(name, tmp_path, script)
    assert report.headline == 1
    again = [body["messages"] for body in server.requests if len(body["messages"]) > 1]
    assert [[turn["role"] for turn in turns] for turns in again] == [["user", "assistant", "user"]] * (
        2 if name == "infobench" else 1
    )


@NAMES
def test_what_stays_unreadable_is_left_out_and_counted(name: str, tmp_path: Path) -> None:
    report, server = run(name, tmp_path, says("Hm."))
    assert (report.headline, report.undecided) == (None, 2)
    assert len(server.requests) == 3 * (2 if name == "infobench" else 1)


@NAMES
def test_thinking_reaches_no_judge(name: str, tmp_path: Path) -> None:
    fields = {"response": "<think>Secret.</think>Hello there."}
    report, server = run(name, tmp_path, says(f"<think>No.</think>{SAID[name]}"), fields, think="deepseek")
    assert report.headline == 1
    assert not any("Secret." in asked for asked in server.asked)


@NAMES
def test_blank_answer_costs_no_request(name: str, tmp_path: Path) -> None:
    report, server = run(name, tmp_path, says(SAID[name]), {"response": " "})
    assert (report.headline, report.empty, server.requests) == (0, 1, [])


@NAMES
@pytest.mark.parametrize("dialect", ["upstream", "authors"])
def test_released_dialects_run_too(name: str, dialect: str, tmp_path: Path) -> None:
    report, _ = run(name, tmp_path, says(SAID[name]), dialect=dialect)
    assert (report.headline, report.dialect) == (pytest.approx(1, abs=1e-4), dialect)


def test_upstream_infobench_is_one_dialogue(tmp_path: Path) -> None:
    _, server = run("infobench", tmp_path, says("YES"), dialect="upstream")
    assert [[turn["role"] for turn in body["messages"]] for body in server.requests] == [
        ["user"],
        ["user", "assistant", "user"],
    ]


@NAMES
def test_prompts_of_ones_own_are_used(name: str, tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    fields = {
        "infobench": "$input $question",
        "cfbench": "$instruction $reference $checklist",
        "fbbench": "$query $first_response $feedback $reference $checklist $skeleton",
    }
    text = f"ask: 'Mine: $answer {fields[name]}'\nagain: Again.\n"
    (tmp_path / "prompts" / f"{name}.yaml").write_text(text)
    with chat_server(says(SAID[name])) as server:
        judge = {"model": "j", "endpoint": {"base_url": server.base_url}, "prompts": tmp_path / "prompts"}
        config = EvalConfig.model_validate({"benchmark": name, "judge": judge, **files(name, tmp_path)})
        evaluate(config, plan(config), responder(config), tmp_path)
    assert all(asked.startswith("Mine: Hello there.") for asked in server.asked)


RELEASED = {
    "infobench": {"eval": [True, True]},
    "cfbench": {"judge_response": SAID["cfbench"]},
    "fbbench": {"judgement": ENTRIES},
}


@NAMES
def test_released_judgments_need_no_judge(name: str, tmp_path: Path) -> None:
    records = [DATA[name][0] | RELEASED[name]]
    path = tmp_path / ("judged.json" if name == "cfbench" else "judged.jsonl")
    path.write_text(json.dumps(records) if name == "cfbench" else json.dumps(records[0]))
    config = EvalConfig.model_validate({"benchmark": name, "judgments": path, **files(name, tmp_path)})
    assert evaluate(config, plan(config), responder(config), tmp_path).headline == 1


def test_judgments_of_other_items_are_counted_and_not_enough_alone(tmp_path: Path) -> None:
    def judged(*lines: dict[str, Any]) -> Report:
        (tmp_path / "judged.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        keys = {"benchmark": "infobench", "judgments": tmp_path / "judged.jsonl"}
        config = EvalConfig.model_validate(keys | files("infobench", tmp_path))
        return evaluate(config, plan(config), responder(config), tmp_path)

    mine, other = ({"id": id, "key": "1", "reply": "YES"} for id in ("a", "b"))
    assert judged(mine, other, other).unused == {
        "stored judgment of no item, such as the one with the id 'b'": 2
    }
    with pytest.raises(
        RecordError, match=r"judged\.jsonl: nothing in it can be used: 1 x stored judgment of no"
    ):
        judged(other)


@NAMES
def test_without_a_judge_nothing_is_scored(name: str, tmp_path: Path) -> None:
    config = EvalConfig.model_validate({"benchmark": name, **files(name, tmp_path)})
    with pytest.raises(ConfigError, match="needs a judge"):
        evaluate(config, plan(config), responder(config), tmp_path)


def test_model_answers_feedback_as_the_second_turn(tmp_path: Path) -> None:
    with chat_server(says(SAID["fbbench"])) as server:
        endpoint = {"base_url": server.base_url}
        keys = {
            "benchmark": "fbbench",
            "model": "m",
            "data": files("fbbench", tmp_path)["data"],
            "endpoint": endpoint,
            "judge": {"model": "judge", "endpoint": endpoint},
        }
        config = EvalConfig.model_validate(keys)
        evaluate(config, plan(config), responder(config), tmp_path)
    asked, judged = server.requests
    assert [turn["role"] for turn in asked["messages"]] == ["user", "assistant", "user"]
    assert SAID["fbbench"] in last_turn(judged)
