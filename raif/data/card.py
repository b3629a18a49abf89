"""What is in a folder of records, counted, and the data card that shows it as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import mean
from typing import Any

from raif.types import Composition, Instruction

Splits = Mapping[str, Sequence[Instruction]]
Rows = Iterable[tuple[str, int]]
TITLES = {
    "checks": "Checked by",
    "composition": "Compositions",
    "constraints_per_record": "Constraints per record",
    "questions_per_record": "Questions per record",
    "kind": "Kinds",
    "language": "Languages",
    "task": "Tasks",
    "topic": "Topics",
}
"""What the card counts, and what it calls that."""


def statistics(splits: Splits) -> dict[str, Any]:
    """Counts over both splits and mean lengths by language."""
    everything = [record for records in splits.values() for record in records]
    return {
        "records": {split: len(records) for split, records in splits.items()},
        "seeds": {split: len({r.provenance.get("seed", r.id) for r in rs}) for split, rs in splits.items()},
        "experts": sum(r.expert is not None for r in everything),
        "language": _counted(r.language for r in everything),
        "checks": _counted(_checks(r) for r in everything),
        "task": _counted(r.provenance.get("task", r.task) for r in everything),
        "topic": _counted(r.provenance.get("topic", "-") for r in everything),
        "composition": _counted(_composition(r) for r in everything),
        "constraints_per_record": _counted(str(len(r.constraints)) for r in everything),
        "questions_per_record": _counted(str(len(r.questions)) for r in everything if r.questions),
        "kind": _counted(constraint.id for r in everything for constraint in r.constraints),
        "mean_characters": _lengths(everything),
        "characters": _spread(everything),
    }


def _checks(record: Instruction) -> str:
    """Who can say whether a response is right."""
    found = {"code": record.constraints, "judge": record.questions, "reference": record.reference}
    return " and ".join(name for name, checks in found.items() if checks) or "none"


def _composition(record: Instruction) -> str:
    if record.composition is None:
        return "none"
    nested = any(isinstance(part, Composition) for part in record.composition.parts)
    return "nested" if nested else record.composition.kind


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _lengths(records: Sequence[Instruction]) -> dict[str, dict[str, float]]:
    """Characters, since a word is not the same thing in English and in Chinese."""
    lengths: dict[str, dict[str, float]] = {}
    for language in sorted({record.language for record in records}):
        own = [record for record in records if record.language == language]
        lengths[language] = {
            "prompt": _mean(len(r.prompt) for r in own),
            "thinking": _mean(len(r.expert.thinking) for r in own if r.expert),
            "answer": _mean(len(r.expert.answer) for r in own if r.expert),
        }
    return lengths


def _spread(records: Sequence[Instruction]) -> dict[str, dict[str, dict[str, int]]]:
    """Language -> part -> how many are how long, in classes that double."""
    spread: dict[str, dict[str, dict[str, int]]] = {}
    for language in sorted({record.language for record in records}):
        own = [record for record in records if record.language == language]
        experts = [record.expert for record in own if record.expert]
        spread[language] = {
            "prompt": _doubling(len(record.prompt) for record in own),
            "answer": _doubling(len(expert.answer) for expert in experts),
        }
    return spread


def _doubling(lengths: Iterable[int]) -> dict[str, int]:
    """0 to 63, then 64 to 127, and so on: as many classes as there are lengths for."""
    counts = Counter(max(length, 63).bit_length() for length in lengths)
    least = {bits: 0 if bits == 6 else 2 ** (bits - 1) for bits in sorted(counts)}
    return {f"{low} to {2**bits - 1}": counts[bits] for bits, low in least.items()}


def _mean(lengths: Iterable[int]) -> float:
    found = list(lengths)
    return round(mean(found), 1) if found else 0.0


def markdown(introduction: str, stats: Mapping[str, Any], funnel: Rows) -> str:
    """The card as Markdown."""
    tables = [_table(title, stats[key].items()) for key, title in TITLES.items() if stats[key]]
    parts = [
        "# Data card",
        introduction,
        _table("Funnel", funnel),
        *tables,
        _length_table(stats["mean_characters"]),
    ]
    return "\n\n".join(parts) + "\n"


def _table(title: str, rows: Rows) -> str:
    body = "\n".join(
        f"| {'&nbsp;&nbsp;' * name.startswith(' ')}{name.strip()} | {count} |" for name, count in rows
    )
    return f"## {title}\n\n| | records |\n|---|---:|\n{body}"


def _length_table(lengths: Mapping[str, Mapping[str, float]]) -> str:
    body = "\n".join(
        f"| {language} | {each['prompt']} | {each['thinking']} | {each['answer']} |"
        for language, each in lengths.items()
    )
    return f"## Mean length in characters\n\n| | prompt | thinking | answer |\n|---|---:|---:|---:|\n{body}"
