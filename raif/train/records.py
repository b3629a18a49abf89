"""The records of a run: from files, or made by the built-in generator inside the run's folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from raif.config.train import DataConfig
from raif.data.pipeline import generate
from raif.errors import RaifError
from raif.records import read
from raif.types import Instruction


def load_records(
    config: DataConfig, folder: Path, progress: Callable[[int, int], None]
) -> tuple[list[Instruction], list[Instruction]]:
    """Training and held-out records. RecordError names the first bad line."""
    train, heldout = config.train, config.heldout
    if config.generate:
        train, heldout = (folder / "data" / f"{split}.jsonl" for split in ("train", "heldout"))
        if not (folder / "data" / "card.md").exists():  # the card is written last
            (folder / "data").mkdir(exist_ok=True)
            generate(config.generate, folder / "data", progress)
    if train is None:
        raise RaifError("there is nothing to train on", "Give --set data.train=FILE, or data.generate.")
    return [_usable(r, train) for r in read(train)], list(read(heldout)) if heldout else []


def _usable(record: Instruction, path: Path) -> Instruction:
    if record.questions:
        raise RaifError(
            f"{path}: record {record.id!r} has questions for a judge", "Train on records that code can check: constraints or a reference answer."
        )
    return record
