"""`raif train` with a vLLM server that is killed during the run: what the user sees, and that nothing is
lost.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from raif.train.samplers.http import Server
from tests.tiny import repeatable
from tests.train.samplers.conftest import NEEDS_VLLM
from tests.vllm_server import Running, vllm_server

pytestmark = [pytest.mark.vllm, NEEDS_VLLM]

CONFIG = """
steps: 5
model: {{path: "{model}", compute: float32, gradient_checkpointing: false, device: cpu}}
data:
  generate: {{count: 40, max_constraints: 1, thinking: brief, longest: 56, levels: {{short: 1}}}}
  max_prompt_tokens: 1500
rollout:
  prompts: 2
  group_size: 4
  max_new_tokens: 64
  engine: vllm_server
  vllm: {{urls: ["{url}"], restart_timeout: {patience}}}
loss: {{kl: 0}}
cloning: {{batch: 2, warmup_steps: 1}}
optimizer: {{lr: 1e-3, batch: 4, micro_batch: 4}}
checkpoint: {{every: 100}}
evaluation: {{prompts: 0}}
"""


class Training:
    """`raif train` in `folder`, started."""

    def __init__(self, server: Running, folder: Path, patience: int, *options: str) -> None:
        folder.mkdir(exist_ok=True)
        config, self.out, self.log = folder / "config.yaml", folder / "run", folder / "stderr"
        config.write_text(CONFIG.format(model=server.folder, url=server.url, patience=patience))
        code = "from raif_cli.main import run; run()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "train", "--config", config, "--out", self.out, *options],
            stdout=subprocess.DEVNULL,
            stderr=self.log.open("w"),
        )

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The numbers of all steps so far, except their times."""
        file = self.out / "metrics.jsonl"
        lines = file.read_text().splitlines(keepends=True) if file.exists() else []
        steps = [json.loads(line) for line in lines if line.endswith("\n")]
        return [{k: v for k, v in repeatable(s).items() if k != "phase"} for s in steps]

    def reach(self, step: int) -> None:
        while len(self.metrics) < step:
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.02)

    def end(self) -> tuple[int, str]:
        """Its exit code, and what the user saw."""
        code = self.process.wait(1200)
        return code, " ".join(self.log.read_text().split())


@pytest.fixture(scope="module")
def server(wide_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with vllm_server(wide_folder, tmp_path_factory.mktemp("log") / "server.log") as running:
        yield running


@pytest.fixture(scope="module")
def whole(server: Running, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The metrics of an undisturbed run. vLLM's rounding depends on what it computes together."""
    training = Training(server, tmp_path_factory.mktemp("whole"), 0)
    code, said = training.end()
    assert code == 0, said
    return [pytest.approx(step, rel=1e-2, abs=1e-4) for step in training.metrics]


def test_a_run_goes_on_with_a_server_that_is_started_again(
    whole: list[Any], server: Running, tmp_path: Path
) -> None:
    training = Training(server, tmp_path, 900)
    training.reach(2)
    server.kill()
    server.start()
    code, said = training.end()
    assert code == 0, said
    assert f"waiting for a rollout server: {server.url}: the rollout server is gone" in said
    assert training.metrics == whole


def test_a_run_without_its_server_is_saved_and_goes_on_later(
    whole: list[Any], server: Running, tmp_path: Path
) -> None:
    Server(server.url).wait(900)  # the test before may have failed while it started
    training = Training(server, tmp_path, 1)
    training.reach(3)
    server.kill()
    code, said = training.end()
    assert code == 2
    assert "the rollout server is gone" in said
    assert f"saved up to step {len(training.metrics)}" in said
    assert "--resume" in said
    assert "Traceback" not in said
    server.start()
    Server(server.url).wait(900)
    again = Training(server, tmp_path, 1, "--resume")
    code, said = again.end()
    assert code == 0, said
    assert again.metrics == whole
