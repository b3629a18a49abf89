"""The records of a run: from files, or made by the built-in generator inside the run's folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from raif.config.train import DataConfig
from raif.data.pipeline import generate
from raif.errors import RaifError, require
from raif.records import read
from raif.types import Instruction


def check_source(config: DataConfig) -> None:
    """Raise RaifError, before anything is loaded, where there is nothing to train on."""
    if not config.train and not config.generate:
        raise RaifError("there is nothing to train on", "Give --set data.train=FILE, or data.generate.")
    for path in (config.train, config.heldout):
        if path and not path.is_file():
            raise RaifError(
                f"{path}: no such file", "data.train and data.heldout name JSONL files of records."
            )


def load_records(
    config: DataConfig, folder: Path, progress: Callable[[int, int], None]
) -> tuple[list[Instruction], list[Instruction]]:
    """Training and held-out records. RecordError names the first bad line."""
    train, heldout = config.train, config.heldout
    if config.generate:
        train, heldout = (folder / "data" / f"{split}.jsonl" for split in ("train", "heldout"))
        if not (folder / "data" / "card.md").exists():  # the card is written last
            generate(config.generate, folder / "data", progress, overwrite=True)
    assert train, "check_source comes first"
    return [_usable(r, train) for r in read(train)], list(read(heldout)) if heldout else []


def _usable(record: Instruction, path: Path) -> Instruction:
    if record.questions:
        raise RaifError(
            f"{path}: record {record.id!r} has questions for a judge",
            "Train on records that code can check: constraints or a reference answer.",
        )
    if record.task == "math":
        require("math_verify", extra="math")
    return record
