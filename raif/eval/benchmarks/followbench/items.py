"""FollowBench's items, and the answers that its inference scripts write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from raif.eval.benchmarks.followbench.rules import rule_name
from raif.eval.benchmarks.followbench.text import Language
from raif.eval.benchmarks.followbench.totals import TYPES
from raif.eval.released import lines, parsed
from raif.eval.stored import StoredAnswer
from raif.types import Message

TEMPLATE = "template"
"""The rule of the items of the type `example`."""
_FILE = re.compile(r"(en|zh)_(\w+?)_constraint")


class Record(BaseModel):
    """A line of the data; level 0 is where a group starts, and is never asked."""

    model_config = ConfigDict(frozen=True)
    example_id: int
    category: str
    source: str
    level: int
    instruction: str
    target: str


@dataclass(frozen=True, slots=True)
class Item:
    """`rule`: how code checks it; None: it is for the judge. `steps`: the instructions from level 0 on."""

    language: Language
    type: str
    record: Record
    rule: str | None
    steps: tuple[str, ...]

    @property
    def id(self) -> str:
        return f"{self.group}/{self.record.level}"

    @property
    def group(self) -> str:
        return f"{self.language}/{self.type}/{self.record.example_id}"

    @property
    def messages(self) -> tuple[Message, ...]:
        return (Message(role="user", content=self.record.instruction),)


def read_items(folder: Path, language: Language) -> Iterator[Item]:
    """Those of one language, a file a type."""
    for type in TYPES:
        path = folder / language / f"{type}_constraints.json"
        if path.exists():
            yield from _file_items(path, language, type)


def _file_items(path: Path, language: Language, type: str) -> Iterator[Item]:
    records = parsed(path, Record)
    steps = {(record.example_id, record.level): record.instruction for record in records}
    for record in records:
        if record.level:
            before = tuple(steps.get((record.example_id, level), "") for level in range(record.level + 1))
            yield Item(language, type, record, _rule(record, language, type), before)


def _rule(record: Record, language: Language, type: str) -> str | None:
    if type == "example":
        return TEMPLATE
    return rule_name(
        source=record.source, category=record.category, example_id=record.example_id, language=language
    )


def released(folder: Path) -> Iterator[StoredAnswer]:
    """The answers in files such as `en_mixed_constraint.jsonl`."""
    for path in sorted(folder.rglob("*.jsonl")):
        if named := _FILE.match(path.name):
            for _, line in lines(path):
                raw, text = line["raw"], line["choices"][0]["message"]["content"]
                id = f"{named[1]}/{named[2]}/{raw['example_id']}/{raw['level']}"
                yield StoredAnswer(id=id, response=text)
