"""A stage of the pipeline: reads records, says of each what became of it, writes its own file.

What a stage has said is kept in a journal, a line for each thing read, so that a stage that was killed goes
on where it was. The result is put in the order of the input: it does not depend on when that happened, nor
on the order in which a stage that works on many things at once gets done with them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from raif import records
from raif.client.paid import Budget
from raif.config.staged import StagedConfig
from raif.data.card import StageFunnel
from raif.errors import ConfigError
from raif.files import jsonl
from raif.registry import Registry
from raif.types import Frozen, Instruction


class Outcome(Frozen):
    """What became of one thing read: a record, or why there is none."""

    number: int
    """Its place in what the stage reads, from 0."""
    record: Instruction | None = None
    dropped: str | None = None
    """Why, in words that many drops share: the funnel counts them."""
    detail: dict[str, Any] = Field(default_factory=dict)
    """What else a person who looks at the drop wants to know."""


class Numbered(NamedTuple):
    """One thing that a stage reads, with its place."""

    number: int
    item: Any

    def kept(self, record: Instruction) -> Outcome:
        return Outcome(number=self.number, record=record)

    def dropped(self, reason: str, **detail: Any) -> Outcome:
        return Outcome(number=self.number, dropped=reason, detail=detail)


class Stage(ABC):
    """One step from file to file. `folder` is the run's, `source` the file of records to read."""

    name: ClassVar[str]

    def __init__(self, config: StagedConfig, folder: Path, source: Path | None) -> None:
        self.config, self.folder, self.source = config, folder, source
        self.budget = Budget()
        """What the whole run may spend, and has spent; without limits unless the run sets others."""

    @property
    def output(self) -> Path:
        """The file that the next stage reads."""
        return self.folder / f"{self.name}.jsonl"

    def inputs(self) -> Iterator[Any]:
        """What there is to do, the same each time: by default the records of the stage before."""
        if self.source is None:
            raise ConfigError(
                f"{self.name}: no records to read", "Set input=FILE, or put the stage select first."
            )
        return records.read(self.source)

    @abstractmethod
    def process(self, todo: Iterator[Numbered], done: Sequence[Outcome]) -> Iterator[Outcome]:
        """One outcome for each of `todo`, in any order. `done` is what the journal has from before a crash.

        Each outcome is on the disk before the next one is asked for.
        """

    def settle(self, outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
        """The last word on all outcomes, in the order of the input: a stage that samples drops more here."""
        return outcomes

    def save(self, kept: Sequence[Instruction], funnel: StageFunnel) -> None:
        """Write what is kept. A crash on the way makes all of it anew, so every file may be replaced."""
        jsonl.write(self.output, (record.model_dump(mode="json") for record in kept))


STAGES: Registry[type[Stage]] = Registry("stage", ConfigError)
