"""What a GPU has to do: in training, the same as the CPU.

A check takes an empty folder, raises AssertionError if it fails, and Missing if something isn't installed.
test_gpu.py runs the checks on a real GPU and on a pretended one, and benchmarks/gpu_check.py also where there
is no pytest. So nothing here imports it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from math import isclose
from pathlib import Path
from typing import Any

import torch

from raif.config.models import LocalConfig
from raif.config.train import TrainConfig
from raif.models.decode import decode
from raif.models.load import load
from raif.models.local import LocalJudge
from raif.train.checkpoint import Progress, load_checkpoint, save_checkpoint
from raif.train.learner import Learner
from raif.train.log import Events
from raif.train.logps import Sample, score
from raif.train.run import Run
from tests import tiny
from tests.models.families import make

SAMPLES = [
    Sample([5, 6, 7], [10, 11, 12, 13], [-5.0, -5.5, -5.2, -6.0], 1.0, True),
    Sample([5], [20, 21], [-5.1, -5.9], -0.5, True),
    Sample([8, 9], [30], [-5.4], 2.0, False),
    Sample([8, 9, 10, 11, 12], [40, 41, 42, 43, 44, 45], [-5.0] * 6, 0.3, True),
]
CLONES = [replace(sample, old_logps=[]) for sample in SAMPLES]
PROMPTS = [[5, 6, 7], [8, 9, 10, 11]]
PLACES = ("cpu", "cuda")
CLOSE = {"float32": (1e-3, 1e-5), "bfloat16": (0.05, 0.03)}
"""Allowed differences between the devices, relative and absolute. Each rounds bfloat16 in its own order."""


class Missing(Exception):
    """What the check needs and doesn't find."""


def config(folder: Path, device: str, compute: str = "bfloat16", **keys: Any) -> TrainConfig:
    base: dict[str, Any] = {
        "steps": 2,
        "model": {"path": str(folder), "compute": compute, "device": device},
        "data": {
            "generate": {
                "count": 30,
                "max_constraints": 2,
                "thinking": "brief",
                "longest": 56,
                "levels": {"short": 1},
            }
        },
        "rollout": ROLLOUT,
        "loss": {"kl": 0.1},
        "cloning": {"batch": 4, "warmup_steps": 1},
        "optimizer": {"lr": 1e-3, "batch": 2, "micro_batch": 2},
        "evaluation": {"prompts": 3, "max_new_tokens": 8},
    }
    return TrainConfig.model_validate({**base, **keys})


ROLLOUT = {"prompts": 4, "group_size": 4, "max_new_tokens": 24}
UPDATES: dict[str, dict[str, Any]] = {
    "of the recipe": {},
    "in float32": {"compute": "float32"},
    "of GSPO": {"loss": {"ratio": "sequence", "normalisation": "dr_grpo", "kl": 0.1}},
    "with importance sampling": {"rollout": ROLLOUT | {"engine": "vllm"}},
    "of adapters": {"lora": {"rank": 4}, "compute": "float32"},
    "with the trainer's old log-probabilities": {"loss": {"kl": 0.1, "old": "trainer", "entropy": 0.01}},
    "in what fits": {"optimizer": {"batch": 2, "micro_batch": "auto"}},
    "of packed rows": {"method": "sft", "sft": {"packing": True, "max_tokens": 1200}},
}


def updates(family: str, keys: Mapping[str, Any], folder: Path) -> None:
    """Two updates give the same metrics, and then the same log-probabilities."""
    if "lora" in keys and not find_spec("peft"):
        raise Missing("needs raif[lora]")
    keys = {"compute": "bfloat16", **keys}
    learners = []
    for device in PLACES:
        torch.manual_seed(0)  # adapters start at random
        learners.append(Learner(config(make(family, folder / device), device, **keys)))
    samples = [] if keys.get("method") == "sft" else SAMPLES
    for fresh in (True, False):
        ours, theirs = (
            one.update(one.with_gaps(samples), one.frozen_logps(samples), CLONES, 1e-3, fresh=fresh)
            for one in learners
        )
        same(ours, theirs, *CLOSE[keys["compute"]])
    ours, theirs = (score(one.policy, SAMPLES, size=2) for one in learners)
    for a, b in zip(ours, theirs, strict=True):
        same(a, b, *CLOSE[keys["compute"]])


def responses(family: str, folder: Path) -> None:
    """Sampled tokens carry the log-probabilities that the CPU gives them.

    Rows end at different times, so the batch is also copied without the finished ones.
    """
    make(family, folder)
    here, there = (load(str(folder), dtype=torch.float32, device=device) for device in PLACES)
    there.net.generation_config.eos_token_id = list(range(0, 256, 8))
    answers = decode(there, PROMPTS, [4, 4], max_new_tokens=16, temperature=0.7, seeds=[1, 2])
    assert len({len(c.ids) for cs in answers for c in cs}) > 2, answers
    samples = [Sample(p, c.ids, c.logps) for p, cs in zip(PROMPTS, answers, strict=True) for c in cs]
    for sample, logps in zip(samples, score(here, samples, size=2, temperature=0.7), strict=True):
        same(sample.old_logps, logps, 0, 1e-3)


def judgements(family: str, folder: Path) -> None:
    """A local judge's first tokens are the CPU's."""
    make(family, folder)
    judges = [LocalJudge(str(folder), LocalConfig(device=device, compute="float32")) for device in PLACES]
    ours, theirs = (judge._first_tokens(PROMPTS) for judge in judges)
    for a, b in zip(ours, theirs, strict=True):
        same(dict(a), dict(b), 0, 1e-3)


def checkpoints(family: str, folder: Path) -> None:
    """A checkpoint of the GPU continues on the CPU, and the other way round. The exported model loads."""
    model = make(family, folder / "start")
    here, there, again = (Learner(config(model, device)) for device in ("cpu", "cuda", "cuda"))
    for writer, reader in ((there, here), (here, again)):
        writer.update(SAMPLES, writer.frozen_logps(SAMPLES), CLONES, 1e-3)
        steps = writer.optimizer.steps
        place = folder / f"of-{writer.policy.device.type}"
        save_checkpoint(place, writer, Progress(steps, steps), keep=1)
        load_checkpoint(place / f"step-{steps:06d}", reader)
        assert reader.optimizer.steps == steps
        for (name, a), (_, b) in zip(writer.weights(), reader.weights(), strict=True):
            assert torch.equal(a.cpu(), b.cpu()), name
    again.export(folder / "model")
    exported = load(str(folder / "model"), dtype=torch.bfloat16, device="cuda")
    assert score(exported, SAMPLES, size=4) == score(again.policy, SAMPLES, size=4)


def run(engine: str, folder: Path) -> None:
    """A whole run in bfloat16 ends with its report. vLLM's weights are compared on the way (`Checked`)."""
    if engine == "vllm" and not (find_spec("vllm") and torch.cuda.is_available()):
        raise Missing("needs vLLM (docs/vllm.md) and a CUDA device")
    model = tiny.make(folder / "start", hidden_size=128)
    out = folder / "run"
    out.mkdir()
    Run(config(model, "cuda", rollout=ROLLOUT | {"engine": engine}), out, Events()).go()
    rows = json.loads((out / "report.json").read_text())["rows"]
    assert [row["name"] for row in rows][:2] == ["untrained", "whole recipe"]
    load(str(out / "model"), dtype=torch.bfloat16, device="cuda")


def same(ours: Any, theirs: Any, relative: float, absolute: float) -> None:
    """Two mappings or sequences of numbers are equal within one of the two tolerances."""
    pairs: Iterable[tuple[Any, float, float]]
    if isinstance(ours, Mapping):
        assert ours.keys() == theirs.keys(), (ours, theirs)
        pairs = ((name, a, theirs[name]) for name, a in ours.items())
    else:
        pairs = ((i, a, b) for i, (a, b) in enumerate(zip(ours, theirs, strict=True)))
    for name, a, b in pairs:
        assert isclose(a, b, rel_tol=relative, abs_tol=absolute), f"{name}: {a} on the CPU, {b} on the GPU"


FAMILIES: Sequence[str] = ("llama", "qwen2")
CHECKS: dict[str, Callable[[Path], None]] = {
    **{f"update {n}, {f}": partial(updates, f, keys) for f in FAMILIES for n, keys in UPDATES.items()},
    **{
        f"{work.__name__}, {f}": partial(work, f)
        for work in (responses, judgements, checkpoints)
        for f in FAMILIES
    },
    **{f"run, {engine}": partial(run, engine) for engine in ("transformers", "vllm")},
}
