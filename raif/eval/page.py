"""report.html: what an evaluation found, as a page that stands alone, made from what its folder holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from raif import html
from raif.eval.finished import report, results
from raif.eval.paper import PaperFigure
from raif.eval.rates import Table
from raif.eval.report import Report, Result, counts, how, shown
from raif.eval.suite import Suite, averaged, suite
from raif.html.samples import Sample, Shown, mark

BESIDE = {"io": "first", "ours": "second"}
"""The paper's methods that are drawn beside ours, and their class in the style."""


def write(folder: Path) -> None:
    """Make the page of a finished run, of one benchmark or of several."""
    found = report(folder)
    whole = found if isinstance(found, Suite) else suite([found])
    several = isinstance(found, Suite)
    samples = [
        _sample(one, each.benchmark, several=several)
        for each in whole.reports
        for one in results(folder / each.benchmark if several else folder)
    ]
    html.write(
        folder / "report.html",
        "eval/page.html",
        title=f"{len(whole.reports)} benchmarks" if several else whole.reports[0].benchmark,
        head=next((each for each in whole.reports if each.judge), whole.reports[0]),
        headline=whole.average if several else whole.reports[0].paper[0],
        facts=_facts(whole.reports),
        reports=whole.reports,
        several=several,
        names=[each.benchmark for each in averaged(whole.reports)],
        shapes=_shapes(whole),
        overview=_overview(whole),
        samples=samples,
        marks=_marks,
        top=_top,
        how=how,
        counts=counts,
        shown=shown,
    )


def _facts(reports: Sequence[Report]) -> list[tuple[str, str, str]]:
    """Tiles: name, value, note."""
    items, answered = sum(each.items for each in reports), sum(each.answered for each in reports)
    notes = {
        "truncated": ("cut off", "answers, by the token limit"),
        "empty": ("empty", "answers"),
        "undecided": ("undecided", "checks, left out"),
    }
    sums = {name: sum(getattr(each, name) for each in reports) for name in notes}
    tiles = [(notes[name][0], f"{count:,}", notes[name][1]) for name, count in sums.items()]
    return [("answered", f"{answered:,}", f"of {items:,} items"), *tiles]


def _shapes(whole: Suite) -> list[dict[str, Any]]:
    """What the radar draws: this run, then the paper's rows, as shares by benchmark."""
    heads = [each.paper[0] for each in averaged(whole.reports)]
    known = [head.ours for head in heads]
    shapes = [
        {
            "class": "here",
            "name": "here",
            "shares": [one.value if one else 0 for one in known],
            "low": [one.low if one else 0 for one in known],
            "high": [one.high if one else 0 for one in known],
        }
    ]
    for row in whole.average.rows:
        if row.method in BESIDE:
            of = [next(r for r in head.rows if r.method == row.method) for head in heads]
            name, shares = f"paper: {row.model}, {row.method}", [one.printed / 100 for one in of]
            shapes.append(
                {"class": BESIDE[row.method], "name": name, "method": row.method, "shares": shares, "low": ()}
            )
    return shapes


def _overview(whole: Suite) -> list[tuple[str, str, PaperFigure, str]]:
    """Name, what is measured, its figure, items; the average last."""
    rows = [(each.benchmark, each.paper[0].name, each.paper[0], f"{each.items:,}") for each in whole.reports]
    return [*rows, (whole.average.name, "", whole.average, "")]


def _marks(figure: PaperFigure) -> list[tuple[str, str, float]]:
    """Where the paper's rows lie: class, title, share."""
    return [
        (BESIDE[row.method], f"{row.model}, {row.method}: {row.printed:.2f}", row.printed / 100)
        for row in figure.rows
        if row.method in BESIDE
    ]


def _top(table: Table) -> float:
    """Where the axis of a table's bars ends."""
    if table.percent:
        return 1
    return max((value.high for row in table.rows for value in row.values if value), default=1) or 1


def _sample(result: Result, benchmark: str, *, several: bool) -> Sample:
    own = next(iter(result.parts.values()))
    verdicts = result.verification.verdicts
    scores = [f"{name} {'undecided' if p is None else f'{p:.0%}'}" for name, p in result.parts.items()]
    return Sample(
        id=f"{benchmark} {result.id}",
        mark=mark(own),
        messages=[(message.role, message.content) for message in result.messages],
        responses=[
            Shown("answer", result.thinking, result.answer, scores, [asdict(verdict) for verdict in verdicts])
        ],
        facets={
            **({"benchmark": [benchmark]} if several else {}),
            "result": [mark(own)],
            "answer": list(_answer(result)),
            **{name: [label] for name, label in result.labels.items()},
            "check failed": sorted({v.kind for v in result.verification.counted if v.passed is False}),
        },
        replies=result.replies,
    )


def _answer(result: Result) -> Iterator[str]:
    """What may be wrong with an answer before it is checked."""
    if result.truncated:
        yield "cut off"
    if result.empty:
        yield "empty"
    if result.thinking:
        yield "with thinking"
