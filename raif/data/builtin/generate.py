"""gen-data's built-in mode: the same records for the same config, offline, on one core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import floor
from pathlib import Path
from typing import Any

from raif.config.builtin import BuiltinConfig
from raif.data.builtin.make import Maker
from raif.data.builtin.seeds import SPLITS, Split
from raif.data.card import statistics
from raif.data.cards import write_card
from raif.data.funnel import Funnel
from raif.files import jsonl
from raif.files.runs import open_run
from raif.types import Instruction


@dataclass(frozen=True)
class Summary:
    """Where the records are, how many, and what became of the draws."""

    folder: Path
    train: int
    heldout: int
    funnel: Funnel


def generate(
    config: BuiltinConfig,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
    *,
    overwrite: bool = False,
) -> Summary:
    """Write config, train.jsonl, heldout.jsonl and data card into `folder`; `progress` hears (done, of all).

    ConfigError where the folder holds a run already, where the kinds are unknown, or where they are so few
    that the records asked for can't be made.
    """
    funnel = Funnel()
    splits = {split: records(config, split, funnel) for split in SPLITS}
    open_run(folder, config, overwrite=overwrite)
    made: dict[str, list[Instruction]] = {}
    for split, source in splits.items():
        made[split] = []
        for record in source:
            made[split].append(record)
            if progress:
                progress(funnel.written, config.count)
        jsonl.write(folder / f"{split}.jsonl", made[split])
    stats = statistics(made) | {"funnel": vars(funnel)}
    write_card(folder, _introduction(config, stats), stats, funnel.rows())
    return Summary(folder, len(made["train"]), len(made["heldout"]), funnel)


def records(
    config: BuiltinConfig, split: Split = "train", funnel: Funnel | None = None
) -> Iterator[Instruction]:
    """The records of one split; their seeds occur in no record of the other. Counts into `funnel`.

    ConfigError, at once, where the kinds are unknown, and later where too few can be combined.
    """
    maker = Maker(config, split, Funnel() if funnel is None else funnel)
    held = round(config.count * config.heldout_share)
    made = map(maker.record, range(held if split == "heldout" else config.count - held))
    return made if split == "heldout" else _with_experts(made, config.expert_share)


def _with_experts(made: Iterable[Instruction], share: float) -> Iterator[Instruction]:
    """Of the first n records, the share of n have an expert answer, rounded down."""
    for number, record in enumerate(made):
        more = floor((number + 1) * share) > floor(number * share)
        yield record if more else record.model_copy(update={"expert": None})


_INTRODUCTION = """\
{train} training and {heldout} held-out records; the splits share no seed ({train_seeds} and {heldout_seeds}).
Made by the built-in responder with random seed {seed}: `config.yaml` makes the same records again.

Each record is an instruction with constraints that code checks; {experts} of them have an expert answer
with its thinking. Every answer that was written passed all of its constraints strictly. The sentences are
those of the packaged seeds: the records teach to follow constraints, not facts."""


def _introduction(config: BuiltinConfig, stats: Mapping[str, Any]) -> str:
    seeds = {f"{split}_seeds": count for split, count in stats["seeds"].items()}
    return _INTRODUCTION.format(**stats["records"], **seeds, seed=config.seed, experts=stats["experts"])
