"""On a GPU: an update and a response are what they are on the CPU, and whole runs end. `pytest -m gpu`."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from raif.config.train import TrainConfig
from raif.models.decode import decode
from raif.models.load import load
from raif.train.learner import Learner
from raif.train.log import Events
from raif.train.logps import Sample, score
from raif.train.run import Run
from tests import tiny
from tests.train.test_loss import SAMPLES

DEVICE = "cuda"
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


def config(folder: Path, device: str, **keys: Any) -> TrainConfig:
    base: dict[str, Any] = {
        "steps": 2,
        "model": {"path": str(folder), "compute": "float32", "device": device},
        "data": {"generate": {"count": 30, "max_constraints": 2}},
        "rollout": {"prompts": 4, "group_size": 4, "max_new_tokens": 24},
        "loss": {"kl": 0.1},
        "cloning": {"batch": 4, "warmup_steps": 1},
        "optimizer": {"lr": 1e-3, "batch": 8, "micro_batch": 2},
        "evaluation": {"prompts": 3, "max_new_tokens": 8},
    }
    return TrainConfig.model_validate({**base, **keys})


@pytest.mark.parametrize("rank", [0, 4])
def test_updates_are_those_of_the_cpu(tiny_folder: Path, rank: int) -> None:
    if rank:
        pytest.importorskip("peft", reason="needs raif[lora]")
    learners = [Learner(config(tiny_folder, device, lora={"rank": rank})) for device in ("cpu", DEVICE)]
    for _ in range(2):
        ours, theirs = (one.update(SAMPLES, one.frozen_logps(SAMPLES), [], 1e-3) for one in learners)
        assert theirs == pytest.approx(ours, rel=1e-3, abs=1e-5)
    for sample in SAMPLES:
        ours, theirs = (torch.tensor(score(one.policy, [sample], size=1)) for one in learners)
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=0)


def test_responses_carry_the_log_probabilities_of_the_cpu(tiny_folder: Path) -> None:
    here, there = (load(str(tiny_folder), dtype=torch.float32, device=device) for device in ("cpu", DEVICE))
    prompts = [[5, 6, 7], [8, 9, 10, 11]]
    answers = decode(there, prompts, [2, 2], max_new_tokens=16, temperature=0.7, seeds=[1, 2])
    samples = [Sample(p, c.ids, c.logps) for p, cs in zip(prompts, answers, strict=True) for c in cs]
    own = score(here, samples, size=2, temperature=0.7)
    for sample, logps in zip(samples, own, strict=True):
        assert sample.old_logps == pytest.approx(logps, abs=1e-3)


@pytest.mark.parametrize("engine", ["transformers", "vllm"])
def test_a_run_in_bfloat16_ends_with_its_report(tmp_path: Path, engine: str) -> None:
    """vLLM's weights are compared with the policy's on the way (`Checked`)."""
    if engine == "vllm" and not find_spec("vllm"):
        pytest.skip("vLLM is not installed (docs/vllm.md)")
    folder = tiny.make(tmp_path / "model", hidden_size=128)
    rollout = {"prompts": 4, "group_size": 4, "max_new_tokens": 24, "engine": engine}
    model = {"path": str(folder), "compute": "bfloat16", "device": DEVICE}
    out = tmp_path / "run"
    out.mkdir()
    Run(config(folder, DEVICE, model=model, rollout=rollout), out, Events()).go()
    assert [row["name"] for row in json.loads((out / "report.json").read_text())["rows"]][:2] == [
        "untrained",
        "whole recipe",
    ]
    load(str(out / "model"), dtype=torch.bfloat16, device=DEVICE)
