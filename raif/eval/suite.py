"""Several benchmarks with one model and one judge, and one report of them all."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from raif.eval.paper import PaperFigure, PaperRow
from raif.eval.report import REPORT, Report, beside_table, lines, shown
from raif.stats import Interval


@dataclass(frozen=True, slots=True)
class Suite:
    """`average`: the plain mean of the paper's numbers, beside the paper's own mean of the same ones.

    Its interval takes the benchmarks as independent.
    """

    model: str
    reports: tuple[Report, ...]
    average: PaperFigure

    @property
    def headline(self) -> float | None:
        return self.average.ours.value if self.average.ours else None


def suite(reports: Sequence[Report]) -> Suite:
    """All reports and their average. The paper's average is over its seven."""
    heads = [report.paper[0] for report in averaged(reports)]
    ours = _mean([head.ours for head in heads])
    name = f"average of {len(heads)}"
    return Suite(reports[0].model, tuple(reports), PaperFigure(name, ours, _rows(heads, ours)))


def averaged(reports: Sequence[Report]) -> Sequence[Report]:
    """Those of the paper's seven; where there are none of them, all."""
    return [report for report in reports if report.benchmark != "ifbench"] or reports


def _mean(parts: Sequence[Interval | None]) -> Interval | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or not known:
        return None
    value = sum(part.value for part in known) / len(known)
    below = math.hypot(*(part.value - part.low for part in known)) / len(known)
    above = math.hypot(*(part.high - part.value for part in known)) / len(known)
    return Interval(value, value - below, value + above)


def _rows(heads: Sequence[PaperFigure], ours: Interval | None) -> tuple[PaperRow, ...]:
    """Of the methods that the paper has for each of the benchmarks."""
    printed = [{(row.model, row.method): row.printed for row in head.rows} for head in heads]
    both = [key for key in printed[0] if all(key in each for each in printed)]
    means = {key: round(sum(each[key] for each in printed) / len(printed), 2) for key in both}
    return tuple(
        PaperRow(*key, mean, None if ours is None else round(100 * ours.value - mean, 2))
        for key, mean in means.items()
    )


def write(folder: Path, found: Suite) -> Suite:
    """Save report.json and report.md; each benchmark's own are in its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / REPORT).write_text(as_json(found) + "\n", "utf-8")
    (folder / "report.md").write_text(markdown(found), "utf-8")
    return found


def as_json(found: Suite) -> str:
    return json.dumps(asdict(found), ensure_ascii=False, indent=2)


def markdown(found: Suite) -> str:
    heads = ["benchmark", "figure", "here", "items", "answered", "cut off", "empty", "undecided"]
    rows = [_line(report) for report in found.reports]
    rows.append(["", found.average.name, shown(found.average.ours), *[""] * 5])
    note = "Percent, with 95% intervals over prompts: the numbers that the paper prints.\n"
    figures = [found.average, *(report.paper[0] for report in found.reports)]
    return "\n".join([f"# {found.model}\n", note, lines(heads, rows), *beside_table(figures)])


def _line(report: Report) -> list[str]:
    head = report.paper[0]
    counts = (report.items, report.answered, report.truncated, report.empty, report.undecided)
    return [report.benchmark, head.name, shown(head.ours), *map(str, counts)]
