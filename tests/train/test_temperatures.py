"""Mixed temperatures within a group: each response is sampled, scored and learned from at its own."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from raif.config.rollout import RolloutConfig
from raif.models.chat import Chat
from raif.models.decode import decode
from raif.models.load import Model
from raif.train.groups import roll_out, samples_of
from raif.train.logps import score
from raif.train.samplers.sampler import TransformersSampler
from tests.train.test_loop import instruction, trainer

HEATS = (0.5, 1.0, 2.0)


def test_each_response_is_as_if_all_had_its_temperature(tiny: Model, chat: Chat) -> None:
    prompts, counts, seeds = [chat.encode("Hi"), chat.encode("What now?")], [4, 3], [1, 2]

    def sampled(temperature: float | tuple[float, ...]) -> list[list[list[int]]]:
        found = decode(tiny, prompts, counts, max_new_tokens=12, temperature=temperature, seeds=seeds)
        return [[each.ids for each in group] for group in found]

    mixed, alone = sampled(HEATS), [sampled(heat) for heat in HEATS]
    for n, group in enumerate(mixed):
        assert group == [alone[position % 3][n][position] for position in range(counts[n])]
    assert mixed != alone[1]


def test_log_probabilities_are_those_of_the_sampler_at_each_temperature(tiny: Model, chat: Chat) -> None:
    config = RolloutConfig(group_size=8, max_new_tokens=12, temperatures=HEATS)
    sampler = TransformersSampler(tiny, max_new_tokens=12, temperature=config.temperatures, batch=64)
    groups = roll_out(sampler, chat, [instruction(1), instruction(2)], config, contrast=True, seed=0)
    heats = [r.temperature for r in groups[0].rollouts]
    assert heats == [0.5, 1.0, 2.0, 0.5, 1.0, 2.0, 0.5, 1.0], "in turn, thinking and plain ones each"
    samples = samples_of(groups, [[True] * 8] * 2, scaled=True)
    for found, sample in zip(score(tiny, samples, size=3, temperature="each"), samples, strict=True):
        assert found == pytest.approx(sample.old_logps, abs=1e-4)


def test_the_ratio_of_the_first_update_is_one(tiny_folder: Path) -> None:
    t = trainer(
        tiny_folder,
        rollout={"prompts": 1, "group_size": 8, "max_new_tokens": 8, "temperatures": [0.7, 1.3]},
        loss={"cloning": 0, "old": "sampler"},
    )
    r = t.config.rollout
    t.sampler = TransformersSampler(t.learner.policy, max_new_tokens=8, temperature=r.temperatures, batch=64)
    assert t.grpo_step().metrics["logp_mismatch"] < 1e-4


def test_chunks_of_logits_keep_each_tokens_temperature(tiny: Model, chat: Chat) -> None:
    from raif.models.head import Head
    from raif.train.logps import _of_chunk

    states, targets = torch.randn(5, 32), torch.arange(5)
    heat = torch.tensor([0.5, 1.0, 2.0, 0.7, 1.0])
    whole, chunked = (Head(tiny.net, chunk)(_of_chunk, states, targets, heat)[0] for chunk in (9, 2))
    torch.testing.assert_close(whole, chunked)


def test_servers_sample_at_one_temperature() -> None:
    with pytest.raises(ValueError, match="engine: vllm samples a group at one temperature"):
        RolloutConfig(engine="vllm", temperatures=HEATS)
