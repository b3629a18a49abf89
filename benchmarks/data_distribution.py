"""The distribution of built-in data next to the paper's: python benchmarks/data_distribution.py [RECORDS]

Makes RECORDS (4,000) training records of each preset and prints a Markdown table. The paper's column holds
what arXiv 2506.01413 says of its 13,200 records; it doesn't give lengths or shares of compositions.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import mean, quantiles

from raif.config import load
from raif.config.builtin import BuiltinConfig
from raif.data import records
from raif.data.builtin.seeds import all_seeds
from raif.data.card import composition_of
from raif.types import Instruction

PRESETS = ("builtin", "paper")
GROUPS = {seed.id: seed.group for seed in all_seeds()}
Records = Sequence[Instruction]
UNITS = {"en": re.compile(r"\w+(?:['’-]\w+)*"), "zh": re.compile("[\u4e00-\u9fff]")}


def share(of: Records, holds: Callable[[Instruction], object]) -> str:
    return f"{sum(map(bool, map(holds, of))) / max(1, len(of)):.0%}"


def spread(lengths: Iterable[int]) -> str:
    """The median, and between what nine of ten are."""
    cuts = quantiles(lengths, n=20)
    return f"{cuts[9]:,.0f} ({cuts[0]:,.0f} to {cuts[-1]:,.0f})"


def checks(record: Instruction) -> int:
    return len(record.constraints) + len(record.questions)


def listed(counts: Counter[str], of: int) -> str:
    return ", ".join(f"{name} {count / of:.0%}" for name, count in counts.most_common())


def column(made: Records) -> list[str]:
    """The figures of one preset, in the order of `ROWS`."""
    by_language = {language: [r for r in made if r.language == language] for language in UNITS}
    found = [share(made, lambda r: r.language == "zh")]
    found += [f"{mean(map(checks, by_language[language])):.2f}" for language in ("zh", "en")]
    counts = Counter(map(checks, made))
    found += [", ".join(f"{number}: {counts[number] / len(made):.0%}" for number in sorted(counts))]
    found += [share(made, lambda r: r.questions)]
    found += [listed(Counter(map(composition_of, made)), len(made))]
    found += [str(len({constraint.id for r in made for constraint in r.constraints}))]
    found += [listed(Counter(GROUPS[r.provenance["seed"]] for r in made), len(made))]
    for part in ("prompt", "thinking", "answer"):
        for language, unit in UNITS.items():
            own = by_language[language]
            texts = [r.prompt if part == "prompt" else getattr(r.expert, part) for r in own if r.expert]
            found.append(spread(len(unit.findall(text)) for text in texts))
    return found


ROWS = {
    "Chinese records": "69%",
    "checks per Chinese record": "3.28",
    "checks per English record": "3.21",
    "checks per record": "",
    "records with a question for a judge": "some",
    "compositions": "And, Chain, Selection, nested",
    "kinds of constraints": "25",
    "topics": "four of 26",
    "request, English words": "",
    "request, Chinese characters": "",
    "thinking, English words": "",
    "thinking, Chinese characters": "",
    "answer, English words": "",
    "answer, Chinese characters": "",
}
"""What is counted, and what the paper says."""


def main(count: int) -> None:
    columns = []
    for preset in PRESETS:
        config = load(
            BuiltinConfig, "gen-data", preset=preset, overrides=[f"count={count}", "heldout_share=0"]
        )
        columns.append(column(list(records(config))))
    print("| | paper |", " | ".join(f"`{preset}`" for preset in PRESETS), "|")
    print("|---|---|" + "---|" * len(PRESETS))
    for (name, stated), *values in zip(ROWS.items(), *columns, strict=True):
        print(f"| {name} | {stated} |", " | ".join(values), "|")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000)
