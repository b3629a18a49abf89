"""report.html: the findings of an evaluation as a self-contained page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from raif import html
from raif.eval.rates import Table
from raif.eval.report import (
    INTERVALS,
    PaperFigure,
    Report,
    Result,
    Suite,
    averaged,
    counts,
    how,
    read,
    read_results,
    shown,
    suite,
)
from raif.html.samples import PageSample, Shown, mark

DRAWN = {"io": "first", "ours": "second"}
"""The paper's methods that charts show next to ours, and their class in the style sheet."""


def rewrite(folder: Path) -> None:
    """Make the page of a finished run again, from what its folder holds."""
    found = read(folder)
    if isinstance(found, Suite):
        folders = {report.benchmark: folder / report.benchmark for report in found.reports}
    else:
        folders = {found.benchmark: folder}
    write(folder, found, {benchmark: read_results(each) for benchmark, each in folders.items()})


def write(folder: Path, found: Report | Suite, results: Mapping[str, Sequence[Result]]) -> None:
    """Make the page of a run of one benchmark or of several. `results`: all items, by benchmark."""
    several = isinstance(found, Suite)
    whole = found if isinstance(found, Suite) else suite([found])
    heads = [each.paper[0] for each in averaged(whole.reports)]
    samples = [
        _sample(one, benchmark, several=several) for benchmark, items in results.items() for one in items
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
        shapes=[_ours(heads), *_papers(whole.average, heads)],
        overview=[
            *(
                (each.benchmark, each.paper[0].name, each.paper[0], each.measured.subset)
                for each in whole.reports
            ),
            (whole.average.name, "", whole.average, ""),
        ],
        samples=samples,
        marks=_marks,
        top=_top,
        how=how,
        intervals=INTERVALS,
        counts=counts,
        shown=shown,
    )


def _facts(reports: Sequence[Report]) -> list[tuple[str, str, str]]:
    """Tiles: name, value, note."""
    sums = {
        name: f"{sum(getattr(report, name) for report in reports):,}"
        for name in ("items", "answered", "truncated", "empty", "undecided")
    }
    return [
        ("answered", sums["answered"], f"of {sums['items']}{_drawn(reports)} items"),
        ("cut off", sums["truncated"], "answers, by the token limit"),
        ("empty", sums["empty"], "answers"),
        ("undecided", sums["undecided"], "checks, left out"),
    ]


def _drawn(reports: Sequence[Report]) -> str:
    """How many items there are in all, if not all were asked."""
    size = sum(report.measured.size for report in reports)
    return f" drawn from {size:,}" if size > sum(report.items for report in reports) else ""


def _ours(heads: Sequence[PaperFigure]) -> dict[str, Any]:
    """This run on the radar: shares by benchmark, with their intervals."""
    known = [head.ours for head in heads]
    return {
        "class": "here",
        "name": "here",
        "shares": [one.value if one else 0 for one in known],
        "low": [one.low if one else 0 for one in known],
        "high": [one.high if one else 0 for one in known],
    }


def _papers(average: PaperFigure, heads: Sequence[PaperFigure]) -> list[dict[str, Any]]:
    """The paper's rows on the radar."""
    return [
        {
            "class": DRAWN[row.method],
            "name": f"paper: {row.model}, {row.method}",
            "method": row.method,
            "shares": [
                next(one.printed for one in head.rows if one.method == row.method) / 100 for head in heads
            ],
            "low": (),
        }
        for row in average.rows
        if row.method in DRAWN
    ]


def _marks(figure: PaperFigure) -> list[tuple[str, str, float]]:
    """Where the paper's rows are on a bar: class, title, share."""
    return [
        (DRAWN[row.method], f"{row.model}, {row.method}: {row.printed:.2f}", row.printed / 100)
        for row in figure.rows
        if row.method in DRAWN
    ]


def _top(table: Table) -> float:
    """Where the axis of a table's bars ends."""
    if table.percent:
        return 1
    return max((value.high for row in table.rows for value in row.values if value), default=1) or 1


def _sample(result: Result, benchmark: str, *, several: bool) -> PageSample:
    own = next(iter(result.parts.values()))
    verdicts = result.verification.verdicts
    scores = [f"{name} {'undecided' if p is None else f'{p:.0%}'}" for name, p in result.parts.items()]
    relevant = result.relevance.relevant if result.relevance else None
    facts = {
        "cut off": result.truncated,
        "empty": result.empty,
        "with thinking": bool(result.thinking),
        "relevant": relevant is True,
        "not relevant": relevant is False,
        "not split in full": bool(result.raw),
        "with an error": result.error is not None,
    }
    notes = [*([f"id {result.id}"] if result.name else []), *scores]
    notes += [f"error: {result.error}"] if result.error else []
    responses = [Shown("answer", result.thinking, result.answer, notes, [asdict(one) for one in verdicts])]
    if result.raw:
        responses.append(Shown("response as it came", "", result.raw, [], []))
    responses += [
        Shown(f"call {number}", call.thinking, call.answer, [f"asked: {call.prompt}"], [])
        for number, call in enumerate(result.calls, 1)
    ]
    return PageSample(
        id=f"{benchmark} {result.called}",
        mark=mark(own),
        messages=[(message.role, message.content) for message in result.messages],
        responses=responses,
        facets={
            **({"benchmark": [benchmark]} if several else {}),
            "result": [mark(own)],
            "answer": [fact for fact, true in facts.items() if true],
            **{name: [label] for name, label in result.labels.items()},
            "check failed": sorted({v.kind for v in result.verification.counted if v.passed is False}),
        },
        replies=result.replies,
        score=own,
    )
