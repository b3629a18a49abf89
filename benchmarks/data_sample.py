"""Prints records to read, half of them Chinese: python benchmarks/data_sample.py [COUNT [SEED [PRESET]]]

40 records of the preset `composed` by default, drawn by random seed 17, as Markdown. docs/data-sample.md is
what it prints: python benchmarks/data_sample.py > docs/data-sample.md
"""

from __future__ import annotations

import sys

from raif.config import load
from raif.config.builtin import BuiltinConfig
from raif.data import records
from raif.types import Instruction

_HEAD = """\
# {count} built-in records

Printed by `python benchmarks/data_sample.py`: drawn by random seed {seed} with the preset `{preset}`, every
other one Chinese. Nothing was picked or left out. Each has a prompt, the expert's thinking and its answer."""


def shown(number: int, record: Instruction) -> str:
    """One record, with its constraints and where it comes from."""
    origin = record.provenance
    checks = [constraint.id.partition(":")[2] for constraint in record.constraints]
    checks += ["a judge's question"] * len(record.questions)
    kind = record.composition.kind if record.composition else "and"
    expert = record.expert
    head = (
        f"## {number}. {origin['task']} ({origin['topic']}), {origin['level']}, {kind}: {', '.join(checks)}"
    )
    texts = [("Prompt", record.prompt)]
    if expert:
        texts += [("Thinking", expert.thinking), ("Answer", expert.answer)]
    return "\n\n".join([head, *(f"**{name}**\n\n````text\n{text}\n````" for name, text in texts)])


def main(count: str = "40", seed: str = "17", preset: str = "composed") -> None:
    made = {}
    for language, other, share in (("en", "zh", int(count) - int(count) // 2), ("zh", "en", int(count) // 2)):
        overrides = [f"count={share}", f"seed={seed}", "heldout_share=0", f"languages.{other}=0"]
        made[language] = list(records(load(BuiltinConfig, "gen-data", preset=preset, overrides=overrides)))
    print(_HEAD.format(count=count, seed=seed, preset=preset))
    for n, english in enumerate(made["en"]):
        print("\n" + shown(2 * n + 1, english))
        if n < len(made["zh"]):
            print("\n" + shown(2 * n + 2, made["zh"][n]))


if __name__ == "__main__":
    main(*sys.argv[1:])
