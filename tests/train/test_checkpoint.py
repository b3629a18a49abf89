"""A checkpoint is whole or not there, is a model folder, and puts a learner back bit for bit."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs raif[train]")

from raif.config.train import TrainConfig  # noqa: E402
from raif.models.load import load  # noqa: E402
from raif.train.checkpoint import Progress, checkpoints, load_checkpoint, save_checkpoint  # noqa: E402
from raif.train.learner import Learner  # noqa: E402
from raif.train.logps import Sample, score  # noqa: E402

SAMPLES = [Sample([5, 6, 7], [10, 11, 12, 13], []), Sample([5], [20, 30], [])]


def learner(folder: Path, compute: str = "float32") -> Learner:
    keys = {"path": str(folder), "compute": compute, "device": "cpu"}
    return Learner(TrainConfig.model_validate({"model": keys}))


@pytest.mark.parametrize("compute", ["float32", "bfloat16"])
def test_a_learner_goes_on_bit_for_bit(tiny_folder: Path, tmp_path: Path, compute: str) -> None:
    first, again = learner(tiny_folder, compute), learner(tiny_folder, compute)
    for _ in range(3):
        first.update([], [], SAMPLES, lr=1e-2)
    save_checkpoint(tmp_path, first, Progress(step=3, updates=3, seconds=1.5, refilled=2), keep=1)
    assert load_checkpoint(tmp_path / "step-000003", again) == Progress(3, 3, 1.5, 2)
    for _ in range(2):
        assert first.update([], [], SAMPLES, lr=1e-2) == again.update([], [], SAMPLES, lr=1e-2)


def test_transformers_loads_a_checkpoint(tiny_folder: Path, tmp_path: Path) -> None:
    found = learner(tiny_folder)
    found.update([], [], SAMPLES, lr=1e-2)
    save_checkpoint(tmp_path, found, Progress(step=1), keep=1)
    again = load(str(tmp_path / "step-000001"), dtype=torch.float32, device="cpu")
    assert score(again, SAMPLES, size=2) == score(found.policy, SAMPLES, size=2)


def test_the_newest_are_kept_and_a_half_made_one_does_not_count(tiny_folder: Path, tmp_path: Path) -> None:
    found = learner(tiny_folder)
    for step in (1, 2, 3):
        save_checkpoint(tmp_path, found, Progress(step=step), keep=2)
    (tmp_path / "unfinished").mkdir()
    assert [p.name for p in checkpoints(tmp_path)] == ["step-000002", "step-000003"]
