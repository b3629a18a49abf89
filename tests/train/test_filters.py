"""Filters that the paper lacks: refilled groups, no frozen model without KL, soft punishment of length."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from raif.config.rollout import RolloutConfig
from raif.config.train import TrainConfig
from raif.errors import RaifError
from raif.models.chat import Chat
from raif.train.feed import draw
from raif.train.groups import group_metrics, roll_out
from raif.train.loop import Trainer
from raif.verdicts import math_check
from raif.verdicts.math_check import Checked
from raif.verdicts.reward import overlong
from tests.train.test_loop import BAD, GOOD, Scripted, instruction, trainer

NO_KL = {"kl": 0.0, "cloning": 0.0}


class Alike(Scripted):
    """Answers the prompts that name one of `numbers` with good answers alone: their rewards are equal."""

    numbers: tuple[str, ...] = ()

    def sample(self, prompts: Any, counts: Any, *, seed: int) -> Any:
        sampled = super().sample(prompts, counts, seed=seed)
        said = [self.chat.tokenizer.decode(prompt) for prompt in prompts]
        return [
            [each[0]] * len(each) if any(f"Say {n}<" in text for n in self.numbers) else each
            for text, each in zip(said, sampled, strict=True)
        ]


def refilling(folder: Path, numbers: str, refill: int) -> Trainer:
    rollout = {"prompts": 2, "group_size": 8, "refill": refill}
    t = trainer(folder, rollout=rollout, contrast=False, loss=NO_KL)
    sampler = Alike(t.chat, [GOOD, BAD])
    sampler.numbers = tuple(numbers)
    t.sampler = sampler
    return t


def ids(t: Trainer, start: int, count: int) -> list[str]:
    return [i.id for i in draw(t.feed.prompts, start, count, t.config.seed)]


def test_a_group_of_equal_rewards_is_replaced_by_the_next_prompts(tiny_folder: Path) -> None:
    order = ids(refilling(tiny_folder, "", 0), 0, 5)
    t = refilling(tiny_folder, order[0] + order[2], 3)
    step = t.grpo_step()
    assert [g.instruction.id for g in step.groups] == [order[1], order[3], order[0], order[2]]
    assert [any(kept) for kept in step.kept] == [True, True, False, False]
    assert step.metrics["dead_all_pass"] == 0.5


def test_what_is_left_after_the_last_round_stays(tiny_folder: Path) -> None:
    t = refilling(tiny_folder, "01234", 2)
    step = t.grpo_step()
    assert len(step.groups) == 2 + 2 * 2
    assert t.progress.refilled == 4
    assert t.progress.updates == 2


def test_the_next_step_goes_on_after_the_refilled_prompts(tiny_folder: Path) -> None:
    order = ids(refilling(tiny_folder, "", 0), 0, 5)
    t = refilling(tiny_folder, order[0], 1)
    t.grpo_step()
    t.sampler.numbers = ()  # type: ignore[attr-defined]
    assert [g.instruction.id for g in t.grpo_step().groups] == order[3:5]


def test_a_resumed_run_refills_from_the_same_prompts(tiny_folder: Path) -> None:
    first, again = (refilling(tiny_folder, "024", 2) for _ in range(2))
    first.grpo_step()
    again.progress = replace(first.progress)
    shown = [[g.instruction.id for g in t.grpo_step().groups] for t in (first, again)]
    assert shown[0] == shown[1]
    assert again.progress.refilled == first.progress.refilled > 0


def test_without_a_kl_term_no_frozen_model_is_loaded_nor_is_kl_reported(tiny_folder: Path) -> None:
    t = trainer(tiny_folder, loss={"kl": 0.0})
    metrics = t.grpo_step().metrics
    assert "frozen" not in vars(t.learner)
    assert "kl" not in metrics
    (with_kl := trainer(tiny_folder)).grpo_step()
    assert "frozen" in vars(with_kl.learner)


def test_a_step_from_which_nothing_is_learned_moves_no_weight(tiny_folder: Path) -> None:
    t = trainer(tiny_folder, texts=[GOOD], loss=NO_KL, contrast=False)
    before = {name: weight.clone() for name, weight in t.learner.weights()}
    metrics = t.grpo_step().metrics
    assert all((before[name] == weight).all() for name, weight in t.learner.weights())
    assert (metrics["policy_loss"], metrics["grad_norm"], "entropy" in metrics) == (0, 0, False)


@pytest.mark.parametrize(("tokens", "penalty"), [(1, 0), (80, 0), (85, -0.25), (90, -0.5), (100, -1)])
def test_the_soft_punishment_falls_linearly_over_the_last_tokens(tokens: int, penalty: float) -> None:
    assert overlong(tokens, limit=100, window=20) == penalty
    assert overlong(tokens, limit=100, window=0) == 0


def test_a_long_response_is_punished_as_a_part_of_its_own(chat: Chat) -> None:
    length = len(chat.encode(GOOD)) + 1
    config = RolloutConfig(group_size=4, max_new_tokens=length + 5, overlong=10)
    (group,) = roll_out(Scripted(chat, [GOOD]), chat, [instruction(1)], config, contrast=False, seed=0)
    reward = group.rollouts[0].reward
    assert (reward.format, reward.accuracy, reward.length, reward.total) == (1, 2, -0.5, 2.5)


def unjudged(monkeypatch: pytest.MonkeyPatch, share: int) -> Any:
    """A math record whose check fails for every answer that is boxed, as `share` of the four texts are."""
    monkeypatch.setattr(math_check, "equal", lambda *_: Checked(None, "math check timed out"))
    texts = [GOOD.replace("Fine", r"\boxed{1}")] * share + [GOOD] * (4 - share)
    return instruction(1, task="math", constraints=(), reference="2"), texts


def test_what_cannot_be_judged_is_left_out_and_counted(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    math, texts = unjudged(monkeypatch, 1)
    (group,) = roll_out(
        Scripted(chat, texts), chat, [math], RolloutConfig(group_size=4), contrast=True, seed=0
    )
    metrics = group_metrics([group], [[True] * 3])
    assert [r.reward.accuracy for r in group.rollouts] == [-2] * 3
    assert metrics["unjudged_share"] == 0.25
    assert metrics["unjudged/math check timed out"] == 1


def test_where_nothing_can_be_judged_the_run_stops(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    math, texts = unjudged(monkeypatch, 4)
    with pytest.raises(RaifError, match="no response could be judged: math check timed out"):
        roll_out(Scripted(chat, texts), chat, [math], RolloutConfig(), contrast=True, seed=0)


def test_the_punished_window_lies_within_the_response() -> None:
    with pytest.raises(ValueError, match="overlong: 30 is above max_new_tokens"):
        TrainConfig.model_validate({"rollout": {"max_new_tokens": 20, "overlong": 30}})
