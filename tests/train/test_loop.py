"""Steps of the algorithm on the tiny model: who is sampled how, what takes part, what is used once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from raif.config.rollout import RolloutConfig
from raif.config.train import CloningConfig, OptimizerConfig, QuirksConfig, TrainConfig
from raif.models.chat import Chat
from raif.models.decode import Completion
from raif.reasoning import EMPTY_THINKING
from raif.train.feed import Feed, clone_sample, draw
from raif.train.groups import roll_out
from raif.train.learner import Learner
from raif.train.loop import Trainer, cloning_rate, warmed_up
from raif.train.samplers.sampler import Sampler
from raif.types import Constraint, Expert, Instruction, Message


def instruction(number: int, **fields: Any) -> Instruction:
    values = {
        "id": str(number),
        "messages": (Message(role="user", content=f"Say {number}"),),
        "constraints": (Constraint(id="punctuation:no_comma"),),
        "expert": Expert(thinking="No comma.", answer=f"Here is {number}"),
        **fields,
    }
    return Instruction.model_validate(values)


class Scripted(Sampler):
    """Answers each prompt with the given texts in turn; notes what it was asked."""

    def __init__(self, chat: Chat, texts: Sequence[str]) -> None:
        self.chat, self.texts, self.asked = chat, texts, []  # type: ignore[var-annotated]

    def sample(
        self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int
    ) -> list[list[Completion]]:
        self.asked += [(self.chat.tokenizer.decode(p), n) for p, n in zip(prompts, counts, strict=True)]
        end = self.chat.tokenizer.eos_token_id
        texts = [[*self.chat.encode(text), end] for text in self.texts]
        found = [Completion(ids, [-5.5] * len(ids), False) for ids in texts]
        return [[found[i % len(found)] for i in range(n)] for n in counts]

    def sync(self) -> None:
        pass

    def greedy(self, prompts: Sequence[list[int]], **settings: Any) -> list[Completion]:
        return [one for (one,) in self.sample(prompts, [1] * len(prompts), seed=0)]


GOOD = "No comma.\n</think>\n<answer>\nFine\n</answer>"
BAD = "Whatever.\n</think>\n<answer>\nOh, no\n</answer>"
PLAIN_GOOD = "<answer>\nFine\n</answer>"
EIGHT = RolloutConfig(group_size=8)


def trainer(folder: Path, texts: Sequence[str] = (GOOD, BAD), **keys: Any) -> Trainer:
    base: dict[str, Any] = {
        "steps": 2,
        "model": {
            "path": str(folder),
            "compute": "float32",
            "gradient_checkpointing": False,
            "device": "cpu",
        },
        "rollout": {"prompts": 2, "group_size": 8},
        "optimizer": {"batch": 8, "micro_batch": 4, "lr": 1e-3},
        "cloning": {"batch": 2},
    }
    config = TrainConfig.model_validate({**base, **keys})
    learner = Learner(config)
    chat = Chat(learner.policy.tokenizer, "tagged")
    feed = Feed.of([instruction(n) for n in range(5)], chat, 1024)
    return Trainer(config, learner, chat, Scripted(chat, texts), feed)


def test_a_quarter_of_a_group_is_made_not_to_think(chat: Chat) -> None:
    sampler = Scripted(chat, [PLAIN_GOOD])
    (group,) = roll_out(sampler, chat, [instruction(1)], EIGHT, contrast=True, seed=0)
    assert [r.thinking for r in group.rollouts] == [True] * 6 + [False] * 2
    assert [n for _, n in sampler.asked] == [6, 2]
    assert sampler.asked[1][0].endswith(EMPTY_THINKING)


def test_math_thinks_in_all_responses(chat: Chat) -> None:
    sampler = Scripted(chat, [GOOD])
    math = instruction(1, task="math", constraints=(), reference="2")
    first, second = roll_out(sampler, chat, [math, instruction(2)], EIGHT, contrast=True, seed=0)
    assert all(r.thinking for r in first.rollouts)
    assert sum(r.thinking for r in second.rollouts) == 6


@pytest.mark.parametrize("whole", [False, True])
def test_the_authors_look_for_a_math_answer_in_the_whole_response(chat: Chat, whole: bool) -> None:
    pytest.importorskip("math_verify")
    math = instruction(1, task="math", constraints=(), reference="2")
    text = "It is \\boxed{2}.\n</think>\n<answer>\nTwo\n</answer>"
    quirks = QuirksConfig(math_in_whole_output=whole)
    (group,) = roll_out(Scripted(chat, [text]), chat, [math], EIGHT, contrast=True, seed=0, quirks=quirks)
    assert {r.reward.accuracy for r in group.rollouts} == {2.0 if whole else -2.0}


def test_without_contrast_all_think(chat: Chat) -> None:
    (group,) = roll_out(Scripted(chat, [GOOD]), chat, [instruction(1)], EIGHT, contrast=False, seed=0)
    assert all(r.thinking for r in group.rollouts)


def test_each_response_is_used_once(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    t = trainer(tiny_folder)
    seen: list[int] = []
    update = t.learner.update
    monkeypatch.setattr(
        t.learner,
        "update",
        lambda samples, *rest, **options: (seen.extend(map(id, samples)), update(samples, *rest, **options))[
            1
        ],
    )
    step = t.grpo_step()
    assert len(seen) == len(set(seen)) == 16
    assert t.progress.updates == 2
    assert step.metrics["reward_accuracy"] == pytest.approx(0.0)


def test_plain_responses_take_no_part_but_set_the_mean(tiny_folder: Path) -> None:
    step = trainer(tiny_folder).grpo_step()
    for group, kept in zip(step.groups, step.kept, strict=True):
        assert [r.thinking for r in group.rollouts] == list(kept)


def test_the_clip_share_and_kl_of_a_fresh_policy_are_zero_on_its_own_samples(tiny_folder: Path) -> None:
    from raif.train.samplers.sampler import TransformersSampler

    t = trainer(tiny_folder, optimizer={"batch": 16, "micro_batch": 4, "lr": 1e-3})
    t.sampler = TransformersSampler(t.learner.policy, max_new_tokens=12, temperature=1.0, batch=16)
    metrics = t.grpo_step().metrics
    assert metrics["kl"] == pytest.approx(0, abs=1e-6)
    assert metrics["clip_share"] == 0


def test_cloning_learns_the_expert_answers(tiny_folder: Path) -> None:
    t = trainer(tiny_folder, cloning={"batch": 5, "warmup_steps": 12, "warmup_lr": 3e-2})
    losses = [t.clone_step().metrics["cloning_loss"] for _ in range(12)]
    assert losses[-1] < losses[0] - 1


def test_cloning_trains_on_the_response_and_with_the_quirk_on_the_prompt_too(chat: Chat) -> None:
    record = instruction(1)
    assert record.expert
    ours = clone_sample(record, record.expert, chat, prompt_tokens=False)
    theirs = clone_sample(record, record.expert, chat, prompt_tokens=True)
    assert ours.ids == chat.completion(record.expert)
    assert theirs.prompt_ids + theirs.ids == ours.prompt_ids + ours.ids
    assert len(theirs.prompt_ids) == 1


def test_each_policy_batch_is_joined_by_cloning_in_the_same_step(tiny_folder: Path) -> None:
    assert "cloning_loss" in trainer(tiny_folder).grpo_step().metrics
    assert "cloning_loss" not in trainer(tiny_folder, loss={"cloning": 0.0}).grpo_step().metrics


def test_warm_up_comes_first(tiny_folder: Path) -> None:
    t = trainer(tiny_folder, cloning={"batch": 2, "warmup_steps": 2})
    assert [s.metrics["phase"] for s in t.steps()] == ["cloning", "cloning", "grpo", "grpo"]


@pytest.mark.parametrize(
    ("cloning", "drawn"),
    [
        ({"batch": 2}, [(0, 2), (2, 2), (4, 2), (6, 2)]),
        ({"batch": 2, "warmup_batch": 4}, [(0, 4), (4, 4), (8, 2), (10, 2)]),
    ],
)
def test_a_warm_up_may_clone_more_at_once_and_later_updates_go_on_behind_it(
    tiny_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    cloning: dict[str, int],
    drawn: list[tuple[int, int]],
) -> None:
    t = trainer(tiny_folder, cloning={"warmup_steps": 2, **cloning}, steps=1)
    found: list[tuple[int, int]] = []

    def noted(items: Sequence[Instruction], start: int, count: int, seed: int) -> list[Instruction]:
        found.append((start, count))
        return draw(items, start, count, seed)

    monkeypatch.setattr("raif.train.loop.draw", noted)
    assert len([*t.steps()]) == 3
    assert found == drawn


def test_an_epoch_draws_each_record_once_in_an_order_of_its_own() -> None:
    drawn = draw(range(5), 0, 10, seed=1)
    assert sorted(drawn[:5]) == sorted(drawn[5:]) == list(range(5))
    assert drawn[:5] != drawn[5:]
    assert draw(range(5), 3, 4, seed=1) == drawn[3:7]


def test_the_learning_rate_rises_over_the_first_share_of_the_updates() -> None:
    assert [warmed_up(1.0, n, 100, 0.03) for n in (0, 1, 2, 50)] == pytest.approx([1 / 3, 2 / 3, 1, 1])


def test_the_warm_ups_learning_rate_falls_to_the_optimizers_and_stays() -> None:
    c = TrainConfig(
        cloning=CloningConfig(warmup_steps=10, warmup_lr=1.0),
        optimizer=OptimizerConfig(lr=0.5, warmup_ratio=0.2),
    )
    rates = [cloning_rate(c, done) for done in (0, 1, 2, 5, 10, 50)]
    assert rates == pytest.approx([0.5, 0.95, 0.9, 0.75, 0.5, 0.5])


def test_prompts_that_are_too_long_are_left_out_and_counted(chat: Chat) -> None:
    long = instruction(1, messages=(Message(role="user", content="a" * 600),))
    feed = Feed.of([long, instruction(2)], chat, 600)
    assert ([r.id for r in feed.prompts], feed.too_long) == (["2"], 1)
