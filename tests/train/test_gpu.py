"""On a GPU, training does what it does on the CPU. `pytest -m gpu` asks a real one.

Without one the same tests run on a pretended GPU (tests/pretended_gpu.py): a tensor that was left or created
on the CPU fails there as it would on a GPU. What can't run so: DeepSpeed, NCCL and vLLM, which need a driver;
CUDA's kernels, with their rounding, memory and speed; what computes in another thread.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
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
from tests.pretended_gpu import pretended_gpu
from tests.train.test_loss import SAMPLES

REAL = torch.cuda.is_available()
CLONES = [replace(sample, old_logps=[]) for sample in SAMPLES]
PLACES = ("cpu", "cuda")
CLOSE = {"float32": {"rel": 1e-3, "abs": 1e-5}, "bfloat16": {"rel": 0.05, "abs": 0.03}}
"""How close the GPU's numbers are to the CPU's. Both round bfloat16 in orders of their own."""


@pytest.fixture(
    params=[
        pytest.param(
            "real", marks=[pytest.mark.gpu, pytest.mark.skipif(not REAL, reason="needs a CUDA device")]
        ),
        pytest.param("pretended", marks=pytest.mark.skipif(REAL, reason="a real GPU is there")),
    ],
    autouse=True,
)
def gpu(request: pytest.FixtureRequest) -> Iterator[str]:
    """Makes `device="cuda"` work."""
    with pretended_gpu() if request.param == "pretended" else nullcontext():
        yield request.param


@pytest.fixture(scope="module", params=["llama", "qwen2"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(request.param, tmp_path_factory.mktemp(request.param))


def config(folder: Path, device: str, compute: str = "bfloat16", **keys: Any) -> TrainConfig:
    base: dict[str, Any] = {
        "steps": 2,
        "model": {"path": str(folder), "compute": compute, "device": device},
        "data": {"generate": {"count": 30, "max_constraints": 2}},
        "rollout": {"prompts": 4, "group_size": 4, "max_new_tokens": 24},
        "loss": {"kl": 0.1},
        "cloning": {"batch": 4, "warmup_steps": 1},
        "optimizer": {"lr": 1e-3, "batch": 2, "micro_batch": 2},
        "evaluation": {"prompts": 3, "max_new_tokens": 8},
    }
    return TrainConfig.model_validate({**base, **keys})


ROLLOUT = {"prompts": 4, "group_size": 4, "max_new_tokens": 24}
KINDS: dict[str, dict[str, Any]] = {
    "of the recipe": {},
    "in float32": {"compute": "float32"},
    "of GSPO": {"loss": {"ratio": "sequence", "normalisation": "dr_grpo", "kl": 0.1}},
    "with importance sampling": {"rollout": ROLLOUT | {"engine": "vllm"}},
    "of adapters": {"lora": {"rank": 4}, "compute": "float32"},
    "of packed rows": {"method": "sft", "sft": {"packing": True, "max_tokens": 1200}},
}


@pytest.mark.parametrize(
    "mixed",
    [
        lambda here, there: here + there,
        lambda here, there: torch.cat([here, there]),
        lambda here, there: here[there.long()],
        lambda here, there: here[there > 0],
        lambda here, there: torch.where(there > 0, there, here),
        lambda here, there: there.index_put((there.long(),), here),
        lambda here, there: there.gather(0, here.long()),
        lambda here, there: torch.nn.functional.embedding(here.long(), there[:, None]),
    ],
)
def test_mixed_devices_raise(mixed: Any) -> None:
    """Else the pretended GPU would show nothing."""
    with pytest.raises(RuntimeError, match="device"):
        mixed(torch.ones(3), torch.ones(3, device="cuda"))


def test_what_a_gpu_takes_from_the_cpu() -> None:
    here, there = torch.ones(3), torch.ones(3, device="cuda", requires_grad=True)
    (there * here[0])[here > 0].sum().backward()
    assert there.grad is not None
    assert (there.grad.device.type, there.grad.tolist()) == ("cuda", [1.0, 1.0, 1.0])
    assert (there.cpu().device.type, there.sum().item(), bool((there == 1).all())) == ("cpu", 3.0, True)


@pytest.mark.parametrize("kind", KINDS)
def test_updates_are_those_of_the_cpu(folder: Path, kind: str) -> None:
    if kind == "of adapters":
        pytest.importorskip("peft", reason="needs raif[lora]")
    keys = {"compute": "bfloat16", **KINDS[kind]}
    close: Any = CLOSE[keys["compute"]]
    learners = []
    for device in PLACES:
        torch.manual_seed(0)  # adapters start at random
        learners.append(Learner(config(folder, device, **keys)))
    samples = [] if keys.get("method") == "sft" else SAMPLES
    for fresh in (True, False):
        ours, theirs = (
            one.update(one.with_gaps(samples), one.frozen_logps(samples), CLONES, 1e-3, fresh=fresh)
            for one in learners
        )
        assert theirs == pytest.approx(ours, **close)
    ours, theirs = (score(one.policy, SAMPLES, size=2) for one in learners)
    for a, b in zip(ours, theirs, strict=True):
        assert b == pytest.approx(a, **close)


def test_responses_carry_the_log_probabilities_of_the_cpu(folder: Path) -> None:
    """Rows end at different times, so the batch is also copied without the finished ones."""
    here, there = (load(str(folder), dtype=torch.float32, device=device) for device in PLACES)
    there.net.generation_config.eos_token_id = list(range(0, 256, 8))
    prompts = [[5, 6, 7], [8, 9, 10, 11]]
    answers = decode(there, prompts, [4, 4], max_new_tokens=16, temperature=0.7, seeds=[1, 2])
    assert len({len(c.ids) for cs in answers for c in cs}) > 2
    samples = [Sample(p, c.ids, c.logps) for p, cs in zip(prompts, answers, strict=True) for c in cs]
    own = score(here, samples, size=2, temperature=0.7)
    for sample, logps in zip(samples, own, strict=True):
        assert sample.old_logps == pytest.approx(logps, abs=1e-3)


def test_a_judge_reads_the_same_first_tokens_as_on_the_cpu(folder: Path) -> None:
    judges = [LocalJudge(str(folder), LocalConfig(device=device, compute="float32")) for device in PLACES]
    ours, theirs = (judge._first_tokens([[5, 6, 7], [8, 9, 10, 11]]) for judge in judges)
    for a, b in zip(ours, theirs, strict=True):
        assert dict(b) == pytest.approx(dict(a), abs=1e-3)


def test_a_checkpoint_of_the_gpu_is_read_on_the_cpu_and_back(folder: Path, tmp_path: Path) -> None:
    here, there, again = (Learner(config(folder, device)) for device in ("cpu", "cuda", "cuda"))
    for writer, reader in ((there, here), (here, again)):
        writer.update(SAMPLES, writer.frozen_logps(SAMPLES), CLONES, 1e-3)
        save_checkpoint(tmp_path / reader.policy.device.type, writer, Progress(1, 1), keep=1)
        load_checkpoint(tmp_path / reader.policy.device.type / "step-000001", reader)
        assert reader.optimizer.steps == writer.optimizer.steps
        for (name, a), (_, b) in zip(writer.weights(), reader.weights(), strict=True):
            assert torch.equal(a.cpu(), b.cpu()), name
    there.export(tmp_path / "model")
    exported = load(str(tmp_path / "model"), dtype=torch.bfloat16, device="cuda")
    assert score(exported, SAMPLES, size=4) == score(there.policy, SAMPLES, size=4)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["transformers", "vllm"])
def test_a_run_in_bfloat16_ends_with_its_report(tmp_path: Path, engine: str, gpu: str) -> None:
    """vLLM's weights are compared with the policy's on the way (`Checked`)."""
    if engine == "vllm" and (gpu == "pretended" or not find_spec("vllm")):
        pytest.skip("needs vLLM (docs/vllm.md) and a CUDA device")
    folder = tiny.make(tmp_path / "model", hidden_size=128)
    out = tmp_path / "run"
    out.mkdir()
    Run(config(folder, "cuda", rollout=ROLLOUT | {"engine": engine}), out, Events()).go()
    assert [row["name"] for row in json.loads((out / "report.json").read_text())["rows"]][:2] == [
        "untrained",
        "whole recipe",
    ]
    load(str(out / "model"), dtype=torch.bfloat16, device="cuda")
