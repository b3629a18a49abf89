"""What a benchmark is, and the registry of them.

One flow for all: items -> messages -> answers -> requests to a judge, where there is one -> scores -> tables.
A benchmark says each step as a pure function; asking, keeping, resuming, resampling and reporting are not its
business.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from raif.config.eval import Dialect
from raif.errors import ConfigError, RaifError
from raif.eval.rates import Figure, Rates, Table, Tally
from raif.eval.stored import StoredAnswer, StoredJudgment, answers_in, judgments_in
from raif.judge.requests import JudgeRequest, Replies
from raif.prompts import Prompts
from raif.registry import Registry
from raif.types import Message, Verification

DATA_FOLDER = "RAIF_BENCHMARK_DATA"


class Item(Protocol):
    """One task of a benchmark, with whatever its scoring needs."""

    @property
    def id(self) -> str: ...

    @property
    def messages(self) -> tuple[Message, ...]:
        """What the model is asked, without the system text of the config."""
        ...


I = TypeVar("I", bound=Item)  # noqa: E741 (an item)


@dataclass(frozen=True, slots=True)
class Scored:
    """What one answer is worth. `parts`: scores of this item in [0, 1] by name, the item's own first; None
    where one does not apply or could not be judged. `labels`: what the item belongs to, for tables and
    for those who browse."""

    verification: Verification
    parts: Mapping[str, float | None]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample(Generic[I]):
    """An item with what its answer scored."""

    item: I
    scored: Scored


class Benchmark(ABC, Generic[I]):
    """Items, how each is asked and judged, how an answer is scored, and what the scores add up to."""

    file: ClassVar[str]
    """The data's place under the folder of all benchmarks: a file, or a folder."""
    source: ClassVar[str]
    """Where the public data is."""
    prompts: ClassVar[str | None] = None
    """Name of its judge prompts, `raif/prompts/eval/NAME.yaml`; None: no judge is needed."""

    @abstractmethod
    def items(self, path: Path) -> Sequence[I]:
        """RecordError where the data can't be used."""

    def messages(self, item: I, system: str | None) -> tuple[Message, ...]:
        """The item's messages, after the system text unless they have their own."""
        if not system or item.messages[0].role == "system":
            return item.messages
        return (Message(role="system", content=system), *item.messages)

    def steps(self, item: I) -> Sequence[str]:
        """The instructions that an item was composed of, for oracle decomposition; none: it was not."""
        return ()

    def requests(
        self, item: I, answer: str, replies: Replies, prompts: Prompts, dialect: Dialect
    ) -> Sequence[JudgeRequest]:
        """All requests that can be put now; it is called again with their replies until none is new."""
        return ()

    @abstractmethod
    def score(self, item: I, answer: str | None, replies: Replies, dialect: Dialect) -> Scored:
        """Score an answer; None is one that never came out of the thinking. In the dialect `sound` a blank
        answer has no replies and fails, and what the judge did not say is None."""

    def tallies(self, samples: Sequence[Sample[I]], dialect: Dialect) -> Sequence[Tally]:
        """What is resampled: one tally for each prompt, or group of prompts that hang together."""
        return [self.tally(sample, dialect) for sample in samples]

    def tally(self, sample: Sample[I], dialect: Dialect) -> Tally:
        """By default the item's parts, a cell each."""
        return {name: [value] for name, value in sample.scored.parts.items() if value is not None}

    @abstractmethod
    def tables(self, rates: Rates, dialect: Dialect) -> Sequence[Table]:
        """The headline is the first value of the first row, then its parts, then the tables by category."""

    @abstractmethod
    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Figure]:
        """What the paper prints, as shares of 1, by the names in `paper.yaml`, its headline first."""

    def answers(self, path: Path) -> Iterable[StoredAnswer]:
        """Stored answers of `--responses`, ours or in the benchmark's released format."""
        return answers_in(path)

    def judgments(self, path: Path) -> Iterable[StoredJudgment]:
        """Stored judgments of `--judgments`, ours or in the benchmark's released format."""
        return judgments_in(path)

    def restored(self, items: Sequence[I], path: Path, dialect: Dialect) -> Sequence[I]:
        """The items that the stored answers in `path` are scored as."""
        return items


BENCHMARKS: Registry[Benchmark[Any]] = Registry("benchmark", ConfigError)


def locate(benchmark: Benchmark[Any], data: Path | None) -> Path:
    """The data that was given, else that under RAIF_BENCHMARK_DATA. RaifError where there is none."""
    folder = os.environ.get(DATA_FOLDER)
    path = data or (Path(folder) / benchmark.file if folder else None)
    if path is None:
        raise RaifError(f"no data: {benchmark.file} is not part of this package", _where(benchmark))
    if not path.exists():
        raise RaifError(f"{path}: no such file", _where(benchmark))
    return path


def _where(benchmark: Benchmark[Any]) -> str:
    return (
        f"The public data is {benchmark.source}. Give it with --data, or put it at "
        f"FOLDER/{benchmark.file} and set {DATA_FOLDER}=FOLDER."
    )


AUTHORS_SYSTEM = "You are a helpful assistant."
"""The method's authors send this system message to a judge, as to any model."""


def judge_messages(text: str, dialect: Dialect) -> tuple[Message, ...]:
    """The messages of a request to a judge that has one turn."""
    turn = Message(role="user", content=text)
    return (Message(role="system", content=AUTHORS_SYSTEM), turn) if dialect == "authors" else (turn,)
