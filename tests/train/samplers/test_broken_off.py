"""A run whose rollout server dies stops with a checkpoint, and resumes as if nothing had happened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from raif.config.train import TrainConfig
from raif.errors import EndpointError
from raif.train.checkpoint import checkpoints
from raif.train.log import Events
from raif.train.run import Run
from tests.rollout_server import RolloutServer, rollout_server, start
from tests.tiny import repeatable

SHORT = {"max_constraints": 1, "thinking": "brief", "longest": 56, "levels": {"short": 1}}
"""The tiny model's tokens are bytes: attention over long prompts would take most of the time."""


def config(folder: Path, url: str) -> TrainConfig:
    return TrainConfig.model_validate(
        {
            "steps": 3,
            "model": {
                "path": str(folder),
                "compute": "float32",
                "gradient_checkpointing": False,
                "device": "cpu",
            },
            "data": {"generate": {"count": 12, "languages": {"en": 1}, **SHORT}},
            "rollout": {
                "prompts": 2,
                "group_size": 4,
                "max_new_tokens": 12,
                "engine": "vllm_server",
                "vllm": {"urls": [url], "restart_timeout": 0},
            },
            "cloning": {"batch": 2, "warmup_steps": 1},
            "optimizer": {"lr": 1e-3, "batch": 4, "micro_batch": 4},
            "checkpoint": {"every": 100},
            "evaluation": {"prompts": 0},
        }
    )


def metrics(out: Path) -> list[dict[str, Any]]:
    lines = (out / "metrics.jsonl").read_text().splitlines()
    return [repeatable(json.loads(line)) for line in lines]


class DiesAt(Events):
    """Kills the server during the rollout or the weight update after step 2."""

    def __init__(self, server: RolloutServer, path: str) -> None:
        self.server, self.path = server, path

    def step(self, step: object, total: int) -> None:
        if step.metrics["step"] == 2:  # type: ignore[attr-defined]
            self.server.dies_at = self.path


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/v1/completions", "/update_weights"])
def test_nothing_is_lost_when_the_server_dies(tiny_folder: Path, tmp_path: Path, path: str) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for folder in (whole, broken):
        folder.mkdir()
    with rollout_server(tiny_folder) as server:
        Run(config(tiny_folder, server.url), whole, Events()).go()
    dying = start(tiny_folder)
    with pytest.raises(EndpointError) as raised:
        Run(config(tiny_folder, dying.url), broken, DiesAt(dying, path)).go()
    assert "saved up to step 2" in raised.value.hint
    assert "--resume" in raised.value.hint
    assert [c.name for c in checkpoints(broken / "checkpoints")] == ["step-000002"]
    with rollout_server(tiny_folder) as server:
        Run(config(tiny_folder, server.url), broken, Events()).go()
    assert metrics(broken) == metrics(whole)
