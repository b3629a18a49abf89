"""vLLM in this process: the policy's weights answer, exactly."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from raif.config.rollout import RolloutConfig
from raif.models.chat import Chat
from raif.models.load import Model
from raif.train.optim.lora import merged
from raif.train.samplers.sampler import Sampler
from raif.types import Message
from tests.train.samplers.conftest import NEEDS_VLLM, largest_difference, move, policy_of

pytestmark = [pytest.mark.vllm, NEEDS_VLLM]

PROMPTS = [[5, 6, 7] * 60, [8, 9, 10, 11, 12, 13], [14]]
TEMPERATURE = 0.7


@pytest.fixture(scope="module")
def policy(wide_folder: Path) -> Model:
    return policy_of(wide_folder)


@pytest.fixture(scope="module")
def sampler(policy: Model, wide_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sampler]:
    from raif.train.samplers.colocated import ColocatedSampler

    config = RolloutConfig.model_validate(
        {"max_new_tokens": 24, "temperature": TEMPERATURE, "batch": 16, "vllm": {"kv_cache_gib": 0.1}}
    )
    yield ColocatedSampler(
        str(wide_folder),
        lambda: dict(merged(policy.net)),
        config,
        dtype="float32",
        end_ids=policy.end_ids,
        max_length=512,
        on_cpu=True,
        folder=tmp_path_factory.mktemp("weights"),
    )
    gc.collect()


def test_the_policys_new_weights_answer(policy: Model, sampler: Sampler) -> None:
    """Also for a prompt whose old keys and values were cached, and at another temperature."""
    for seed in (1, 2):
        move(policy, seed)
        sampler.sync()
        sampled = sampler.sample(PROMPTS, [3, 1, 2], seed=0)
        assert [len(cs) for cs in sampled] == [3, 1, 2]
        assert largest_difference(policy, PROMPTS, sampled, TEMPERATURE) < 1e-4


def test_one_seed_samples_the_same_again(sampler: Sampler) -> None:
    sampler.sync()
    first, second, other = (sampler.sample(PROMPTS, [3, 1, 2], seed=seed) for seed in (7, 7, 8))
    assert first == second != other
    assert len({tuple(c.ids) for c in first[0]}) == 3


def test_a_response_continues_an_empty_thinking_block_in_the_prompt(policy: Model, sampler: Sampler) -> None:
    chat = Chat(policy.tokenizer, "tagged")
    prompts = [chat.prompt([Message(role="user", content="Hi")], mode) for mode in ("thinking", "plain")]
    sampler.sync()
    sampled = sampler.sample(prompts, [2, 2], seed=0)
    assert largest_difference(policy, prompts, sampled, TEMPERATURE) < 1e-4


def test_a_response_ends_with_its_end_token_or_is_truncated(policy: Model, sampler: Sampler) -> None:
    sampler.sync()
    for c in (c for cs in sampler.sample(PROMPTS, [8, 8, 8], seed=3) for c in cs):
        assert c.truncated == (c.ids[-1] not in policy.end_ids)
        assert len(c.ids) == 24 if c.truncated else len(c.ids) <= 24


def test_more_prompts_than_a_step_reads_are_sampled(sampler: Sampler) -> None:
    """vLLM reads a few thousand tokens of prompts per step."""
    sampler.sync()
    sampled = sampler.sample([[5 + i] * 400 for i in range(16)], [1] * 16, seed=0)
    assert all(c.ids for cs in sampled for c in cs)
