"""The page of RAIF in miniature: docs/results.md and its figures, made of the JSON files in docs/results.

    python benchmarks/miniature_page.py docs

It refuses to write a page without results, or with runs that were asked different held-out prompts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `benchmarks`

from benchmarks.miniature_aims import aim_parts
from benchmarks.miniature_demo import demo_parts
from benchmarks.miniature_tables import (
    BENCHMARKS,
    UNTRAINED,
    Line,
    benchmark_gaps,
    called,
    check_comparable,
    difference,
    number,
    rate,
    read,
    row_of,
    table,
    together,
)

METHODS = {UNTRAINED: "asked plainly", "untrained-cot": "chain of thought", "untrained-sdc": "SDC"}
PRESETS = {
    "mini-warm-up": "where the recipes begin (`mini-warm-up`)",
    "mini-sft": "cloning alone (`mini-sft`)",
    "mini": "the paper's recipe (`mini`)",
    "mini-all": "with changes for small models (`mini-all`)",
}
"""Table 1, in this order."""
PAIRS = (
    ("mini-sft", "mini-warm-up"),
    ("mini", "mini-warm-up"),
    ("mini", "mini-sft"),
    ("mini-all", "mini-warm-up"),
    ("mini-all", "mini-sft"),
    ("mini-all", "mini"),
)
"""Which presets are compared prompt by prompt, of the same seed; each is also compared with the untrained."""
CURVES = {
    "keep_ratio": "Kept by contrast",
    "response_tokens": "Tokens of a response",
    "reward": "Reward",
    "entropy": "Entropy of a token, nats",
    "step_words": "Words of steps in 100 words of thinking: first, next, then, finally",
}
"""What is drawn over training, by its name in the JSON."""
MARKS = {True: "passes", False: "fails", None: "undecided"}

INTRODUCTION = """\
# RAIF in miniature

The shape of the paper's tables with SmolLM2-135M-Instruct on two CPU cores.
[miniature.sh](reproduce/miniature.sh) and [demo.sh](reproduce/demo.sh) train and measure everything,
`benchmarks/miniature_page.py` makes this page of the JSON files in [results](results). Rates are strict, in
percent, with 95% intervals over prompts. What was tried, and what the figures teach, is in
[experiments](experiments.md)."""
TABLE_1 = """\
## Table 1

*held-out*: the constraints followed in records of the kinds that occur in training, about subjects that
don't. *IFEval*, *IFBench*: the prompts all of whose instructions are followed; IFBench has kinds that were
never trained on. `mini-sft` takes as many steps as would fit into the time of `mini-all` at the pace of its
warm-up. *minutes* are what training took, at the pace of the day and beside whatever else the machine did."""
IN_PAIRS = """\
## In pairs

Rates of the first model minus those of the second on the same prompts, in points. Both were trained with the
seed that the row names; a row with several seeds takes their runs together. Intervals are over prompts: what
a seed changes shows from row to row."""
HELD_OUT = """\
## Held-out records

Greedy answers. *relevant*: likelier under their own prompt than under each of seven others; *gain*: by how
much on average, in nats a token; *fluency*: the mean log-probability of a token under the untrained model;
*alike*: the share of the answers that have their most frequent four words in common; *echoed*: the share
that copy eight words of their thinking ([more about these](train.md#relevance)). Relevance is measured on
fewer answers, so *and relevant* can exceed *prompts*. *packaged answers*, in foreign words, are for
comparison: training clones others, in the model's own."""

GPU = 4e14
"""Operations a second, 40% of what an H100's data sheet gives for bfloat16."""
PRICE = 2
"""US dollars for an hour of one GPU, an assumption."""
PLANS = f"""\
The same recipe at the paper's sizes, by the planner's arithmetic at {GPU:.0e} operations a second and GPU
(40% of an H100's). Prompts and responses count as long as they may be, which is too much; that sampling
waits for memory and ranks for each other doesn't count, which is too little. The judge's time is left out."""
PLAN_HEADS = (
    "",
    "steps",
    "operations a step",
    "one GPU, hours",
    "16 GPUs, hours",
    f"US dollars, at {PRICE} a GPU hour",
)


def page(docs: Path) -> None:
    """Write docs/results.md and its figures, from docs/results/*.json."""
    results = docs / "results"
    runs = ordered([read(path) for path in results.glob("mini*.json")])
    if not runs:
        sys.exit(f"{results}: no results to show; run docs/reproduce/miniature.sh first, then its stage page")
    check_comparable(results, runs)
    measured = read(results / "benchmarks.json")
    rows = list(table_1(runs, measured))
    parts = [
        INTRODUCTION,
        TABLE_1,
        table(("", "held-out", *BENCHMARKS.values(), "minutes"), [cells_of(*row) for row in rows]),
        f"![Table 1 as bars]({bars(results, rows)})",
        IN_PAIRS,
        table(("", "minus", "held-out", *BENCHMARKS.values()), list(pairs(runs, measured))),
        *aim_parts(list(with_rivals(runs)), measured),
        "## By kind\n\nHeld-out constraints that were followed, in percent.",
        by_kind(runs),
        HELD_OUT,
        table(HEADS, [row for n, run in enumerate(runs) for row in heldout_rows(run, first=not n)]),
        *benchmark_parts(measured),
        *figure_parts(results, runs),
        *demo_parts(results),
        *sample_parts(read(results / "samples.json")),
        "## Time\n\nOf training alone, and what the plan had said of a step.",
        table(("", "steps", "minutes", "planned"), [time_row(run) for run in runs]),
        PLANS,
        table(PLAN_HEADS, [plan_row(name, plan) for name, plan in read(results / "plans.json").items()]),
    ]
    (docs / "results.md").write_text("\n\n".join(parts).rstrip() + "\n", "utf-8")


def ordered(runs: Sequence[Line]) -> list[Line]:
    """Table 1's first."""
    place = {preset: n for n, preset in enumerate(PRESETS)}
    return sorted(runs, key=lambda run: (place.get(run["preset"], len(place)), run["preset"], run["seed"]))


# ---- table 1


Row = tuple[str, list[Line | None], int | None]
"""A model, its rates, and the seconds that it was trained for."""


def table_1(runs: Sequence[Line], measured: Line) -> Iterator[Row]:
    for name, method in METHODS.items():
        heldout = row_of(runs[0], "untrained")["constraints"] if name == UNTRAINED else None
        rates = [heldout, *(headline(measured, name, benchmark) for benchmark in BENCHMARKS)]
        if any(rates):
            yield f"untrained, {method}", rates, None
    for run in runs:
        if run["preset"] in PRESETS:
            heldout = row_of(run, run["after"])["constraints"]
            rates = [heldout, *(headline(measured, called(run), benchmark) for benchmark in BENCHMARKS)]
            yield f"{PRESETS[run['preset']]}, seed {run['seed']}", rates, run["seconds"]


def headline(measured: Line, name: str, benchmark: str) -> Line | None:
    """The strict rate of prompts."""
    entry = measured.get(name, {}).get(benchmark)
    return next(value for row, _, value in cells(entry) if row["name"] == "prompts") if entry else None


def cells_of(name: str, rates: Sequence[Line | None], seconds: int | None) -> list[str]:
    return [name, *(rate(each) for each in rates), f"{seconds / 60:.0f}" if seconds else ""]


def bars(results: Path, rows: Sequence[Row]) -> str:
    """Draw table 1. Returns the figure's place on the page."""
    plt = pyplot()
    figure, axes = plt.subplots(1, 1 + len(BENCHMARKS), figsize=(9, 0.8 + 0.35 * len(rows)), sharey=True)
    for column, (axis, title) in enumerate(zip(axes, ("held-out", *BENCHMARKS.values()), strict=True)):
        for place, (_, rates, _) in enumerate(rows):
            if found := rates[column]:
                value, low, high = (100 * found[key] for key in ("value", "low", "high"))
                axis.barh(place, value, color="#7a9cc6", xerr=[[value - low], [high - value]])
        axis.set_title(title, fontsize=10)
        axis.set_xlim(0, 100)
    axes[0].set_yticks(range(len(rows)), [name.replace("`", "") for name, *_ in rows], fontsize=8)
    axes[0].invert_yaxis()
    figure.savefig(results / "table-1.png", dpi=110, bbox_inches="tight")
    plt.close(figure)
    return "results/table-1.png"


def pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    return plt


# ---- in pairs and by kind


def pairs(runs: Sequence[Line], measured: Line) -> Iterator[list[str]]:
    """Other ways to ask the untrained model minus asking it plainly; each run minus the untrained model, and
    minus those in PAIRS, then all seeds of a preset together; as far as both were measured.
    """
    for name, method in METHODS.items():
        gaps = benchmark_gaps(measured, [name], [UNTRAINED])
        if name != UNTRAINED and any(gaps):
            yield [f"untrained, {method}", METHODS[UNTRAINED], "", *(rate(gap, sign="+") for gap in gaps)]
    presets = dict.fromkeys(run["preset"] for run in runs)
    for preset in presets:
        seeds = [run["seed"] for run in runs if run["preset"] == preset]
        for chosen in [[seed] for seed in seeds] + ([seeds] if len(seeds) > 1 else []):
            yield from pairs_of(preset, chosen, runs, measured)


def pairs_of(preset: str, seeds: Sequence[int], runs: Sequence[Line], measured: Line) -> Iterator[list[str]]:
    """The rows of a preset's runs with these seeds, taken together."""
    by_name = {(run["preset"], run["seed"]): run for run in runs}
    own = [by_name[preset, seed] for seed in seeds]
    trained = together(run["outcomes"][run["after"]] for run in own)
    rivals = [("untrained", together(run["outcomes"]["untrained"] for run in own), [UNTRAINED])]
    for one, other in PAIRS:
        if one == preset and all((other, seed) in by_name for seed in seeds):
            theirs = [by_name[other, seed] for seed in seeds]
            outcomes = together(run["outcomes"][run["after"]] for run in theirs)
            rivals.append((f"`{other}`", outcomes, [called(run) for run in theirs]))
    for name, heldout, others in rivals:
        gaps = benchmark_gaps(measured, [called(run) for run in own], others)
        cells = [rate(gap, sign="+") for gap in (difference(trained, heldout), *gaps)]
        yield [f"`{preset}` {' and '.join(map(str, seeds))}", name, *cells]


def with_rivals(runs: Sequence[Line]) -> Iterator[tuple[Line, Line | None]]:
    """Table 1's runs; the recipes' each with the run of cloning alone that has its seed."""
    alone = {run["seed"]: run for run in runs if run["preset"] == "mini-sft"}
    for run in runs:
        if run["preset"] in PRESETS:
            yield run, alone.get(run["seed"]) if run["preset"] in ("mini", "mini-all") else None


def by_kind(runs: Sequence[Line]) -> str:
    """A row a kind: how often it counts, and the rates of the untrained model and of each run."""
    untrained = runs[0]["kinds"]["untrained"]
    shown = {"untrained": untrained} | {f"`{called(run)}`": run["kinds"][run["after"]] for run in runs}
    rows = []
    for kind, (_, of) in untrained.items():
        shares = [100 * found[kind][0] / found[kind][1] for found in shown.values()]
        rows.append([f"`{kind}`", str(of), *(f"{share:.0f}" for share in shares)])
    return table(("", "of", *shown), rows)


# ---- the tables in full


HEADS = (
    "",
    "constraints",
    "prompts",
    "and relevant",
    "relevant",
    "gain",
    "fluency",
    "words",
    "repeated",
    "alike",
    "echoed",
)


SHARED = {"untrained": "untrained", "expert answers": "packaged answers"}
"""Rows that are the same in all runs, by their names there."""


def heldout_rows(run: Line, *, first: bool) -> Iterator[list[str]]:
    """The run's own rows; the untrained model's and the experts' only once, with the first run."""
    for row in run["rows"]:
        if row["name"] in SHARED and not first:
            continue
        name = SHARED.get(row["name"]) or f"`{called(run)}`"
        if row["name"] not in (*SHARED, run["after"]):
            name += f", {row['name']}"
        rates = [rate(row[key]) for key in ("constraints", "followed", "followed_relevant", "relevant")]
        own = [number(row["relevance_gain"]), number(row["fluency"]), f"{row['words']:.0f}"]
        shares = (row["repetition"], row.get("alike"), row.get("echoed"))
        yield [name, *rates, *own, *("" if each is None else f"{100 * each:.1f}" for each in shares)]


def benchmark_parts(measured: Line) -> Iterator[str]:
    """A table a benchmark. Relevance isn't measured of every model."""
    for benchmark, title in BENCHMARKS.items():
        found = {
            name: {f"{row['name']}, {column}": value for row, column, value in cells(each[benchmark])}
            for name, each in measured.items()
            if benchmark in each
        }
        if found:
            names = list(dict.fromkeys(name for values in found.values() for name in values))
            rows = [[f"`{n}`", *(rate(values.get(name)) for name in names)] for n, values in found.items()]
            yield f"## {title}"
            yield table(["", *names], rows)


def cells(entry: Line) -> Iterator[tuple[Line, str, Line | None]]:
    """The values of the tables, in shares."""
    for found in entry["tables"]:
        if found["percent"]:
            for row in found["rows"]:
                yield from (
                    (row, column, v) for column, v in zip(found["columns"], row["values"], strict=True)
                )


def figure_parts(results: Path, runs: Sequence[Line]) -> Iterator[str]:
    """A figure for each curve, with a line for each run of table 1."""
    plt = pyplot()
    yield "## Over training"
    for name, title in CURVES.items():
        drawn = {called(run): run["curves"].get(name) for run in runs if run["preset"] in PRESETS}
        if not any(drawn.values()):
            continue
        figure, axis = plt.subplots(figsize=(6.5, 3), layout="constrained")
        for label, points in drawn.items():
            if points:
                axis.plot(*zip(*points, strict=True), label=label)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("step")
        axis.legend(frameon=False, fontsize=8)
        axis.grid(alpha=0.3)
        figure.savefig(results / f"{name}.png", dpi=110)
        plt.close(figure)
        yield f"![{title}](results/{name}.png)"


def sample_parts(shown: Mapping[str, Line]) -> Iterator[str]:
    yield "## Samples\n\nThe first held-out prompts, whatever the answers look like."
    for each in shown.values():
        yield "**" + " ".join(each["prompt"].split()) + "**"
        for name, answer in each["answers"].items():
            said = ", ".join(f"{id} {MARKS[v]}" for id, v in answer["verdicts"].items())
            relevant = {True: ", relevant", False: ", not relevant", None: ""}[answer["relevant"]]
            text = "\n".join(f"> {line}" for line in (answer["text"] or "no answer").split("\n"))
            yield f"*{name}*: {said}{relevant}\n\n{text}"


def time_row(run: Line) -> list[str]:
    planned = " ".join(" ".join(run["plan"]).split()) or "not kept"
    return [f"`{called(run)}`", f"{run['steps']}", f"{run['seconds'] / 60:.0f}", planned]


def plan_row(preset: str, plan: Line) -> list[str]:
    work = sum(plan["operations"].values())
    hours = work * plan["steps"] / GPU / 3600
    return [
        f"`{preset}`",
        f"{plan['steps']:,}",
        f"{work:.1e}",
        f"{hours:,.0f}",
        f"{hours / 16:,.0f}",
        f"{PRICE * hours:,.0f}",
    ]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    page(Path(sys.argv[1]))
