"""Records as a person reads them: the turns, the checks and their composition, the expert's answer."""

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
    """Print the first `count` records of a file or of a run: of its training file, or else its newest."""
    if place.is_dir():
        written = [path for path in place.glob("*.jsonl") if not path.name.endswith(".dropped.jsonl")]
        if not written:
            hint = "Give a file of records, or a run's folder."
            raise RecordError(f"{place}: no records in this folder", hint)
        train = place / "train.jsonl"
        place = train if train in written else max(written, key=lambda path: path.stat().st_mtime)
    for record in islice(read(place), count):
        tags = [str(record.provenance[name]) for name in ("task", "topic") if name in record.provenance]
        origin = " · ".join([record.language, record.task, *tags])
        out.print(Panel(_body(record), title=Text(record.id), subtitle=Text(origin)))


def _body(record: Instruction) -> Text:
    """All parts that the record has, each under its heading."""
    parts: list[tuple[str, str]] = [(message.role, message.content) for message in record.messages]
    checks = [
        f"{each.id} {json.dumps(each.kwargs, ensure_ascii=False)}" if each.kwargs else each.id
        for each in record.constraints
    ]
    checks += [question.text for question in record.questions]
    parts.append(("checks", "\n".join(f"{number}. {check}" for number, check in enumerate(checks))))
    if record.composition:
        parts.append(("composition", _composition(record.composition)))
    parts.append(("reference", record.reference or ""))
    if record.expert:
        parts += [("thinking", record.expert.thinking), ("answer", record.expert.answer)]
    quality = [f"{one['fault']}: {one['reason']}" for one in record.provenance.get("quality", ())]
    if policy := record.provenance.get("policy"):
        quality.append(f"{policy['model']} was right {policy['right']} times out of {policy['of']}")
    parts.append(("quality", "\n".join(quality)))
    text = Text()
    for heading, content in parts:
        if content:
            text.append(("\n" if text else "") + heading + "\n", style="bold")
            text.append(content + "\n")
    return text


def _composition(part: int | Composition) -> str:
    """For example `and(0, selection(1, [2]))`; the part in brackets is the selected one."""
    if isinstance(part, int):
        return str(part)
    inner = [_composition(each) for each in part.parts]
    if part.selected is not None:
        inner[part.selected] = f"[{inner[part.selected]}]"
    return f"{part.kind}({', '.join(inner)})"
