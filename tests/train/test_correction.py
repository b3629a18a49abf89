"""Truncated importance sampling: closed forms, and what a step measures and corrects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from raif.config import load
from raif.config.train import LossConfig, TrainConfig
from raif.models.load import Model
from raif.train.learner import Learner
from raif.train.logps import Sample, collate, score
from raif.train.loss import Counts, policy_loss
from raif.train.samplers.sampler import TransformersSampler
from tests.train.test_loop import trainer

SAMPLES = [
    Sample([5, 6, 7], [10, 11, 12], [-5.0, -5.5, -5.2], 1.0, True),
    Sample([8, 9], [30], [-5.4], -2.0, True),
]


def loss_of(
    samples: Sequence[Sample], logps: Sequence[Sequence[float]], gap: float | None, **keys: Any
) -> Any:
    batch = collate(samples, pad=0, device=torch.device("cpu"))
    width = batch.mask.shape[1]
    values = torch.tensor([[*row, *[0.0] * (width - len(row))] for row in logps])
    config = LossConfig(**{"kl": 0.0, **keys})
    counts = Counts.of(samples, config, divide_by_all=False, max_new_tokens=8)
    gaps = None if gap is None else torch.full_like(values, gap)
    return policy_loss(values, None, torch.zeros_like(values), batch, counts, config, gaps)[0].item()


def test_a_sampler_that_agrees_is_not_corrected() -> None:
    own = [s.old_logps for s in SAMPLES]
    assert loss_of(SAMPLES, own, 0.0) == loss_of(SAMPLES, own, None)


@pytest.mark.parametrize(("gap", "weight"), [(0.3, math.exp(0.3)), (-0.3, math.exp(-0.3)), (5.0, 2.0)])
def test_tokens_count_by_their_probability_ratio_up_to_the_cap(gap: float, weight: float) -> None:
    """The policy has not moved: its ratio to itself is 1, whatever the sampler thought."""
    own = [[logp + gap for logp in s.old_logps] for s in SAMPLES]
    assert loss_of(SAMPLES, own, gap) == pytest.approx(weight * -(1.0 - 2.0) / 2, rel=1e-5)


def test_the_clip_is_against_the_policy_and_not_the_sampler() -> None:
    own = [[logp + 1.0 for logp in s.old_logps] for s in SAMPLES[:1]]
    moved = [[logp + 0.1 for logp in row] for row in own]
    expected = -math.exp(0.1) * 2.0
    assert loss_of(SAMPLES[:1], moved, 1.0, clip=0.2) == pytest.approx(expected, rel=1e-5)


def learner_with(folder: Path, engine: str, **loss: Any) -> Learner:
    return Learner(
        TrainConfig.model_validate(
            {
                "model": {"path": str(folder), "compute": "float32", "device": "cpu"},
                "rollout": {"prompts": 1, "group_size": 4, "engine": engine},
                "optimizer": {"batch": 2},
                "loss": loss,
            }
        )
    )


def test_gaps_are_those_to_the_policys_own_after_the_first_optimizer_step(
    tiny: Model, tiny_folder: Path
) -> None:
    samples = [*SAMPLES, *SAMPLES]
    own = score(tiny, samples, size=4)
    found = learner_with(tiny_folder, "vllm").with_gaps(samples)
    assert [s.gap for s in found[:2]] == [(), ()]
    for sample, row in zip(found[2:], own[2:], strict=True):
        assert sample.gap == pytest.approx(
            [a - b for a, b in zip(row, sample.old_logps, strict=True)], abs=1e-5
        )


def test_what_is_not_learned_from_is_not_scored(tiny_folder: Path) -> None:
    samples = [*SAMPLES, replace(SAMPLES[0], keep=False), SAMPLES[1]]
    gaps = [s.gap for s in learner_with(tiny_folder, "vllm", kl=0.0).with_gaps(samples)]
    assert [bool(gap) for gap in gaps] == [False, False, False, True]


@pytest.mark.parametrize(("engine", "loss"), [("transformers", {}), ("vllm", {"importance_cap": None})])
def test_the_policys_own_samples_are_not_corrected_nor_is_what_is_turned_off(
    tiny_folder: Path, engine: str, loss: dict[str, Any]
) -> None:
    found = learner_with(tiny_folder, engine, **loss).with_gaps([*SAMPLES, *SAMPLES])
    assert found == [*SAMPLES, *SAMPLES]


@pytest.mark.parametrize(
    ("preset", "corrected"), [("7b", False), ("1.5b", False), ("8b", False), ("smol", True)]
)
def test_the_papers_presets_correct_nothing(preset: str, corrected: bool) -> None:
    assert load(TrainConfig, "train", preset=preset, overrides=["rollout.engine=vllm"]).corrects == corrected


def test_every_step_measures_the_mismatch(tiny_folder: Path) -> None:
    t = trainer(tiny_folder, optimizer={"batch": 16, "micro_batch": 4, "lr": 1e-3})
    t.sampler = TransformersSampler(t.learner.policy, max_new_tokens=12, temperature=1.0, batch=16)
    assert t.grpo_step().metrics["logp_mismatch"] == pytest.approx(0, abs=1e-4)


def test_the_mismatch_is_the_mean_distance_of_the_samplers_log_probabilities(tiny_folder: Path) -> None:
    """The scripted sampler says -5.5 of every token; the tiny model thinks about -ln(vocabulary)."""
    t = trainer(tiny_folder, optimizer={"batch": 16, "micro_batch": 4, "lr": 1e-3})
    step = t.grpo_step()
    samples = [Sample(r.prompt_ids, r.ids, r.logps) for g in step.groups for r in g.rollouts]
    fresh = trainer(tiny_folder).learner.policy
    rows = score(fresh, samples, size=4)
    means = [sum(abs(a + 5.5) for a in row) / len(row) for row in rows]
    assert step.metrics["logp_mismatch"] == pytest.approx(sum(means) / len(means), rel=1e-4)


@pytest.mark.parametrize(("old", "off"), [("trainer", False), ("sampler", True)])
def test_recomputed_log_probabilities_clip_nothing_before_the_policy_has_moved(
    tiny_folder: Path, old: str, off: bool
) -> None:
    """The scripted sampler's log-probabilities are far from the policy's."""
    keys = {"old": old, "importance_cap": None}
    t = trainer(tiny_folder, loss=keys, optimizer={"batch": 16, "micro_batch": 4, "lr": 1e-3})
    metrics = t.grpo_step().metrics
    assert (metrics["ratio_off"] > 1e-4) == off
    assert metrics["logp_mismatch"] > 0.01


def test_recomputed_log_probabilities_serve_every_engine_and_all_updates(
    tiny: Model, tiny_folder: Path
) -> None:
    samples = [*SAMPLES, *SAMPLES]
    for engine in ("transformers", "vllm"):
        found = learner_with(tiny_folder, engine, old="trainer", importance_cap=None).with_gaps(samples)
        assert [len(s.gap) for s in found] == [0, 0, 3, 1]


def test_without_a_cap_tokens_count_alike_whatever_the_gap() -> None:
    own = [[logp + 5.0 for logp in s.old_logps] for s in SAMPLES]
    assert loss_of(SAMPLES, own, 5.0, importance_cap=None) == pytest.approx(-(1.0 - 2.0) / 2, rel=1e-5)


def test_a_difference_is_not_corrected_for_twice() -> None:
    twice = {"rollout": {"engine": "vllm"}, "loss": {"old": "sampler"}}
    with pytest.raises(ValueError, match=r"loss\.old: sampler .* loss\.importance_cap"):
        TrainConfig.model_validate(twice)
    assert not TrainConfig.model_validate({"loss": {"old": "sampler"}}).recomputes
