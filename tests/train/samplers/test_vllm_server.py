"""A real vLLM server: the policy's weights answer over HTTP, and its death is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from raif.config.rollout import RolloutConfig
from raif.models.load import Model
from raif.train.optim.lora import merged
from raif.train.samplers.http import ServerGone
from raif.train.samplers.server import ServerSampler
from raif.train.samplers.transfer import DiskTransfer
from tests.train.samplers.conftest import NEEDS_VLLM, largest_difference, move, policy_of
from tests.vllm_server import Running, vllm_server

pytestmark = [pytest.mark.vllm, NEEDS_VLLM]

PROMPTS = [[5, 6, 7] * 60, [8, 9, 10, 11, 12, 13], [14]]


@pytest.fixture(scope="module")
def policy(wide_folder: Path) -> Model:
    return policy_of(wide_folder)


@pytest.fixture(scope="module")
def running(wide_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with vllm_server(wide_folder, tmp_path_factory.mktemp("log") / "server.log") as server:
        yield server


def sampler(policy: Model, url: str, folder: Path, **keys: Any) -> ServerSampler:
    config = RolloutConfig.model_validate(
        {"engine": "vllm_server", "max_new_tokens": 24, "temperature": 0.7, "vllm": {"urls": [url], **keys}}
    )
    transfer = DiskTransfer(lambda: dict(merged(policy.net)), folder, timeout=60)
    return ServerSampler(config, transfer, end_ids=policy.end_ids, say=str)


def test_the_policys_new_weights_answer_also_after_a_restart(
    policy: Model, running: Running, tmp_path: Path
) -> None:
    """The restarted server begins with the checkpoint's own weights."""
    s = sampler(policy, running.url, tmp_path, restart_timeout=900)
    for seed in (1, 2):
        move(policy, seed)
        s.sync()
        first = s.sample(PROMPTS, [3, 1, 2], seed=0)
        assert [len(cs) for cs in first] == [3, 1, 2]
        assert largest_difference(policy, PROMPTS, first, 0.7) < 1e-4
    running.kill()
    running.start()
    assert largest_difference(policy, PROMPTS, s.sample(PROMPTS, [3, 1, 2], seed=0), 0.7) < 1e-4


def test_more_prompts_than_a_step_reads_are_sampled(policy: Model, running: Running, tmp_path: Path) -> None:
    """vLLM reads a few thousand tokens of prompts per step."""
    s = sampler(policy, running.url, tmp_path)
    s.sync()
    sampled = s.sample([[5 + i] * 400 for i in range(16)], [1] * 16, seed=0)
    assert all(c.ids for cs in sampled for c in cs)


def test_a_killed_server_ends_the_wait(policy: Model, running: Running, tmp_path: Path) -> None:
    s = sampler(policy, running.url, tmp_path, restart_timeout=1)
    s.sync()
    running.kill()
    with pytest.raises(ServerGone, match="waited 1 seconds"):
        s.sample(PROMPTS, [1, 1, 1], seed=0)
