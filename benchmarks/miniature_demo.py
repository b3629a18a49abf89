"""The demo's part of the page: what each change of its recipe does, table 4 of the paper first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

from benchmarks.miniature_tables import Line, check_comparable, difference, number, rate, read, row_of, table

WHOLE, ALONE = "smol", "cloning alone"
CHANGES = {
    WHOLE: "whole recipe",
    "smol-no-contrast": "without contrast",
    "smol-no-cloning": "without cloning",
    "smol-no-contrast-no-cloning": "without both",
    "smol-math": "with math-like problems",
    "smol-reference": "with the quirks of the authors' code",
    "smol-hindsight": "hindsight",
    "smol-successes": "own successes",
    "smol-band": "difficulty band",
    "smol-by-kind": "contrast by kind",
    "smol-temperatures": "mixed temperatures",
    "smol-full-marks": "full marks alone",
    "smol-relevance": "gate of relevance",
    "smol-substance": "substance",
}
"""What each run changes, by its name in the results, in the table's order."""
INTRODUCTION = """\
## One change each, on the demo

The same model on the README's data, which is easier: eight kinds, one or two of them a prompt.
[demo.sh](reproduce/demo.sh) changes one thing of the whole recipe in each run: table 4 of the paper, then
[what a small model might need](train.md#for-small-models). A step without cloning is shorter, so there are
20 of them instead of 11. *steps*, *minutes*: of training, the 40 steps of the warm-up among them, beside
whatever else the machine did. *kept*: the share of thinking responses that contrast let through."""
HEADS = (
    "",
    "steps",
    "minutes",
    "constraints",
    "minus the whole recipe",
    f"minus {ALONE}",
    "relevant",
    "fluency",
    "words",
    "alike",
    "echoed",
    "kept",
)


def demo_parts(results: Path) -> Iterator[str]:
    """The section, if there are results of the demo."""
    by_preset = {preset: results / f"{preset}-0.json" for preset in CHANGES}
    runs = [read(path) for path in by_preset.values() if path.exists()]
    if not runs or runs[0]["preset"] != WHOLE:
        return
    check_comparable(results, runs)
    rivals = [runs[0]["outcomes"][name] for name in (runs[0]["after"], ALONE)]
    rows = [change_row(run, rivals) for run in runs]
    alone = row_of(runs[0], ALONE)
    gap = rate(difference(rivals[1], rivals[0]), sign="+")
    yield INTRODUCTION
    yield table(HEADS, [*rows, [ALONE, "", "", rate(alone["constraints"]), gap, "", *qualities(alone), ""]])


def change_row(run: Line, rivals: Sequence[Line]) -> list[str]:
    row, own = row_of(run, run["after"]), run["outcomes"][run["after"]]
    gaps = ["" if own is rival else rate(difference(own, rival), sign="+") for rival in rivals]
    kept = fmean(share for _, share in run["curves"]["keep_ratio"])
    name, minutes = CHANGES[run["preset"]], f"{run['seconds'] / 60:.0f}"
    return [name, str(run["steps"]), minutes, rate(row["constraints"]), *gaps, *qualities(row), f"{kept:.0%}"]


def qualities(row: Line) -> list[str]:
    shares = [f"{100 * row[name]:.1f}" for name in ("alike", "echoed")]
    return [rate(row["relevant"]), number(row["fluency"]), f"{row['words']:.0f}", *shares]
