"""Rewards over HTTP: our own JSON, and that of trainers that take an address."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

pytest.importorskip("starlette", reason="needs raif[rewards]")

from starlette.routing import Route

from raif.config.serve import RewardsConfig
from raif.errors import EndpointError
from raif.integrations import share_followed
from raif.reasoning import Marks
from raif.serve.http import layered
from raif.serve.middleware import App
from raif.serve.rewards import Endpoint, OpenRLHF, Scorer, Slime
from tests.serve.asked import ask

NO_COMMA = {"id": "punctuation:no_comma", "kwargs": {}}
FEW_WORDS = {
    "id": "length_constraints:number_words",
    "kwargs": {"relation": "less than", "num_words": 3},
}
RECORD = {"constraints": [NO_COMMA, FEW_WORDS]}
QUESTION = {"constraints": [], "questions": [{"text": "Is it about tea?"}]}
IFEVAL = {"prompt": "Hi.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}


def app(think: Marks = "none", judge: Any = None, **config: Any) -> App:
    scorer = Scorer(RewardsConfig(**config), think, judge)
    ways = (Endpoint(scorer), OpenRLHF(scorer), Slime(scorer))
    return layered([Route(way.path, way.__call__, methods=["POST"]) for way in ways])


def test_a_batch_has_a_reward_for_each_record() -> None:
    records = [RECORD | {"response": text} for text in ("tea please", "tea, please", "tea, if you please")]
    status, reply = ask(app(), "/rewards", {"records": [*records, IFEVAL | {"response": "Tea"}]})
    assert (status, reply["rewards"]) == (200, [1.0, 0.5, 0.0, 1.0])
    assert reply["rewards"][:3] == [share_followed(RECORD, record["response"]) for record in records]
    verdicts = reply["results"][2]["verdicts"]
    assert [verdict["passed"] for verdict in verdicts] == [False, False]
    assert verdicts[0]["reason"] == "1 commas, asked for none"
    assert reply["results"][0]["followed"] is True


def test_a_record_that_cannot_be_used_keeps_its_place() -> None:
    records = [
        RECORD | {"response": "tea"},
        {"constraints": [{"id": "keywords:nope"}], "response": "tea"},
        RECORD,
        RECORD | {"response": 5},
        "tea",
        QUESTION | {"response": "tea"},
    ]
    status, reply = ask(app(), "/rewards", {"records": records})
    assert (status, reply["rewards"]) == (200, [1.0, None, None, None, None, None])
    errors = [result.get("error", "") for result in reply["results"]]
    assert "keywords:nope" in errors[1]
    assert errors[2:5] == ["response: missing", "response: not a string", "not a JSON object"]
    assert reply["results"][5]["verdicts"][0]["reason"] == "no judge"


def test_the_reasoning_is_split_off() -> None:
    text = "<think>\nA, B\n</think>\n<answer>\ntea\n</answer>"
    for think, reward in (("tagged", 1.0), ("auto", 1.0), ("none", 0.0)):
        _, reply = ask(app(think), "/rewards", {"records": [RECORD | {"response": text}]})  # type: ignore[arg-type]
        assert reply["rewards"] == [reward]


def test_a_dialect_replaces_that_of_the_records() -> None:
    kind = {"id": "keywords:existence", "kwargs": {"keywords": ["a.c"]}}
    records = [{"constraints": [kind], "response": "abc"}]
    seen = [ask(app(**config), "/rewards", {"records": records}) for config in ({}, {"dialect": "official"})]
    assert [status for status, _ in seen] == [200, 200]
    assert seen[1][1]["rewards"] == [1.0]  # keywords are regular expressions there


@pytest.mark.parametrize("label", [RECORD, json.dumps(RECORD)], ids=["object", "text"])
def test_openrlhf_gets_a_list_of_numbers(label: Any) -> None:
    prompt = "<|im_start|>user\nHi, there.<|im_end|>\n<|im_start|>assistant\n"
    queries = [prompt + "tea please<|im_end|>", prompt + "tea, if you please<|im_end|>\n<|endoftext|>"]
    body = {"query": queries, "prompts": [prompt] * 2, "labels": [label] * 2}
    assert ask(app(), "/rewards/openrlhf", body) == (200, {"rewards": [1.0, 0.0]})


def test_thinking_that_the_prompt_opens_belongs_to_the_response() -> None:
    opened, answer = "Hi.\n<think>\n", "A, B\n</think>\n<answer>\ntea\n</answer>"
    body = {"query": [opened + answer], "prompts": [opened], "labels": [RECORD]}
    assert ask(app("tagged"), "/rewards/openrlhf", body) == (200, {"rewards": [1.0]})
    one = {"prompt": opened, "response": answer, "label": RECORD}
    assert ask(app("tagged"), "/rewards/slime", one) == (200, {"reward": 1.0})


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"labels": [{"constraints": [{"id": "nope"}]}]}, 422, "item 0: "),
        (
            {"labels": [QUESTION]},
            422,
            "no check could be judged: no judge",
        ),
        ({"labels": ["42"]}, 422, "no checks in the label"),
        ({"query": ["tea"]}, 422, "doesn't begin with its prompt"),
        ({"prompts": [5]}, 422, "something else than texts"),
        ({"labels": []}, 400, "not equally long: 1, 1, 0"),
        ({"labels": None}, 400, "labels: not a list"),
    ],
)
def test_a_trainer_never_gets_a_number_that_means_nothing(
    changed: dict[str, Any], status: int, words: str
) -> None:
    body = {"query": ["Hi. tea"], "prompts": ["Hi."], "labels": [RECORD]} | changed
    found, reply = ask(app(), "/rewards/openrlhf", body)
    assert found == status
    assert words in reply["error"]["message"]


def test_slime_gets_one_reward() -> None:
    prompt = [{"role": "user", "content": "Hi."}]
    body = {"prompt": prompt, "response": "tea<|im_end|>", "label": json.dumps(RECORD)}
    assert ask(app(), "/rewards/slime", body) == (200, {"reward": 1.0})
    assert ask(app(), "/rewards/slime", {"prompt": prompt, "label": RECORD})[0] == 400


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"records": 5}', b"{}"])
def test_a_request_of_another_form_is_refused(body: bytes) -> None:
    status, reply = ask(app(), "/rewards", body)
    assert (status, reply["error"]["type"]) == (400, "invalid_request_error")


def test_a_judge_that_cannot_be_asked_is_an_error_that_trainers_try_again() -> None:
    class Down:
        def run(self, coroutine: Any) -> Any:
            from concurrent.futures import Future

            coroutine.close()
            failed: Future[Any] = Future()
            failed.set_exception(EndpointError("the judge can't be reached"))
            return failed

    records = [{"questions": [{"text": "Is it about tea?"}], "constraints": [NO_COMMA], "response": "tea"}]
    status, reply = ask(app(judge=Down()), "/rewards", {"records": records})
    assert (status, reply["error"]["type"], reply["error"]["code"]) == (503, "server_error", "judge")


def test_rewards_need_no_torch() -> None:
    import subprocess

    program = "import sys, raif.serve.rewards; print('torch' in sys.modules, 'transformers' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]
