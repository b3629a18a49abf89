"""The page's aims: what a run of the miniature should reach in two hours, and what each has reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.miniature_tables import (
    UNTRAINED,
    Line,
    benchmark_gaps,
    called,
    difference,
    number,
    rate,
    row_of,
    table,
)

MINUTES = 120
"""Of training, at most."""
LEAST = {
    "constraints followed, times the untrained model's": 2.5,
    "relevant answers, points above the untrained model's": -5.0,
    "words of an answer, times the untrained model's": 0.5,
    "fluency": -1.5,
    "IFEval, points above the untrained model": 12.0,
    "IFBench, points above the untrained model": 3.0,
}
AHEAD = ("held-out, points above cloning alone", "IFEval, points above cloning alone")
"""In pairs; reached if the interval lies above 0."""
INTRODUCTION = """\
## What was aimed at

**Bold** is what was reached. *cloning alone* is `mini-sft`, planned for the same time; to be ahead of it, the
whole interval has to lie above 0. Nothing stands where something wasn't measured."""


def aim_parts(runs: Sequence[tuple[Line, Line | None]], measured: Line) -> Iterator[str]:
    """The section. runs: each with the run of cloning alone that it is compared with, if there is one."""
    columns = [
        {"minutes of training": minutes(run)} | reached_least(run, measured) | ahead(run, rival, measured)
        for run, rival in runs
    ]
    wanted = {
        "minutes of training": f"at most {MINUTES}",
        **{name: f"at least {least:g}" for name, least in LEAST.items()},
        **dict.fromkeys(AHEAD, "above 0"),
    }
    yield INTRODUCTION
    yield table(
        ("", "aim", *(f"`{called(run)}`" for run, _ in runs)),
        [[name, aim, *(column[name] for column in columns)] for name, aim in wanted.items()],
    )


def minutes(run: Line) -> str:
    return marked(f"{run['seconds'] / 60:.0f}", reached=run["seconds"] <= 60 * MINUTES)


def reached_least(run: Line, measured: Line) -> dict[str, str]:
    own, untrained = row_of(run, run["after"]), row_of(run, "untrained")
    gaps = benchmark_gaps(measured, [called(run)], [UNTRAINED])
    values = [
        own["constraints"]["value"] / untrained["constraints"]["value"],
        100 * (own["relevant"]["value"] - untrained["relevant"]["value"]),
        own["words"] / untrained["words"],
        own["fluency"],
        *(100 * gap["value"] if gap else None for gap in gaps),
    ]
    return {
        name: marked(number(value), reached=value is not None and value >= least)
        for (name, least), value in zip(LEAST.items(), values, strict=True)
    }


def ahead(run: Line, rival: Line | None, measured: Line) -> dict[str, str]:
    if rival is None:
        return dict.fromkeys(AHEAD, "")
    heldout = difference(run["outcomes"][run["after"]], rival["outcomes"][rival["after"]])
    ifeval, _ = benchmark_gaps(measured, [called(run)], [called(rival)])
    return {
        name: marked(rate(gap, sign="+"), reached=bool(gap and gap["low"] > 0))
        for name, gap in zip(AHEAD, (heldout, ifeval), strict=True)
    }


def marked(value: str, *, reached: bool) -> str:
    return f"**{value}**" if reached else value
