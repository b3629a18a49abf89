"""The records of a run: from files, or made by the built-in generator inside the run's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from raif.config.train import DataConfig
from raif.data.builtin.generate import generate
from raif.errors import RaifError, require
from raif.records import read
from raif.types import SOLVED, Instruction


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
    return list(read(train)), list(read(heldout)) if heldout else []


def check_rewards(records: Iterable[Instruction], *, judged: bool) -> None:
    """Raise RaifError at a record with nothing to reward, or with questions where they are not `judged`."""
    for record in records:
        if record.questions and not judged:
            raise RaifError(
                f"the training record {record.id!r} has questions for a judge",
                "Name one: judge.model with judge.endpoint.base_url, its server, or with judge.local.",
            )
        if record.task == "math":
            require("math_verify", extra="math")
        elif record.task not in SOLVED and not record.questions and not record.constraints:
            raise RaifError(
                f"the training record {record.id!r} has no constraint, question or reference answer",
                "Leave it out of data.train: there is nothing to reward. method: sft can learn from it.",
            )
