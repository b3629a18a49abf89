"""A real vLLM server: the policy's weights answer over HTTP, and its death is noticed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from raif.config.rollout import RolloutConfig
from raif.train.engines.flags import ENVIRONMENT, rollout_arguments
from raif.train.engines.http import Server, ServerGone
from raif.train.engines.server import ServerSampler
from raif.train.engines.transfer import DiskTransfer
from raif.train.lora import merged
from raif.train.model import Model
from tests.train.engines.conftest import NEEDS_VLLM, largest_difference, move, policy_of

pytestmark = [pytest.mark.vllm, NEEDS_VLLM]

PROMPTS = [[5, 6, 7] * 60, [8, 9, 10, 11, 12, 13], [14]]
MEMORY = ["--kv-cache-memory-bytes", str(100 * 2**20), "--max-model-len", "512", "--max-num-seqs", "16"]


@dataclass
class Running:
    """A vLLM server in a process group of its own."""

    folder: Path
    port: int
    log: Path

    def __post_init__(self) -> None:
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        options = ["--port", str(self.port), "--dtype", "float32", "--enforce-eager", *MEMORY]
        module = "vllm.entrypoints.openai.api_server"
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, "--model", str(self.folder), *options, *rollout_arguments()],
            env={**os.environ, **ENVIRONMENT, "VLLM_CPU_OMP_THREADS_BIND": "nobind", "HF_HUB_OFFLINE": "1"},
            stdout=self.log.open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="module")
def policy(wide_folder: Path) -> Model:
    return policy_of(wide_folder)


@pytest.fixture(scope="module")
def running(wide_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Running(wide_folder, port, tmp_path_factory.mktemp("log") / "server.log")
    try:
        Server(server.url).wait(300)
        yield server
    finally:
        server.kill()


def sampler(policy: Model, url: str, folder: Path, **keys: Any) -> ServerSampler:
    config = RolloutConfig.model_validate(
        {"engine": "vllm_server", "max_new_tokens": 24, "temperature": 0.7, "vllm": {"urls": [url], **keys}}
    )
    transfer = DiskTransfer(lambda: dict(merged(policy.net)), folder, timeout=60)
    return ServerSampler(config, transfer, end_ids=policy.end_ids, say=str)


def test_the_policys_new_weights_answer_also_after_a_restart(
    policy: Model, running: Running, tmp_path: Path
) -> None:
    """The last of these servers is a fresh one, which starts with the checkpoint's own weights."""
    s = sampler(policy, running.url, tmp_path, restart_timeout=300)
    for seed in (1, 2):
        move(policy, seed)
        s.sync()
        first = s.sample(PROMPTS, [3, 1, 2], seed=0)
        assert [len(cs) for cs in first] == [3, 1, 2]
        assert largest_difference(policy, PROMPTS, first, 0.7) < 1e-4
    running.kill()
    running.start()
    assert largest_difference(policy, PROMPTS, s.sample(PROMPTS, [3, 1, 2], seed=0), 0.7) < 1e-4


def test_a_killed_server_ends_the_wait(policy: Model, running: Running, tmp_path: Path) -> None:
    s = sampler(policy, running.url, tmp_path, restart_timeout=1)
    s.sync()
    running.kill()
    with pytest.raises(ServerGone, match="waited 1 seconds"):
        s.sample(PROMPTS, [1, 1, 1], seed=0)
