"""Weights & Biases, the real package, offline."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from raif.config import dump
from raif.config.train import TrainConfig

pytest.importorskip("torch", reason="needs raif[train]")
pytest.importorskip("wandb", reason="needs raif[wandb]")

from raif.train.log import Log

pytestmark = pytest.mark.slow


BLOCK, HEADER = 32768, struct.Struct("<IHB")


def records(folder: Path) -> Iterator[Any]:
    """What the package wrote to its file, to be sent later: records in pieces, as LevelDB's log has them."""
    from wandb.proto.wandb_internal_pb2 import Record

    (path,) = (folder / "wandb").glob("offline-run-*/run-*.wandb")
    data, position, piece = path.read_bytes(), 7, b""  # after the name of the format
    while position + HEADER.size <= len(data):
        if BLOCK - position % BLOCK < HEADER.size:
            position += BLOCK - position % BLOCK  # too little is left in the block for another piece
            continue
        _, length, kind = HEADER.unpack_from(data, position)
        piece += data[position + HEADER.size : position + HEADER.size + length]
        position += HEADER.size + length
        if kind in (1, 4):  # whole, or the last piece
            yield Record.FromString(piece)
            piece = b""


def test_numbers_are_logged_by_step_with_the_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import wandb

    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    (tmp_path / "config.yaml").write_text(dump(TrainConfig(seed=3)), "utf-8")
    log = Log(tmp_path, tensorboard=False, wandb="raif")
    for step in (5, 6):
        log.write({"step": step, "phase": "grpo", "reward": step / 2, "kind/a:b": 1.0})
    log.close()
    wandb.teardown()  # a run's last records may be written after it is finished
    found = list(records(tmp_path))
    logged = [values(one.history) for one in found if one.WhichOneof("record_type") == "history"]
    assert [(one["_step"], one["reward"], one["kind/a:b"]) for one in logged] == [(5, 2.5, 1), (6, 3.0, 1)]
    assert "phase" not in logged[0]
    run = next(one.run for one in found if one.WhichOneof("record_type") == "run")
    assert (run.project, run.display_name) == ("raif", tmp_path.name)
    assert {item.key: json.loads(item.value_json) for item in run.config.update}["seed"] == 3


def values(history: Any) -> dict[str, Any]:
    return {".".join(item.nested_key) or item.key: json.loads(item.value_json) for item in history.item}
