"""What an evaluation would take, before it asks: a run takes no more, whatever is replied."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from raif.client.paid import Spent
from raif.client.tokens import TEMPLATE
from raif.config.eval import EvalConfig
from raif.eval import trials
from raif.eval.estimate import ANSWER, JUDGMENT, THINKING, VERDICT, Kept, Part, estimate, summed, together
from raif.eval.responders import responder
from raif.eval.run import asks_of, evaluate, plan
from tests.chat_server import Body, ChatServer, Script, chat_server, completion
from tests.eval.benchmarks.test_multi_if import row, written

PRICES = {"read": 1, "written": 10}


def config(**keys: Any) -> EvalConfig:
    tree = {
        "model": "m",
        "endpoint": {"base_url": "http://127.0.0.1:9/v1"},
        "sampling": {"max_tokens": 900},
        **keys,
    }
    return EvalConfig.model_validate(tree)


def parts(**keys: Any) -> dict[str, Part]:
    made = config(**keys)
    return {part.who: part for part in estimate(made, plan(made))}


@pytest.fixture
def judged(tmp_path: Path) -> dict[str, Any]:
    """Five items of InfoBench with two questions each, and a judge."""
    item = {"input": "", "category": "c", "subset": "Easy_set", "question_label": [["Style"], ["Style"]]}
    items = [
        {
            "id": str(n),
            "instruction": f"Write about tea {n}.",
            "decomposed_questions": ["Kind?", "Short?"],
            **item,
        }
        for n in range(5)
    ]
    (tmp_path / "infobench.jsonl").write_text("".join(json.dumps(one) + "\n" for one in items))
    judge = {"model": "j", "endpoint": {"base_url": "http://127.0.0.1:9/v1"}, "prices": PRICES}
    return {"benchmark": "infobench", "data": tmp_path / "infobench.jsonl", "judge": judge, "prices": PRICES}


def test_calls_tokens_and_money_of_model_and_judge(judged: dict[str, Any]) -> None:
    found = parts(**judged)
    assert list(found) == ["model", "judge"]
    model, judge = found["model"], found["judge"]
    assert (model.about.calls, model.most.calls) == (5, 5)
    assert (model.about.written, model.most.written) == (5 * ANSWER, 5 * 900)
    assert model.about.cost == pytest.approx((model.about.read + 10 * 5 * ANSWER) / 1e6)
    assert (judge.about.calls, judge.most.calls) == (10 + 3, (10 + 3) * 3)
    assert (judge.about.written, judge.most.written) == (13 * VERDICT, 39 * 2048)
    whole = model.most.cost + judge.most.cost
    assert together(list(found.values())).endswith(f"at most {whole:.4f}")
    assert "cost unknown: no prices" in str(parts(**judged | {"prices": None})["model"])


def test_a_model_on_this_machine_costs_nothing(data: Path) -> None:
    (part,) = parts(data=data, endpoint={}).values()
    assert (part.priced, "cost" in str(part), together([part])) == (None, False, "")


def test_thinking_takes_more_if_there_is_any(data: Path) -> None:
    sampling = {"max_tokens": 9000}
    for keys in (
        {"think": "deepseek"},
        {"sampling": sampling | {"reasoning_effort": "low"}},
        {"sampling": sampling | {"extra_body": {"chat_template_kwargs": {"enable_thinking": True}}}},
        {"method": "cot"},
    ):
        found = parts(**{"data": data, "sampling": sampling, **keys})["model"]
        assert found.about.written == 10 * (ANSWER + THINKING)
    assert parts(data=data, sampling=sampling)["model"].about.written == 10 * ANSWER


def test_several_samples_take_as_many_times_as_much(data: Path) -> None:
    made = config(data=data)
    (once,), (thrice,) = (estimate(made, plan(made), times) for times in (1, 3))
    assert [3 * number for number in once.most[:3]] == list(thrice.most[:3])


def test_of_stored_answers_only_the_judge_takes_anything(judged: dict[str, Any], tmp_path: Path) -> None:
    lines = [{"id": "0", "response": "word " * 900}, {"id": "1", "response": "tea"}]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = parts(**judged | {"responses": tmp_path / "answers.jsonl", "endpoint": {}, "model": None})
    assert list(found) == ["judge"]
    assert found["judge"].about.calls == 4
    assert found["judge"].about.read > 2 * 4500 // 3


def test_a_judgment_with_reasons_is_longer_than_a_yes(tmp_path: Path) -> None:
    criteria = [["Is kind", "primary", "c", "k"]]
    rows = [{"idx": 1, "prompt": "p", "gold": "g", "criteria": criteria, "split": "easy", "real_domain": "d"}]
    (tmp_path / "data.json").write_text(json.dumps(rows))
    judge = {"model": "j", "endpoint": {"base_url": "http://127.0.0.1:9/v1"}}
    found = parts(benchmark="cfbench", data=tmp_path / "data.json", judge=judge)["judge"]
    assert found.about.written == (1 + 1) * JUDGMENT


def test_each_turn_of_a_conversation_is_asked_after_the_answers_before_it(tmp_path: Path) -> None:
    turns = written(tmp_path / "data.csv", [row("a", "One.", "Two.", "Three.")])
    found = parts(benchmark="multi-if", data=turns)["model"]
    assert (found.about.calls, found.about.written) == (3, 3 * ANSWER)
    assert 3 * ANSWER < found.about.read < 3 * ANSWER + 50  # no answer, one, and two
    assert 3 * 900 < found.most.read < 3 * 900 + 600


def longest(body: Body) -> tuple[int, Body]:
    """As long as a reply may be, if a token has a letter."""
    limit = body["max_tokens"]
    thought = "t" * limit
    return completion("x" * limit, usage=(0, limit), reasoning_content=thought)


def yes_at_last() -> Script:
    """A judge that can't be read before its third attempt."""

    def script(body: Body) -> tuple[int, Body]:
        asked = len(body["messages"])
        return completion("YES" if asked >= 5 else "x" * body["max_tokens"], usage=(0, body["max_tokens"]))

    return script


METHODS: dict[str, dict[str, Any]] = {
    "io": {},
    "cot": {},
    "sdc": {},
    "deepclaude": {"options": {"thinker": "t", "thinker_sampling": {"max_tokens": 1200}}},
    "self-consistency": {"options": {"samples": 3}},
    "self-refine": {"options": {"turns": 3}},
}


@dataclass
class Servers:
    """Of a model, whose answers are as long as can be, and of a judge; and a run's folder."""

    model: ChatServer
    judge: ChatServer
    folder: Path

    def config(self, keys: dict[str, Any]) -> EvalConfig:
        judge = {**keys["judge"], "endpoint": {"base_url": self.judge.base_url}}
        return config(**keys | {"endpoint": {"base_url": self.model.base_url}, "judge": judge})

    def run(self, made: EvalConfig, **how: Any) -> dict[str, list[Body]]:
        """A run from start to end, as the command line does it. The requests of each model."""
        self.model.requests, self.judge.requests = [], []
        planned, source = plan(made), responder(made)
        if trials.needed(made, asks_of(planned, made), source, self.folder):
            trials.probe_judge(made, planned)
        evaluate(made, planned, source, self.folder, **how)
        asked = {"model": [b for b in self.model.requests if b["model"] == "m"], "judge": self.judge.requests}
        if made.options.thinker:
            asked["thinker"] = [body for body in self.model.requests if body["model"] == "t"]
        return asked


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    (tmp_path / "out").mkdir()
    with chat_server(longest) as model, chat_server(yes_at_last()) as judge:
        model.context = None
        yield Servers(model, judge, tmp_path / "out")


def no_more(most: Spent, requests: Sequence[Body]) -> None:
    """As many calls and written tokens as can be, and not many more tokens read."""
    written = sum(body["max_tokens"] for body in requests)
    turns = [turn for body in requests for turn in body["messages"]]
    read = sum(len(turn["content"]) for turn in turns)
    assert (len(requests), written) == (most.calls, most.written)
    around = TEMPLATE * (len(turns) + len(requests))
    assert 0.5 * (most.read - around) <= read <= most.read - around


@pytest.mark.parametrize("method", METHODS)
def test_a_run_takes_no_more_calls_and_tokens(method: str, judged: dict[str, Any], servers: Servers) -> None:
    made = servers.config(judged | {"method": method, **METHODS[method]})
    found = {part.who: part for part in estimate(made, plan(made))}
    taken = servers.run(made)
    assert taken.keys() == found.keys()
    for who, requests in taken.items():
        assert found[who].kept is None
        no_more(found[who].most, requests)


@pytest.mark.parametrize("method", METHODS)
def test_what_a_resumed_run_has_kept_is_not_taken_again(
    method: str, judged: dict[str, Any], servers: Servers
) -> None:
    keys = judged | {"method": method, **METHODS[method]}
    servers.run(servers.config(keys | {"limit": 2}))
    made = servers.config(keys)
    found = {part.who: part for part in estimate(made, plan(made), kept=Kept(made, servers.folder))}
    assert str(found["model"]).startswith("model m: 2 of 5 answers kept; about ")
    assert str(found["judge"]).startswith("judge j: 4 of 10 judgments kept; about ")
    for who, requests in servers.run(made).items():
        no_more(found[who].most, requests)
    for part in estimate(made, plan(made), kept=Kept(made, servers.folder)):
        assert part.most.calls == 0
    assert servers.run(made)["judge"] == []


def test_calls_of_a_method_that_was_broken_off_are_kept(judged: dict[str, Any], servers: Servers) -> None:
    made = servers.config(judged | {"method": "sdc"})
    servers.run(made)
    calls = (servers.folder / "calls.jsonl").read_text().splitlines(keepends=True)
    (servers.folder / "responses.jsonl").unlink()
    (servers.folder / "calls.jsonl").write_text("".join(calls[:-1]))
    model, _ = estimate(made, plan(made), kept=Kept(made, servers.folder))
    assert (str(model.kept), model.most.calls) == ("0 of 5 answers kept", 1)
    assert len(servers.run(made)["model"]) == 1


def test_a_run_that_judges_again_keeps_its_answers_alone(judged: dict[str, Any], servers: Servers) -> None:
    made = servers.config(judged)
    servers.run(made)
    model, judge = estimate(made, plan(made), kept=Kept(made, servers.folder, rejudge=True))
    assert (str(model.kept), str(judge.kept)) == ("5 of 5 answers kept", "0 of 10 judgments kept")
    no_more(judge.most, servers.run(made, rejudge=True)["judge"])


def test_relevance_that_is_judged_is_kept(judged: dict[str, Any], servers: Servers) -> None:
    servers.judge.script = lambda body: completion("yes")
    keys = judged | {"relevance": "judge"}
    servers.run(servers.config(keys | {"limit": 2}))
    made = servers.config(keys)
    _, judge = estimate(made, plan(made), kept=Kept(made, servers.folder))
    assert (str(judge.kept), judge.about.calls) == ("6 of 15 judgments kept", 2 * 3 + 9)
    assert len(servers.run(made)["judge"]) == 2 * 3 + 9
    _, judge = estimate(made, plan(made), kept=Kept(made, servers.folder))
    assert judge.most.calls == 0


def test_kept_turns_of_a_conversation_are_found_without_their_thinking(tmp_path: Path) -> None:
    turns = written(tmp_path / "data.csv", [row("a", "One.", "Two.", "Three."), row("b", "Eins.", "Zwei.")])
    with chat_server(lambda body: completion("Hm.</think>Tea.")) as server:
        keys = {"benchmark": "multi-if", "data": turns, "think": "deepseek"}
        made = config(**keys, endpoint={"base_url": server.base_url})
        (tmp_path / "out").mkdir()
        evaluate(made, plan(made), responder(made), tmp_path / "out")
    (model,) = estimate(made, plan(made), kept=Kept(made, tmp_path / "out"))
    assert (str(model.kept), model.most.calls) == ("5 of 5 answers kept", 0)


def test_what_several_resumed_runs_take_is_summed(judged: dict[str, Any], servers: Servers) -> None:
    made = servers.config(judged)
    servers.run(made)
    folders = (servers.folder, servers.folder / "empty")
    model, judge = summed(estimate(made, plan(made), kept=Kept(made, folder)) for folder in folders)
    assert (str(model.kept), model.most.calls) == ("5 of 10 answers kept", 5)
    assert (str(judge.kept), judge.about.calls) == ("10 of 20 judgments kept", 10 + 3)


def test_an_answer_that_is_empty_costs_no_judgment(judged: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text('{"id": "0", "response": " "}\n{"id": "1", "response": "tea"}\n')
    keys = judged | {"responses": tmp_path / "answers.jsonl", "endpoint": {}, "model": None}
    assert parts(**keys)["judge"].about.calls == 2
    assert parts(**keys | {"dialect": "authors"})["judge"].about.calls == 4
