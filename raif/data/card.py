"""The data card: what is in a folder of records, for people (card.md) and for programs (card.json)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from raif.config.gen_data import GenDataConfig
from raif.data.funnel import Funnel
from raif.types import Instruction

Splits = Mapping[str, Sequence[Instruction]]


def write_card(folder: Path, config: GenDataConfig, splits: Splits, funnel: Funnel) -> None:
    """Write card.md and card.json into `folder`."""
    stats = statistics(splits, funnel)
    (folder / "card.json").write_text(json.dumps(stats, ensure_ascii=False, indent=2) + "\n", "utf-8")
    (folder / "card.md").write_text(_markdown(config, stats, funnel), "utf-8")


def statistics(splits: Splits, funnel: Funnel) -> dict[str, Any]:
    """Counts over both splits, mean lengths by language, and the funnel."""
    everything = [record for records in splits.values() for record in records]
    return {
        "records": {split: len(records) for split, records in splits.items()},
        "seeds": {split: len({r.provenance["seed"] for r in records}) for split, records in splits.items()},
        "language": _counted(r.language for r in everything),
        "task": _counted(r.provenance["task"] for r in everything),
        "topic": _counted(r.provenance["topic"] for r in everything),
        "constraints_per_record": _counted(str(len(r.constraints)) for r in everything),
        "kind": _counted(constraint.id for r in everything for constraint in r.constraints),
        "mean_characters": _lengths(everything),
        "funnel": vars(funnel),
    }


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _lengths(records: Sequence[Instruction]) -> dict[str, dict[str, float]]:
    """Characters, since a word is not the same thing in English and in Chinese."""
    lengths: dict[str, dict[str, float]] = {}
    for language in sorted({record.language for record in records}):
        own = [record for record in records if record.language == language]
        lengths[language] = {
            "prompt": round(mean(len(r.prompt) for r in own), 1),
            "thinking": round(mean(len(r.expert.thinking) for r in own if r.expert), 1),
            "answer": round(mean(len(r.expert.answer) for r in own if r.expert), 1),
        }
    return lengths


_INTRODUCTION = """\
# Data card

{train} training and {heldout} held-out records; the splits share no seed ({train_seeds} and {heldout_seeds}).
Made by the built-in responder with random seed {seed}: `config.yaml` makes the same records again.

Each record is an instruction with constraints that code checks, and an expert answer with its thinking.
Every answer passed all of its constraints strictly. The sentences are those of the packaged seeds: the
records teach to follow constraints, not facts."""


def _markdown(config: GenDataConfig, stats: Mapping[str, Any], funnel: Funnel) -> str:
    records, seeds = stats["records"], stats["seeds"]
    introduction = _INTRODUCTION.format(
        **records, train_seeds=seeds["train"], heldout_seeds=seeds["heldout"], seed=config.seed
    )
    titles = {
        "constraints_per_record": "Constraints per record",
        "kind": "Kinds",
        "language": "Languages",
        "task": "Tasks",
        "topic": "Topics",
    }
    tables = [_table(title, stats[key].items()) for key, title in titles.items()]
    parts = [introduction, _table("Funnel", funnel.rows()), *tables, _length_table(stats["mean_characters"])]
    return "\n\n".join(parts) + "\n"


def _table(title: str, rows: Iterable[tuple[str, int]]) -> str:
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
