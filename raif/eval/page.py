"""report.html: the findings of an evaluation as a self-contained page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from raif import html
from raif.eval.rates import Table
from raif.eval.report import (
    INTERVALS,
    PaperFigure,
    Report,
    Result,
    average_of,
    averaged,
    counts,
    how,
    of,
    shown,
)
from raif.html.samples import PageSample, Shown, mark

if TYPE_CHECKING:
    from raif.eval.seeds import Seeds

NAME = "report.html"

DRAWN = {"io": "first", "ours": "second"}
"""The paper's methods that charts show next to ours, and their class in the style sheet."""


@dataclass(frozen=True, slots=True)
class Section:
    """What a page shows of one benchmark: the reports and all items of one run, or of one for each sample of
    the answers.

    `seeds`: what several samples add up to. `links`: their own pages.
    """

    name: str
    reports: Sequence[Report]
    results: Sequence[Sequence[Result]]
    seeds: Seeds | None = None
    links: Sequence[str] = ()

    @property
    def report(self) -> Report:
        return self.reports[0]

    @property
    def benchmark(self) -> str:
        return self.report.benchmark

    @property
    def paper(self) -> Sequence[PaperFigure]:
        """What the paper prints too, the headline first; of several samples their means."""
        if self.seeds is None:
            return self.report.paper
        return [of(one, each.mean) for one, each in zip(self.report.paper, self.seeds.figures, strict=True)]

    @property
    def spread(self) -> str:
        """How far samples are apart, for people."""
        return _apart(self.seeds.figures[0].deviation) if self.seeds else ""


def _apart(deviation: float | None) -> str:
    return "" if deviation is None else f"± {100 * deviation:.1f} between samples"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page is part of a board: its model's name there, and the board's address."""

    name: str
    board: str


def write(
    path: Path, sections: Sequence[Section], *, deviation: float | None = None, place: Place | None = None
) -> None:
    """Make the page of one model. `deviation`: between samples, of the benchmarks' average. On a board, the
    samples lie beside the page, where the board finds them, too.
    """
    several, first = len(sections) > 1, sections[0]
    once = list({one.benchmark: one for one in reversed(sections)}.values())[::-1]
    shown_together = averaged(once)
    heads = [one.paper[0] for one in shown_together]
    average = average_of(heads)
    html.write(
        path,
        "eval/page.html",
        [one for section in sections for one in _samples(section, several=several)],
        beside=True if place else None,
        place=place,
        title=f"{len(sections)} benchmarks" if several else first.name,
        head=next((one.report for one in sections if one.report.judge), first.report),
        headline=average if several else first.paper[0],
        spread=_apart(deviation) if several else first.spread,
        facts=_facts([report for section in sections for report in section.reports]),
        sections=sections,
        several=several,
        names=[one.benchmark for one in shown_together],
        shapes=[_ours(heads), *_papers(average, heads)],
        overview=[
            *(
                (one.name, one.paper[0].name, one.paper[0], one.report.measured.subset, one.spread)
                for one in sections
            ),
            (average.name, "", average, "", _apart(deviation)),
        ],
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


def _samples(section: Section, *, several: bool) -> list[PageSample]:
    """All items, with the answers of all samples side by side."""
    if not section.seeds:
        return [_sample(one, section.name, several=several) for one in section.results[0]]
    by_id: dict[str, list[PageSample]] = {}
    for number, results in enumerate(section.results):
        for one in results:
            found = _sample(one, section.name, several=several)
            responses = [
                replace(response, name=f"seed {number}: {response.name}") for response in found.responses
            ]
            replies = {f"seed {number}: {key}": reply for key, reply in found.replies.items()}
            by_id.setdefault(one.id, []).append(replace(found, responses=responses, replies=replies))
    return [_together(each) for each in by_id.values()]


def _together(samples: Sequence[PageSample]) -> PageSample:
    """One item's samples as one. Its filters hold what any of them has, and how many pass."""
    first = samples[0]
    scores = [one.score for one in samples if one.score is not None]
    score = sum(scores) / len(scores) if scores else None
    facets = {
        name: sorted({value for one in samples for value in one.facets.get(name, ())})
        for name in first.facets
    }
    facets |= {
        "result": [mark(score)],
        "samples that pass": [f"{sum(one.mark == 'passed' for one in samples)} of {len(samples)}"],
    }
    return replace(
        first,
        mark=mark(score),
        score=score,
        facets=facets,
        responses=[response for one in samples for response in one.responses],
        replies={key: reply for one in samples for key, reply in one.replies.items()},
    )


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
