"""Relevance in training: the held-out rows, the gate of the reward, a judge's word instead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from raif.config.train import RewardConfig, TrainConfig
from raif.errors import RaifError
from raif.models.chat import Chat
from raif.models.load import Model
from raif.reasoning import Response
from raif.train.feed import check_rewards
from raif.train.groups import group_metrics, roll_out
from raif.train.heldout import HeldOut, HeldOutAnswer, HeldOutRow
from raif.types import Instruction, Relevance, Reward, Verdict, Verification
from raif.verdicts.reward import FULL, NONE, Attempt, Rewards
from tests.chat_server import Body, completion, last_turn
from tests.train.test_judging import judging
from tests.train.test_loop import EIGHT, GOOD, Scripted, instruction

YES, NO, OPEN = Relevance(relevant=True), Relevance(relevant=False), Relevance(relevant=None)


def verification(*passed: bool) -> Verification:
    verdicts = tuple(Verdict("punctuation:no_comma", each, each, "") for each in passed)
    return Verification(verdicts, all(passed), all(passed), sum(passed) / len(passed))


def attempt(relevance: Relevance | None, *passed: bool) -> Attempt:
    return Attempt(instruction(1), "", "Hm.", "Tea", True, False, 3, verification(*passed), True, relevance)


def totals(attempts: Sequence[Attempt], **kwargs: Any) -> list[float | str]:
    listed = [RewardConfig(name="verdicts", kwargs=kwargs), RewardConfig(name="relevance")]
    found = Rewards.of(listed, limit=10, window=0).of_group(attempts)
    return [each.total if isinstance(each, Reward) else each for each in found]


def test_the_gate_takes_back_what_the_verdicts_gave() -> None:
    attempts = [attempt(YES, True, True), attempt(NO, True, True), attempt(NO, True, False)]
    attempts += [attempt(YES, True, False), attempt(None, False, False), attempt(OPEN, True, True)]
    assert totals(attempts) == [FULL, NONE, NONE, 0.5, NONE, "relevance"]
    assert totals(attempts, full_marks=True) == [FULL, NONE, NONE, NONE, NONE, "relevance"]


def test_a_group_of_full_marks_for_answers_to_something_else_is_all_fail() -> None:
    listed = [RewardConfig(name="verdicts"), RewardConfig(name="relevance")]
    found = Rewards.of(listed, limit=10, window=0).of_group([attempt(NO, True), attempt(YES, True)])
    assert [each.unweighted for each in found if isinstance(each, Reward)] == [NONE, FULL]


def test_relevance_alone_is_nothing_to_reward() -> None:
    bare = instruction(1, constraints=())
    rewards = Rewards.of([RewardConfig(name="verdicts"), RewardConfig(name="relevance")], limit=9, window=0)
    with pytest.raises(RaifError, match="no constraint"):
        check_rewards([bare], judged=False, rewards=rewards)


def test_only_usable_answers_that_pass_a_check_are_measured(chat: Chat) -> None:
    texts = [
        GOOD,
        GOOD.replace("Fine", "Tea"),
        GOOD.replace("Fine", "No, no"),
        "Fine",
        GOOD.replace("No comma.", ""),
    ]
    asked: list[str] = []

    def gate(answered: Sequence[tuple[Instruction, str]]) -> list[Relevance]:
        asked.extend(text for _, text in answered)
        return [YES if text == "Fine" else NO for _, text in answered]

    listed = [RewardConfig(name=name) for name in ("format", "verdicts", "relevance")]
    rewards = Rewards.of(listed, limit=99, window=0)
    (group,) = roll_out(
        Scripted(chat, texts),
        chat,
        [instruction(1)],
        EIGHT,
        contrast=False,
        seed=0,
        rewards=rewards,
        gate=gate,
    )
    assert asked == ["Fine", "Tea"] * 2
    assert [r.reward.content for r in group.rollouts[:4]] == [FULL, NONE, NONE, NONE]
    assert group_metrics([group], [[True] * 8])["relevant_share"] == 0.5


def test_the_rows_of_the_held_out_table() -> None:
    def answer(relevance: Relevance | None, followed: bool) -> HeldOutAnswer:
        taken = Response("", "Tea", True)
        return HeldOutAnswer(instruction(1), taken, False, verification(followed), -1.0, relevance)

    gained = Relevance(relevant=True, gain=0.5)
    row = HeldOutRow.of(
        "x",
        [answer(gained, True), answer(YES, False), answer(NO, True), answer(OPEN, True), answer(None, True)],
    )
    assert row.relevant
    assert row.relevant.value == pytest.approx(2 / 3)
    assert row.relevance_gain == 0.5
    assert row.followed_relevant
    assert row.followed_relevant.value == pytest.approx(1 / 3)
    assert HeldOutRow.read(asdict(row)) == row
    old = {key: value for key, value in asdict(row).items() if "relevan" not in key}
    assert HeldOutRow.read(old).relevant is None


def test_held_out_answers_are_measured_by_the_untrained_model_all_or_some(tiny: Model, chat: Chat) -> None:
    records = [instruction(n) for n in range(9)]
    responses = [Response("", "" if n == 4 else f"Here is {n}", True) for n in range(9)]
    everything = HeldOut(records, tiny, chat).check(responses, [False] * 9)
    for n, one in enumerate(everything):
        assert one.relevance
        assert (one.relevance == NO) if n == 4 else math.isfinite(one.relevance.gain or math.nan)
    some = HeldOut(records, tiny, chat, relevance=3).check(responses, [False] * 9)
    assert sum(one.relevance is not None for one in some) == 3
    none = HeldOut(records, tiny, chat, relevance=0).check(responses, [False] * 9)
    assert HeldOutRow.of("x", none).relevant is None


def test_a_judge_is_asked_one_question_instead(tiny: Model, chat: Chat) -> None:
    def said(body: Body) -> tuple[int, Body]:
        return completion("yes" if "Here is 1" in last_turn(body) else "no")

    records = [instruction(n) for n in range(3)]
    responses = [Response("", text, True) for text in ("Here is 1", "Off", "")]
    with judging(said) as (judge, server):
        found = HeldOut(records, tiny, chat, judge).check(responses, [False] * 3)
        assert [one.relevance for one in found] == [YES, NO, NO]
        assert len(server.requests) == 2
        assert all("deal with what the task asks for" in last_turn(each) for each in server.requests)


def test_the_best_by_both_needs_relevance(tmp_path: Path) -> None:
    keys: dict[str, Any] = {"data": {"train": "a.jsonl", "heldout": "b.jsonl"}}
    by_both = {"every": 5, "best": "heldout/followed_relevant"}
    TrainConfig.model_validate(keys | {"evaluation": by_both})
    with pytest.raises(ValueError, match="is not measured"):
        TrainConfig.model_validate(keys | {"evaluation": by_both | {"relevance": 0}})
