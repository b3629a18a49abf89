"""What a benchmark is, and the registry of all benchmarks.

All go the same way: items -> messages -> answers -> requests to a judge, if there is one -> scores -> tables.
A benchmark defines each step as a pure function. Asking, saving, resuming, resampling and reporting
are done elsewhere.
"""

from __future__ import annotations

import os
import random
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from raif.config.eval import Dialect
from raif.errors import ConfigError, RaifError
from raif.eval import stored
from raif.eval.rates import Estimate, Rates, Table, Tally
from raif.eval.stored import StoredAnswer, StoredJudgment
from raif.files import jsonl
from raif.files.benchmark_data import FOLDER
from raif.judge.requests import JudgeRequest, Replies
from raif.prompts import Prompts
from raif.registry import Registry
from raif.types import Message, Verification


class Item(Protocol):
    """One task of a benchmark, with all that its scoring needs."""

    @property
    def id(self) -> str: ...

    @property
    def messages(self) -> tuple[Message, ...]:
        """What the model is asked, without the config's system text."""
        ...


I = TypeVar("I", bound=Item)  # noqa: E741 (an item)


AUTHORS_SYSTEM = "You are a helpful assistant."
"""The method's authors send this system message to a judge, as to any model."""


def judge_messages(text: str, dialect: Dialect) -> tuple[Message, ...]:
    """The messages of a request to a judge that has one turn."""
    turn = Message(role="user", content=text)
    return (Message(role="system", content=AUTHORS_SYSTEM), turn) if dialect == "authors" else (turn,)


@dataclass(frozen=True, slots=True)
class ScoredItem(Generic[I]):
    """An item with the score of its answer.

    `parts`: scores in [0, 1] by name, the item's main score first; None if one does not apply or could not be
    judged. `labels`: the categories that the item belongs to, for tables and for the samples' filters.
    """

    item: I
    verification: Verification
    parts: Mapping[str, float | None]
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def main(self) -> float | None:
        """The item's main score."""
        return next(iter(self.parts.values()))


def all_met(passed: Iterable[bool | None]) -> float | None:
    """1 if all verdicts on an answer are positive, 0 if one isn't.

    None if one is unknown, even if another is negative: otherwise failures would be left out less often than
    successes.
    """
    found = list(passed)
    return None if None in found else float(all(found))


def subset(
    items: Sequence[Any], limit: int | None, seed: int, group: Callable[[Any], str] | None = None
) -> Sequence[Any]:
    """`limit` random items in the order of the data. The same seed gives the same items, and a larger limit
    more of them.

    `group`: draws those that have the same in whole groups, which may be fewer than `limit`, but at least one
    group if `limit` is not 0.
    """
    if limit is None or limit >= len(items):
        return items
    if not limit:
        return []
    groups: dict[object, list[int]] = defaultdict(list)
    for position, item in enumerate(items):
        groups[group(item) if group else position].append(position)
    chosen: list[int] = []
    for drawn in random.Random(seed).sample(list(groups.values()), len(groups)):
        if chosen and len(chosen) + len(drawn) > limit:
            break
        chosen += drawn
    return [items[position] for position in sorted(chosen)]


def numbered(items: Iterable[I], kind: Callable[[I], str]) -> dict[str, str]:
    """Names by id, such as `extraction 3`: what kind an item is of, and the how many-th of it in the data."""
    counts: Counter[str] = Counter()
    names = {}
    for item in items:
        counts[kind(item)] += 1
        names[item.id] = f"{kind(item)} {counts[kind(item)]}"
    return names


class Benchmark(ABC, Generic[I]):
    """Items, how they are asked and judged, how answers are scored, and how scores are summed up."""

    file: ClassVar[str]
    """Where the data lies in the folder of all benchmarks: a file or a folder."""
    source: ClassVar[str]
    """Where the public data can be downloaded."""
    program: ClassVar[str | None] = None
    """The released program whose scoring it follows, with its revision, for reports; None: there is none."""
    copied: ClassVar[bool] = True
    """Whether the method's authors have a copy of that program."""
    prompts: ClassVar[str | None] = None
    """Name of its judge prompts, `raif/prompts/eval/NAME.yaml`; None: needs no judge."""

    @abstractmethod
    def items(self, path: Path) -> Sequence[I]:
        """Raises RecordError if the data is invalid."""

    def files(self, path: Path) -> Sequence[Path]:
        """The files that `items` reads."""
        return [path]

    def names(self, items: Sequence[I]) -> Mapping[str, str]:
        """What people call the items, by id, if their ids are checksums. `items`: all of the benchmark."""
        return {}

    def messages(self, item: I, system: str | None) -> tuple[Message, ...]:
        """The item's messages, after the system text unless they bring their own."""
        if not system or item.messages[0].role == "system":
            return item.messages
        return (Message(role="system", content=system), *item.messages)

    def steps(self, item: I) -> Sequence[str]:
        """The instructions that an item was composed of, for oracle decomposition; empty: not composed."""
        return ()

    def group(self, item: I) -> str:
        """What items that depend on each other have in common: `limit` draws whole groups."""
        return item.id

    def before(self, item: I) -> str | None:
        """The id of the item that this one goes on from: it is asked after the model's own answer to that
        one. None: it stands alone, or begins a conversation."""
        return None

    def requests(
        self, item: I, answer: str, replies: Replies, prompts: Prompts, dialect: Dialect
    ) -> Sequence[JudgeRequest]:
        """All requests that can be made now. Called again with the replies until there are no new ones."""
        return ()

    @abstractmethod
    def score(self, item: I, answer: str | None, replies: Replies, dialect: Dialect) -> ScoredItem[I]:
        """Score an answer; None means that the response ended inside the thinking.

        In the dialect `sound` a blank answer is not judged and fails, and a verdict that the judge did not
        give is None.
        """

    def tallies(self, scored: Sequence[ScoredItem[I]], dialect: Dialect) -> Sequence[Tally]:
        """The units of the bootstrap: one tally per prompt, or per group of dependent prompts."""
        return [self.tally(each, dialect) for each in scored]

    def tally(self, scored: ScoredItem[I], dialect: Dialect) -> Tally:
        """By default one cell for each of the item's parts."""
        return {name: [value] for name, value in scored.parts.items() if value is not None}

    @abstractmethod
    def tables(self, rates: Rates, dialect: Dialect) -> Sequence[Table]:
        """What the headline is made of comes first, then tables by category."""

    @abstractmethod
    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Estimate]:
        """The figures that the paper prints, as shares of 1, by name in `paper.yaml`. The first one is the
        headline."""

    def answers(self, path: Path) -> Iterable[StoredAnswer]:
        """The answers of `--responses`, in our format, that of a harness, or the benchmark's released one."""
        return stored.answers(path)

    def judgments(self, path: Path) -> Iterable[StoredJudgment]:
        """The judgments of `--judgments`, in our format or the benchmark's released one."""
        return jsonl.read(path, StoredJudgment)

    def restored(self, items: Sequence[I], path: Path, dialect: Dialect) -> Sequence[I]:
        """The items as which the stored answers in `path` are scored."""
        return items


BENCHMARKS: Registry[Benchmark[Any]] = Registry("benchmark", ConfigError, ("raif.eval.benchmarks",))


def locate(benchmark: Benchmark[Any], data: Path | None) -> Path:
    """`data` if given, else the benchmark's place under RAIF_BENCHMARK_DATA. Raises RaifError if missing."""
    hint = (
        f"The public data is {benchmark.source}. Pass it with --data, or put it at FOLDER/{benchmark.file} "
        f"and set {FOLDER}=FOLDER."
    )
    folder = os.environ.get(FOLDER)
    path = data or (Path(folder) / benchmark.file if folder else None)
    if path is None:
        raise RaifError(f"no data: {benchmark.file} is not part of this package", hint)
    if not path.exists():
        raise RaifError(f"{path}: no such file", hint)
    return path
