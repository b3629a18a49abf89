"""TensorBoard events as TensorBoard itself reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs raif[train]")
pytest.importorskip("tensorboard", reason="needs raif[tensorboard]")

from raif.train.log import Log


def written(folder: Path, steps: range, reward: float) -> None:
    log = Log(folder, tensorboard=True)
    log.forget_after(steps.start - 1)
    for step in steps:
        log.write({"step": step, "phase": "grpo", "reward": reward})
    log.close()


def points(folder: Path) -> list[tuple[int, float]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    assert events.Tags()["scalars"] == ["step", "reward"]
    return [(point.step, point.value) for point in events.Scalars("reward")]


def test_each_number_of_a_step_is_a_point_of_its_curve(tmp_path: Path) -> None:
    written(tmp_path, range(1, 4), 0.5)
    assert points(tmp_path) == [(1, 0.5), (2, 0.5), (3, 0.5)]


def test_a_resumed_run_replaces_the_steps_after_its_checkpoint(tmp_path: Path) -> None:
    written(tmp_path, range(1, 4), 0.5)
    written(tmp_path, range(2, 4), 2.0)
    assert points(tmp_path) == [(1, 0.5), (2, 2.0), (3, 2.0)]
