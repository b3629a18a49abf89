"""Records as a person reads them: the turns, what is checked, how it hangs together, the expert's answer."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

from rich.panel import Panel
from rich.text import Text

from raif.errors import RecordError
from raif.records import read
from raif.types import Composition, Instruction
from raif_cli.console import out


def show(place: Path, count: int) -> None:
    """Print the first `count` records of a file, or of a run: of its training file, else its newest."""
    for record in islice(read(_file(place)), count):
        out.print(Panel(_body(record), title=Text(record.id), subtitle=Text(_origin(record))))


def _file(place: Path) -> Path:
    if not place.is_dir():
        return place
    written = [path for path in place.glob("*.jsonl") if not path.name.endswith(".dropped.jsonl")]
    if not written:
        raise RecordError(f"{place}: no records in this folder", "Give a file of records, or a run's folder.")
    train = place / "train.jsonl"
    return train if train in written else max(written, key=lambda path: path.stat().st_mtime)


def _origin(record: Instruction) -> str:
    tags = [str(record.provenance[name]) for name in ("task", "topic") if name in record.provenance]
    return " · ".join([record.language, record.task, *tags])


def _body(record: Instruction) -> Text:
    text = Text()
    for message in record.messages:
        _section(text, message.role, message.content)
    _section(text, "checks", "\n".join(_checks(record)))
    if record.composition:
        _section(text, "composition", _shape(record.composition))
    if record.reference is not None:
        _section(text, "reference", record.reference)
    if record.expert:
        _section(text, "thinking", record.expert.thinking)
        _section(text, "answer", record.expert.answer)
    _section(text, "quality", "\n".join(_quality(record)))
    return text


def _section(text: Text, title: str, body: str) -> None:
    if body:
        text.append(("\n" if text else "") + title + "\n", style="bold")
        text.append(body + "\n")


def _checks(record: Instruction) -> list[str]:
    """Each check with the number that the composition calls it by."""
    coded = [f"{c.id} {_kwargs(c.kwargs)}".rstrip() for c in record.constraints]
    return [f"{n}. {text}" for n, text in enumerate([*coded, *(q.text for q in record.questions)])]


def _quality(record: Instruction) -> list[str]:
    """What the judge said of each fault, and how many of the policy's own answers were right."""
    found = [f"{one['fault']}: {one['reason']}" for one in record.provenance.get("quality", ())]
    if policy := record.provenance.get("policy"):
        found.append(f"{policy['model']} was right {policy['right']} times out of {policy['of']}")
    return found


def _kwargs(kwargs: dict[str, object]) -> str:
    return json.dumps(kwargs, ensure_ascii=False) if kwargs else ""


def _shape(part: int | Composition) -> str:
    """For example `and(0, selection(1, [2]))`: the part in brackets is the one that the input selects."""
    if isinstance(part, int):
        return str(part)
    inner = [_shape(each) for each in part.parts]
    if part.selected is not None:
        inner[part.selected] = f"[{inner[part.selected]}]"
    return f"{part.kind}({', '.join(inner)})"
