"""Questions as rewards: asked in parallel, kept, only for active branches, and never failed silently."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from raif.config.judge import JudgeConfig
from raif.config.train import TrainConfig
from raif.constraints import find
from raif.errors import EndpointError, RaifError
from raif.judge.judge import Judge, judge_metrics, open_judge
from raif.models.chat import Chat
from raif.models.load import Model
from raif.train.feed import check_rewards
from raif.train.groups import Group, group_metrics, roll_out
from raif.train.heldout import HeldOut, HeldOutRow
from raif.types import Composition, Instruction, Question
from raif.verdicts.checks import verify_all
from tests.chat_server import Body, ChatServer, Script, chat_server, completion, last_turn
from tests.train.test_loop import EIGHT, Scripted, instruction, trainer

SAYS = "Hm.\n</think>\n<answer>\nTea is {}\n</answer>"


def asked(number: int = 1, *questions: str, **fields: Any) -> Instruction:
    texts = tuple(Question(text=text) for text in questions or ("Warm?",))
    return instruction(number, task="complex", questions=texts, **{"constraints": (), **fields})


def by_answer(body: Body) -> tuple[int, Body]:
    """Yes if the answer says warm; a refusal if it says odd."""
    said = last_turn(body)
    if "Tea is odd" in said:
        return 400, {"error": {"message": "too odd"}}
    return completion("yes" if "Tea is warm" in said else "no")


@contextmanager
def judging(script: Script, cache: Path | None = None) -> Iterator[tuple[Judge, ChatServer]]:
    with chat_server(script) as server:
        endpoint = {"base_url": server.base_url, "retries": 0, "concurrency": 8}
        config = JudgeConfig.model_validate({"model": "m", "endpoint": endpoint, "cache": cache})
        with Judge(config) as judge:
            yield judge, server


def rolled(chat: Chat, texts: list[str], judge: Judge, *instructions: Instruction) -> list[Group]:
    sampler = Scripted(chat, texts)
    return roll_out(sampler, chat, instructions or [asked()], EIGHT, contrast=False, seed=0, judge=judge)


def test_the_judges_answers_are_the_reward(chat: Chat) -> None:
    with judging(by_answer) as (judge, _):
        (group,) = rolled(chat, [SAYS.format("warm"), SAYS.format("cold")], judge)
    assert [r.reward.accuracy for r in group.rollouts] == [2, -2] * 4


def test_questions_about_many_responses_are_asked_in_parallel(chat: Chat) -> None:
    def slow(body: Body) -> tuple[int, Body]:
        time.sleep(0.1)
        return by_answer(body)

    with judging(slow) as (judge, server):
        rolled(chat, [SAYS.format("warm")], judge, asked(1), asked(2))
    assert (len(server.requests), server.most_in_flight) == (16, 8)


def test_an_unjudged_response_is_left_out_and_counted_and_never_failed(chat: Chat) -> None:
    with judging(by_answer) as (judge, _):
        (group,) = rolled(chat, [SAYS.format("warm"), SAYS.format("odd")], judge)
    assert [r.reward.accuracy for r in group.rollouts] == [2] * 4
    metrics = group_metrics([group], [[True] * 4])
    assert metrics["unjudged_share"] == 0.5
    assert sum(v for name, v in metrics.items() if "too odd" in name) == 4


def test_a_question_without_a_verdict_leaves_the_others_to_decide(chat: Chat) -> None:
    def half(body: Body) -> tuple[int, Body]:
        return completion("yes" if "Warm?" in last_turn(body) else "perhaps")

    with judging(half) as (judge, _):
        (group,) = rolled(chat, [SAYS.format("warm")], judge, asked(1, "Warm?", "Deep?"))
    assert {r.reward.accuracy for r in group.rollouts} == {2}
    assert judge_metrics(judge.counts)["judge_unjudged"] == 0.5


def test_only_active_branches_are_asked(chat: Chat) -> None:
    choice = Composition(kind="selection", parts=(0, 1), selected=1)
    with judging(by_answer) as (judge, server):
        rolled(chat, [SAYS.format("warm")], judge, asked(1, "Warm?", "Cold?", composition=choice))
    assert server.requests
    assert all("Cold?" in text for text in server.asked)


def test_a_response_whose_reward_is_settled_costs_no_request(chat: Chat) -> None:
    with judging(by_answer) as (judge, server):
        (group,) = rolled(chat, ["Tea is warm", SAYS.format("warm").replace("Hm.", "")], judge)
    assert server.requests == []
    assert {r.reward.accuracy for r in group.rollouts} == {-2}


def test_judgments_are_kept_in_the_runs_folder(chat: Chat, tmp_path: Path) -> None:
    shares = []
    for _ in range(2):
        with chat_server(by_answer) as server:
            config = {"model": "m", "endpoint": {"base_url": server.base_url, "retries": 0}}
            judge = open_judge(JudgeConfig.model_validate(config), tmp_path)
            assert judge
            with judge:
                rolled(chat, [SAYS.format("warm")], judge)
            shares.append((judge_metrics(judge.counts)["judge_cached"], len(server.requests)))
    assert (tmp_path / "judgments.sqlite").exists()
    assert shares[1] == (1.0, 0)


def test_a_step_reports_what_its_judge_said(tiny_folder: Path) -> None:
    with judging(by_answer) as (judge, _):
        t = trainer(tiny_folder, texts=[SAYS.format("warm"), SAYS.format("cold")], contrast=False)
        t.feed = t.feed.of([asked(n) for n in range(5)], t.chat, 1024)
        t.judge = judge
        first, second = t.grpo_step().metrics, t.grpo_step().metrics
    assert [m["judge_questions"] for m in (first, second)] == [16, 16]
    assert (first["judge_yes"], first["judge_unjudged"], first["kind/question"]) == (0.5, 0, 0.5)


def test_a_step_without_questions_has_no_judge_metrics(tiny_folder: Path) -> None:
    assert not any(name.startswith("judge") for name in trainer(tiny_folder).grpo_step().metrics)


def test_an_unreachable_judge_stops_the_run(chat: Chat) -> None:
    endpoint = {"base_url": "http://127.0.0.1:9/v1", "retries": 0}
    with (
        Judge(JudgeConfig.model_validate({"model": "m", "endpoint": endpoint})) as judge,
        pytest.raises(EndpointError, match="can't be reached"),
    ):
        rolled(chat, [SAYS.format("warm")], judge)


def test_held_out_questions_are_judged_and_unjudged_ones_counted(tiny: Model, chat: Chat) -> None:
    records = [asked(1, expert={"thinking": "t", "answer": "Tea is warm"}), asked(2, "Odd?")]

    def unsure(body: Body) -> tuple[int, Body]:
        return completion("perhaps" if "Odd?" in body["messages"][0]["content"] else "yes")

    with judging(unsure) as (judge, _):
        found = HeldOutRow.of("experts", HeldOut(records, tiny, chat, judge).experts())
    assert found.kinds == {"question": 1.0}
    assert found.unjudged_share == 0.5


def test_records_with_questions_need_a_judge_and_others_do_not() -> None:
    check_rewards([instruction(1)], judged=False)
    check_rewards([asked()], judged=True)
    with pytest.raises(RaifError, match=r"record '1' has questions for a judge\nName one: judge\.model"):
        check_rewards([asked()], judged=False)


def test_a_record_without_any_check_is_refused() -> None:
    with pytest.raises(RaifError, match="no constraint, question or reference"):
        check_rewards([instruction(1, constraints=())], judged=True)


def test_a_judge_is_either_on_a_server_or_in_this_process() -> None:
    for judge in ({"model": "m"}, {"model": "m", "local": {}, "endpoint": {"base_url": "http://x/v1"}}):
        with pytest.raises(ValueError, match=r"one of them"):
            TrainConfig.model_validate({"judge": judge})


def test_a_check_that_raises_ends_the_run_and_names_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(response: str) -> Any:
        raise ZeroDivisionError

    kind = find("punctuation:no_comma", "raif")
    monkeypatch.setitem(vars(kind), "check", broken)
    with pytest.raises(ZeroDivisionError) as caught:
        verify_all([(instruction(7), "Fine")], [None])
    assert "check of record '7' (punctuation:no_comma)" in caught.value.__notes__[0]
