"""The data card of a run: what is in its records, counted, and what became of everything that is not.

`write_card` writes it for people (card.md, and card.html with plots) and for programs (card.json).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

from raif import html
from raif.data import passes
from raif.files.whole import write_whole
from raif.types import Composition, Instruction

Splits = Mapping[str, Sequence[Instruction]]
Counts = Iterable[tuple[str, int]]
TITLES = {
    "checks": "Checked by",
    "composition": "Compositions",
    "constraints_per_record": "Constraints per record",
    "questions_per_record": "Questions per record",
    "group": "Groups of topics",
    "kind": "Kinds",
    "language": "Languages",
    "level": "Lengths before any constraint",
    "task": "Tasks",
    "topic": "Topics",
}
"""What the card counts, with its heading."""


_PLAIN = """\
The answer of the drawn length fails each of these. The share is that of short, middle and long answers
together, by kind and by bound; `card.json` has it for each bound."""
_UNTRAINED = """\
Greedy answers of {model} without thinking to other built-in prompts with one constraint each ({answers}), and
to the same requests without it. `benchmarks/plain_pass.py` measures it; `card.json` has it for each bound."""


@dataclass
class Funnel:
    """The built-in generator's draws: `drawn` = impossible + duplicate + failed + written."""

    drawn: int = 0
    impossible: Counter[str] = field(default_factory=Counter)
    """Reason, without values -> draws."""
    duplicate: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    """First check that the answer failed -> draws."""
    written: int = 0

    def cannot(self, reason: str) -> None:
        self.impossible[without_values(reason)] += 1

    def rows(self) -> list[tuple[str, int]]:
        """The counts for a table, each followed by its most frequent reasons."""

        def reasons(counts: Counter[str], most: int | None = None) -> Counts:
            for reason, count in counts.most_common(most):
                yield "  " + re.sub(r"\b[a-z_]+:([a-z_]+)", r"\1", reason), count  # ids without their family

        return [
            ("drawn", self.drawn),
            ("impossible", self.impossible.total()),
            *reasons(self.impossible, 8),
            ("duplicate", self.duplicate),
            ("answer failed", self.failed.total()),
            *reasons(self.failed),
            ("written", self.written),
        ]


@dataclass
class StageFunnel:
    """What one stage of the staged pipeline read, dropped and kept: `read` = dropped + kept."""

    stage: str
    read: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason -> how many."""
    kept: int = 0
    unanswered: int = 0
    """How many of the dropped items had a request that failed for good or got an empty reply: they can be
    asked again."""
    notes: dict[str, Any] = field(default_factory=dict)
    """What else the card says about the stage."""

    def rows(self) -> list[tuple[str, int]]:
        """The counts for a table, the most frequent reasons first."""
        reasons = sorted(self.dropped.items(), key=lambda item: (-item[1], item[0]))
        return [
            (f"{self.stage}: read", self.read),
            *((f"  {reason}", count) for reason, count in reasons),
            (f"{self.stage}: kept", self.kept),
        ]


class Loss(NamedTuple):
    """The items that a stage dropped for one reason."""

    stage: str
    reason: str
    dropped: int
    read: int
    """All items of the stage."""


def largest_loss(funnels: Iterable[StageFunnel]) -> Loss | None:
    """The reason for which most items were dropped, the earliest if equal; None if nothing was dropped."""
    losses = (
        Loss(funnel.stage, reason, count, funnel.read)
        for funnel in funnels
        for reason, count in funnel.dropped.items()
    )
    return max(losses, key=lambda loss: loss.dropped, default=None)


def without_values(reason: str) -> str:
    """A reason without its quoted texts and numbers, so that many draws share it."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "…", reason)


def statistics(splits: Splits) -> dict[str, Any]:
    """Counts over all splits, and lengths by language."""
    everything = [record for records in splits.values() for record in records]
    return {
        "records": {split: len(records) for split, records in splits.items()},
        "seeds": {split: len({r.provenance.get("seed", r.id) for r in rs}) for split, rs in splits.items()},
        "experts": sum(r.expert is not None for r in everything),
        "language": _counted(r.language for r in everything),
        "checks": _counted(_checked_by(r) for r in everything),
        "task": _counted(r.provenance.get("task", r.task) for r in everything),
        "topic": _counted(r.provenance.get("topic", "-") for r in everything),
        "group": _counted(r.provenance["group"] for r in everything if "group" in r.provenance),
        "level": _counted(r.provenance["level"] for r in everything if "level" in r.provenance),
        "composition": _counted(composition_of(r) for r in everything),
        "constraints_per_record": _counted(str(len(r.constraints)) for r in everything),
        "questions_per_record": _counted(str(len(r.questions)) for r in everything if r.questions),
        "kind": _counted(constraint.id for r in everything for constraint in r.constraints),
        "conditions": _conditions(everything),
        "plain_answers": _plain_answers(everything),
        **_lengths(everything),
    }


def _checked_by(record: Instruction) -> str:
    """What decides whether a response is right."""
    found = {"code": record.constraints, "judge": record.questions, "reference": record.reference}
    return " and ".join(name for name, checks in found.items() if checks) or "none"


def composition_of(record: Instruction) -> str:
    """and, chain, selection or nested; none for a record that states none."""
    if record.composition is None:
        return "none"
    nested = any(isinstance(part, Composition) for part in record.composition.parts)
    return "nested" if nested else record.composition.kind


def _conditions(records: Iterable[Instruction]) -> dict[str, dict[str, int]]:
    """Form of a selection's condition -> how often it is true and false.

    If the two differ much, a model can guess the branch without reading the request.
    """
    found: dict[str, Counter[str]] = {}
    for condition in (r.provenance["condition"] for r in records if "condition" in r.provenance):
        found.setdefault(condition["form"], Counter(true=0, false=0))[
            "true" if condition["holds"] else "false"
        ] += 1
    return {form: dict(found[form]) for form in sorted(found)}


def guessed(conditions: Mapping[str, Mapping[str, int]]) -> float:
    """The share of conditions whose truth the best guess from their form alone gets right; 0.5 is chance."""
    counts = [(each["true"], each["false"]) for each in conditions.values()]
    return sum(map(max, counts)) / max(sum(map(sum, counts)), 1)


def _plain_answers(records: Iterable[Instruction]) -> dict[str, dict[str, Any]]:
    """The share of plain answers that pass what was drawn.

    A plain answer is what the seed's author would write without any constraint: short, middle or long. The
    one of the drawn length fails every constraint.
    """
    return passes.by_kind(
        pair
        for record in records
        for pair in zip(record.constraints, record.provenance.get("plain_passes", ()), strict=False)
    )


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _lengths(records: Sequence[Instruction]) -> dict[str, dict[str, dict[str, Any]]]:
    """Language -> part -> mean length, and how many have which length.

    In characters: a word of English and a word of Chinese can't be compared.
    """
    means: dict[str, dict[str, Any]] = {}
    spread: dict[str, dict[str, Any]] = {}
    for language in sorted({record.language for record in records}):
        own = [record for record in records if record.language == language]
        experts = [record.expert for record in own if record.expert]
        prompts = [len(record.prompt) for record in own]
        thoughts = [len(expert.thinking) for expert in experts]
        answers = [len(expert.answer) for expert in experts]
        parts = {"prompt": prompts, "thinking": thoughts, "answer": answers}
        means[language] = {part: round(mean(each), 1) if each else 0.0 for part, each in parts.items()}
        spread[language] = {"prompt": _doubling(prompts), "answer": _doubling(answers)}
    return {"mean_characters": means, "characters": spread}


def _doubling(lengths: Iterable[int]) -> dict[str, int]:
    """The lengths counted in classes that double: 0 to 63, 64 to 127, and so on, without empty ones."""
    counts = Counter(max(length, 63).bit_length() for length in lengths)
    least = {bits: 0 if bits == 6 else 2 ** (bits - 1) for bits in sorted(counts)}
    return {f"{low} to {2**bits - 1}": counts[bits] for bits, low in least.items()}


def write_card(folder: Path, introduction: str, stats: Mapping[str, Any], funnel: Counts) -> None:
    """Write card.json, which is `stats`, card.md and card.html."""
    counts = [(title, list(stats[key].items())) for key, title in TITLES.items() if stats[key]]
    tables = [("Funnel", list(funnel)), *counts]
    write_whole(folder / "card.json", json.dumps(stats, ensure_ascii=False, indent=2) + "\n")
    write_whole(folder / "card.md", _markdown(introduction, tables, stats))
    lengths = [
        (f"Length of {part}s, {language}, characters", list(counts.items()))
        for language, parts in stats["characters"].items()
        for part, counts in parts.items()
        if counts
    ]
    html.write(folder / "card.html", "data/card.html", introduction=introduction, plots=[*tables, *lengths])


def _markdown(
    introduction: str,
    tables: Iterable[tuple[str, Counts]],
    stats: Mapping[str, Any],
) -> str:
    parts = ["# Data card", introduction]
    for title, counts in tables:
        rows = "\n".join(f"| {_indented(name)} | {count} |" for name, count in counts)
        parts.append(f"## {title}\n\n| | records |\n|---|---:|\n{rows}")
    rows = "\n".join(
        f"| {language} | {each['prompt']} | {each['thinking']} | {each['answer']} |"
        for language, each in stats["mean_characters"].items()
    )
    head = "## Mean length in characters\n\n| | prompt | thinking | answer |\n|---|---:|---:|---:|"
    parts.append(f"{head}\n{rows}")
    if conditions := stats["conditions"]:
        rows = "\n".join(f"| {form} | {c['true']} | {c['false']} |" for form, c in conditions.items())
        said = f"Guessing from the form alone is right in {guessed(conditions):.0%} of the cases."
        parts.append(
            f"## Conditions of selections\n\n{said}\n\n| form | true | false |\n|---|---:|---:|\n{rows}"
        )
    if plain := stats["plain_answers"]:
        table = _passes(("passed",), plain)
        parts.append(f"## What an answer without constraints passes\n\n{_PLAIN}\n\n{table}")
    if measured := stats.get("untrained"):
        table = _passes(("asked", "not asked"), measured["asked"], measured["not_asked"])
        said = _UNTRAINED.format(**measured)
        parts.append(f"## What an untrained model passes\n\n{said}\n\n{table}")
    return "\n\n".join(parts) + "\n"


def _passes(heads: Sequence[str], *several: passes.Passes) -> str:
    """A table of shares by kind and by bound."""
    lines = [f"| constraint | drawn | {' | '.join(heads)} |", "|---|---:|" + "---:|" * len(heads)]
    for name, count, shares in passes.rows(*several):
        shown = " | ".join(f"{share:.0%}" for share in shares)
        lines.append(f"| {_indented(name)} | {count} | {shown} |")
    return "\n".join(lines)


def _indented(name: str) -> str:
    return f"{'&nbsp;&nbsp;' * name.startswith(' ')}{name.strip()}"
