"""Drops records whose prompt shares a run of words or characters with a benchmark's, and shows the run.

The benchmarks' texts are read from their public files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from raif.config.staged import StagedConfig
from raif.data.card import StageFunnel
from raif.data.staged.similarity import mostly_unspaced, runs, tokens
from raif.data.staged.stage import STAGES, Decision, Numbered, Stage
from raif.errors import ConfigError, RecordError
from raif.files.benchmark_data import FOLDER, PLACES
from raif.files.rows import rows
from raif.types import Instruction


class TextFields(NamedTuple):
    """The fields of a benchmark's public files. `raif.files.benchmark_data` says where the files are."""

    texts: tuple[str, ...]
    """Fields with what the model is asked: a text, a message or messages, or those as JSON text."""
    id: tuple[str, ...]
    """Fields that together identify an item."""


BENCHMARKS = {
    "ifeval": TextFields(("prompt",), ("key",)),
    "ifbench": TextFields(("prompt",), ("key",)),
    "cello": TextFields(("Instruction", "input_text"), ("Instruction_id",)),
    "cfbench": TextFields(("prompt",), ("idx",)),
    "complexbench": TextFields(("instruction",), ("main_id",)),
    "fbbench": TextFields(("user_query", "feedback"), ()),
    "followbench": TextFields(("instruction",), ("category", "example_id", "level")),
    "infobench": TextFields(("instruction", "input"), ("id",)),
    "ifbench-multiturn": TextFields(("messages",), ("key",)),
    "multi-if": TextFields(("turn_1_prompt", "turn_2_prompt", "turn_3_prompt"), ("key",)),
    "rubrics": TextFields(
        ("prompt", "messages", "conversation", "conversation_history"), ("id", "benchmark_id", "question_id")
    ),
}


class BenchmarkText(NamedTuple):
    """A text that a benchmark's item asks; an item can have several."""

    benchmark: str
    item: str
    text: str


def files_in(folder: Path) -> dict[str, list[Path]]:
    """The files of each benchmark in `folder`; an empty list if there are none."""
    return {
        name: sorted(path for pattern in PLACES[name].files for path in folder.glob(pattern))
        for name in BENCHMARKS
    }


def texts_of(benchmark: str, path: Path) -> Iterator[BenchmarkText]:
    """The texts in one file, whatever its format. Names of columns in capitals are the same."""
    fields_of = BENCHMARKS[benchmark]
    try:
        found = [{name.lower(): value for name, value in row.items()} for _, row in rows(path)]
    except RecordError as error:
        raise RecordError(error.message, "Is it the benchmark's public file?") from None
    for position, fields in enumerate(found):
        id = "/".join(str(fields[name]) for name in map(str.lower, fields_of.id) if name in fields)
        for name in map(str.lower, fields_of.texts):
            for text in _asked(fields.get(name)):
                yield BenchmarkText(benchmark, id or f"{path.name}:{position}", text)


def _asked(value: Any) -> Iterator[str]:
    """What users say in a field."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        with suppress(ValueError):
            value = json.loads(value)
    if isinstance(value, str) and value.strip():
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _asked(each)
    elif isinstance(value, dict) and value.get("role", "user") == "user":
        yield from _asked(value.get("content"))


class Lengths(NamedTuple):
    """In tokens."""

    run: int
    """Of a shared run that counts as overlap."""
    whole: int
    """Of the shortest text that is searched for as a whole."""


class Match(NamedTuple):
    benchmark: str
    item: str
    shared: str
    """The tokens that both texts have."""


class Overlap:
    """An index of all runs of the benchmarks' texts.

    A text with fewer tokens than a run is searched for as a whole; one shorter than `whole` matches only a
    text that is equal to it. Which lengths hold depends on whether the benchmark's text is `spaced` into
    words or not.
    """

    def __init__(self, texts: Iterable[BenchmarkText], *, spaced: Lengths, unspaced: Lengths) -> None:
        self._runs: dict[int, dict[int, tuple[str, str]]] = {}
        self._equal: dict[tuple[str, ...], tuple[str, str]] = {}
        for benchmark, item, text in texts:
            items = tuple(tokens(text))
            lengths = unspaced if mostly_unspaced(items) else spaced
            if len(items) < lengths.whole:
                self._equal.setdefault(items, (benchmark, item))
                continue
            known = self._runs.setdefault(min(len(items), lengths.run), {})
            for run in runs(items, lengths.run):
                known.setdefault(hash(run), (benchmark, item))  # there are millions of runs: 64 bits each

    def find(self, text: str) -> Match | None:
        """The first run of `text` that a benchmark has."""
        items = tuple(tokens(text))
        if found := self._equal.get(items):
            return Match(*found, _joined(items))
        for length in sorted(self._runs, reverse=True):
            for run in runs(items, length):
                if len(run) == length and (found := self._runs[length].get(hash(run))):
                    return Match(*found, _joined(run))
        return None


def _joined(items: Sequence[str]) -> str:
    return ("" if mostly_unspaced(items) else " ").join(items)


class Decontaminate(Stage):
    """Compares what users say in a record; `decontaminate.dropped.jsonl` shows what matched."""

    name = "decontaminate"

    def __init__(self, config: StagedConfig, folder: Path, source: Path | None) -> None:
        super().__init__(config, folder, source)
        place = config.decontaminate.folder or os.environ.get(FOLDER)
        if not place:
            raise ConfigError(
                "decontaminate: no benchmarks to compare with",
                f"Set decontaminate.folder or {FOLDER} to the folder of their data.",
            )
        self._files = files_in(Path(place))
        if not any(self._files.values()):
            raise ConfigError(
                f"decontaminate: no benchmark's data in {place}",
                f"It looks for {', '.join(PLACES[name].files[0] for name in BENCHMARKS)}.",
            )

    def process(self, todo: Iterator[Numbered], done: Sequence[Decision]) -> Iterator[Decision]:
        own = self.config.decontaminate
        texts = (text for name in self._files for path in self._files[name] for text in texts_of(name, path))
        overlap = Overlap(
            texts,
            spaced=Lengths(own.words, own.min_words),
            unspaced=Lengths(own.characters, own.min_characters),
        )
        for each in todo:
            record: Instruction = each.item
            asked = [message.content for message in record.messages if message.role == "user"]
            said = "\n".join([*asked, *(turn.prompt for turn in record.then)])
            if found := overlap.find(said):
                yield each.dropped(f"overlaps {found.benchmark}", id=record.id, **found._asdict())
            else:
                yield each.kept(record)

    def save(self, kept: Sequence[Instruction], funnel: StageFunnel) -> None:
        super().save(kept, funnel)
        for what, present in (("compared with", True), ("not found", False)):
            names = [name for name, files in self._files.items() if bool(files) is present]
            funnel.notes[what] = ", ".join(names) or "none"


STAGES.add(Decontaminate.name, Decontaminate)
