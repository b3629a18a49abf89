"""What the tables of the miniature's page are made of: stored runs, differences in pairs, Markdown."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

Line = Mapping[str, Any]

UNTRAINED = "untrained-io"
"""The untrained model asked plainly, as it is called among the benchmarks."""
BENCHMARKS = {"ifeval": "IFEval", "ifbench": "IFBench"}


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def called(run: Line) -> str:
    """As its model is called among the benchmarks."""
    return f"{run['preset']}-{run['seed']}"


def check_comparable(results: Path, runs: Sequence[Line]) -> None:
    """Exit unless all runs were asked the same held-out prompts."""
    asked = {run.get("heldout"): called(run) for run in runs}
    if len(asked) > 1:
        sys.exit(f"{results}: {', '.join(asked.values())} have different held-out prompts; delete the older")


def row_of(run: Line, name: str) -> Line:
    found: Line = next(row for row in run["rows"] if row["name"] == name)
    return found


def difference(one: Mapping[str, list[int]], other: Mapping[str, list[int]]) -> Line | None:
    """The rate of one minus that of the other, with its 95% interval over the prompts that both have."""
    from raif.stats import measured

    rows = [[*one[id], *other[id]] for id in sorted(one.keys() & other.keys())]
    found = measured(rows, lambda sums: sums[..., 0] / sums[..., 1] - sums[..., 2] / sums[..., 3])
    return asdict(found) if found else None


def together(outcomes: Iterable[Mapping[str, list[int]]]) -> dict[str, list[int]]:
    """The sums of runs with different seeds, prompt by prompt: intervals remain over prompts."""
    found: dict[str, list[int]] = {}
    for each in outcomes:
        for id, (followed, of) in each.items():
            before = found.get(id, (0, 0))
            found[id] = [before[0] + followed, before[1] + of]
    return found


def benchmark_gaps(measured: Line, ones: Sequence[str], others: Sequence[str]) -> list[Line | None]:
    """Models minus other models on each benchmark, seeds together; None where one of them wasn't measured."""
    found: list[Line | None] = []
    for benchmark in BENCHMARKS:
        sides = [[measured.get(each, {}).get(benchmark) for each in side] for side in (ones, others)]
        if not all(map(all, sides)):
            found.append(None)
            continue
        found.append(difference(*(together(each["outcomes"] for each in side) for side in sides)))
    return found


def rate(value: Line | None, sign: str = "") -> str:
    if value is None:
        return ""
    return (
        f"{100 * value['value']:{sign}.1f} [{100 * value['low']:{sign}.0f}, {100 * value['high']:{sign}.0f}]"
    )


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    body = ["| " + " | ".join(cells) + " |" for cells in (heads, *rows)]
    return "\n".join([body[0], "|---" * len(heads) + "|", *body[1:]])
