"""The records of a run, from files, data sets or the built-in generator, and what identifies them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raif.config.builtin import BuiltinConfig
from raif.config.data import HUB, DataConfig, DataSource
from raif.data.builtin.generate import generate
from raif.data.builtin.retell import RETELLINGS, asking, retell
from raif.errors import RaifError
from raif.files.rows import Row, files_of, fingerprint, of_hub, rows
from raif.records import instruction, read
from raif.types import Instruction

_HUB = re.compile(
    rf"{HUB}(?P<name>[^:@]+)(@(?P<revision>[^:]+))?(:(?P<config>[^:\[]+)(?=:))?(:(?P<split>.+))?"
)


@dataclass(frozen=True)
class Records:
    """`weighted`: the training records of each source with its weight; empty without weights."""

    train: Sequence[Instruction]
    heldout: Sequence[Instruction]
    weighted: Sequence[tuple[float, Sequence[Instruction]]] = ()


def check_source(config: DataConfig) -> None:
    """Raise RaifError if there is nothing to train on, before anything is loaded."""
    if not config.train and not config.generate:
        raise RaifError("there is nothing to train on", "Give --set data.train=FILE, or data.generate.")
    for source in (*config.train, *config.heldout):
        if source.path.startswith(HUB):
            hub_parts(source.path)
        else:
            files_of(source.path)


def load_records(
    config: DataConfig, folder: Path, progress: Callable[[int, int], None], model: str | None = None
) -> Records:
    """Training and held-out records, from their sources or made by the built-in generator inside the run's
    `folder`. `model`: which one retells. RecordError names the first bad line.
    """
    if config.generate:
        files = [folder / "data" / f"{split}.jsonl" for split in ("train", "heldout")]
        if not (folder / "data" / "card.md").exists():  # the card is written last
            generate(_retold(config, folder, progress, model), folder / "data", progress, overwrite=True)
        train, heldout = (list(read(file)) for file in files)
        if not train:
            raise RaifError(f"{files[0]}: there are no records in it", "Raise data.generate.count.")
        return Records(train, heldout)
    found = [_read(source) for source in config.train]
    for source, records in zip(config.train, found, strict=True):
        if not records:
            raise RaifError(
                f"{source.path}: there are no records in it", "Give data.train a file of records."
            )
    weights = [source.weight for source in config.train]
    heldout = [record for source in config.heldout for record in _read(source)]
    if config.heldout and not heldout:
        raise RaifError(
            f"{config.heldout[0].path}: there are no records in it",
            "Give data.heldout a file of records, or null for no evaluation.",
        )
    return Records(
        [record for records in found for record in records],
        heldout,
        [(weight, records) for weight, records in zip(weights, found, strict=True) if weight],
    )


def _retold(
    config: DataConfig, folder: Path, progress: Callable[[int, int], None], model: str | None
) -> BuiltinConfig:
    """What the generator makes, of a model's own sentences if one is to retell."""
    assert config.generate
    if not config.retell:
        return config.generate
    asked = config.retell.model_copy(update={"model": config.retell.model or model})
    retell(asked, folder / "retold", asking(asked), progress, resume="auto")
    return config.generate.model_copy(update={"retellings": str(folder / "retold" / RETELLINGS)})


def inputs(config: DataConfig) -> dict[str, str]:
    """The number and the checksum of each source's rows, by its key, wherever they are stored."""
    found = {}
    for key, sources in (("data.train", config.train), ("data.heldout", config.heldout)):
        for number, source in enumerate(sources):
            weight = f", weight {source.weight:g}" if source.weight else ""
            name = f"{key}.{number}" if len(sources) > 1 else key
            found[name] = fingerprint(row for _, row in _rows(source)) + weight
    return found


def hub_parts(place: str) -> dict[str, Any]:
    """What `hub:NAME@REVISION:CONFIG:SPLIT` says: a `name`, a `split`, and if given, `revision` and `config`.

    Raises RaifError if it isn't of this form. All but the name can be left out.
    """
    found = _HUB.fullmatch(place)
    if not found:
        raise RaifError(f"{place}: not of the form hub:NAME@REVISION:CONFIG:SPLIT", "Only NAME is needed.")
    return {"split": "train"} | {part: value for part, value in found.groupdict().items() if value}


def _read(source: DataSource) -> list[Instruction]:
    return [instruction(row, where) for where, row in _rows(source)]


def _rows(source: DataSource) -> Iterator[tuple[str, Row]]:
    if source.path.startswith(HUB):
        yield from of_hub(**hub_parts(source.path))
    else:
        for path in files_of(source.path):
            yield from rows(path)
