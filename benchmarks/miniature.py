"""The results of RAIF in miniature: small JSON files from finished runs, and one page made of these alone.

    python benchmarks/miniature.py steps runs/miniature/mini-all-0 runs/miniature/mini-sft-0
    python benchmarks/miniature.py collect runs/miniature docs/results
    python benchmarks/miniature.py page docs

`docs/reproduce/miniature.sh` calls all three. `page` refuses to write a page without results. The JSON files
have the outcome of each prompt, so that runs made at different times, or by different people, can be paired.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

Line = Mapping[str, Any]
CURVES = {
    "keep_ratio": "Kept by contrast",
    "response_tokens": "Tokens of a response",
    "reward": "Reward",
    "entropy": "Entropy of a token, nats",
    "step_words": "Words of steps in 100 words of thinking: first, next, then, finally",
}
"""What is drawn over training, by its name in the JSON."""
STEP_WORDS = re.compile(r"\b(first|next|then|finally)\b", re.IGNORECASE)
SAMPLES = 6
"""Held-out prompts whose answers are shown: the first ones of the file, whatever they look like."""
PAIRS = (("mini-all", "mini-sft"), ("mini-all", "mini"), ("mini", "mini-sft"))
"""Which presets are compared prompt by prompt, of the same seed; each is also compared with the untrained."""
UNTRAINED = "untrained-io"
BENCHMARKS = {"ifeval": "IFEval", "ifbench": "IFBench, kinds that were never trained on"}
SHOWN = ("rate", "relevance")
"""The tables of a benchmark that are kept."""
SAMPLED = ("mini-0", "mini-all-0", "mini-sft-0")


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def trained_seconds(folder: Path) -> float:
    """The time of all training steps, without evaluation."""
    return sum(
        v for line in lines(folder / "metrics.jsonl") for k, v in line.items() if k.startswith("time_")
    )


def steps(reference: Path, run: Path) -> int:
    """How many steps of `run`, at the pace of those it has taken, take as long as `reference` trained."""
    taken = len(lines(run / "metrics.jsonl"))
    if not taken or not (reference / "model").exists():
        sys.exit(f"{reference} has not finished, or {run} has not begun: train them first")
    return max(taken, round(taken * trained_seconds(reference) / trained_seconds(run)))


# ---- collecting


def collect(runs: Path, results: Path) -> None:
    """A JSON file for each finished run, one for the benchmarks, one with samples.

    What these two know of models that aren't in `runs` stays. Runs' folders are called PRESET-SEED: that of
    the demo, whose figures the README shows, is smol-0.
    """
    done = [folder for folder in sorted(runs.glob("*-[0-9]")) if (folder / "model").exists()]
    if not done:
        sys.exit(f"{runs}: no finished run in it; docs/reproduce/miniature.sh trains them")
    results.mkdir(parents=True, exist_ok=True)
    for folder in done:
        write(results / f"{folder.name}.json", training(folder))
    found, shown = results / "benchmarks.json", results / "samples.json"
    write(found, known(found) | benchmarks(runs / "eval"))
    write(shown, samples([f for f in done if f.name in SAMPLED], known(shown)))


def known(path: Path) -> dict[str, Any]:
    return read(path) if path.exists() else {}


def write(path: Path, content: Mapping[str, Any]) -> None:
    """A line for each entry."""
    entries = (
        f" {json.dumps(name)}: {json.dumps(each, ensure_ascii=False)}" for name, each in content.items()
    )
    path.write_text("{\n" + ",\n".join(entries) + "\n}\n", "utf-8")


def training(folder: Path) -> dict[str, Any]:
    """What one run took and gave: the held-out table, the outcome of each prompt, time, plan, curves."""
    metrics, report = lines(folder / "metrics.jsonl"), read(folder / "report.json")
    plan = folder.with_name(folder.name + ".plan")
    start = read(folder / "environment.json")[0]
    preset, _, seed = folder.name.rpartition("-")
    return {
        "preset": preset,
        "seed": int(seed),
        "commit": (start["git"] or {}).get("commit"),
        "steps": len(metrics),
        "seconds": round(trained_seconds(folder)),
        "plan": plan.read_text("utf-8").splitlines()[-2:] if plan.exists() else [],
        "rows": report["rows"],
        "after": last_row(folder),
        "outcomes": {row["name"]: outcomes(folder, row["name"]) for row in report["rows"]},
        "curves": curves(folder, metrics),
    }


def outcomes(folder: Path, row: str) -> dict[str, list[int]]:
    """Of each held-out prompt: how many of its constraints were followed, and how many count."""
    found = {}
    for id, answer in answers(folder, row).items():
        marks = [v["passed"] for v in answer["verdicts"] if v["active"] and v["passed"] is not None]
        found[id] = [sum(marks), len(marks)]
    return found


def curves(folder: Path, metrics: Sequence[Line]) -> dict[str, list[list[float]]]:
    """Points of step and value."""
    found = {
        name: [[line["step"], round(line[name], 4)] for line in metrics if line.get(name) is not None]
        for name in CURVES
        if name != "step_words"
    }
    words = []
    for file in sorted((folder / "samples").glob("step-*.jsonl")):
        texts = [
            line["text"].partition("</think>")[0].removeprefix("<think>")
            for line in lines(file)
            if line["thinking"]
        ]
        count = sum(len(text.split()) for text in texts)
        said = sum(len(STEP_WORDS.findall(text)) for text in texts)
        words.append([int(file.stem.removeprefix("step-")), round(100 * said / max(count, 1), 3)])
    return {**found, "step_words": words}


def answers(folder: Path, row: str) -> dict[str, Line]:
    """The held-out answers of a row of the report, by id."""
    return {line["id"]: line for line in lines(folder / "heldout" / f"{row.replace(' ', '-')}.jsonl")}


def last_row(folder: Path) -> str:
    """The row of the trained model that thinks."""
    return "fine-tuned" if (folder / "heldout" / "fine-tuned.jsonl").exists() else "whole recipe"


def benchmarks(folder: Path) -> dict[str, Any]:
    """Of each model and benchmark: tables of the report, and whether each item was followed (strict)."""
    found: dict[str, Any] = {}
    for report in sorted(folder.glob("*/*/report.json")):
        stored = read(report)
        entry = {key: stored[key] for key in ("items", "answered", "truncated", "empty")}
        entry["tables"] = [each for each in stored["tables"] if each["name"] in SHOWN]
        entry["outcomes"] = {
            line["id"]: [int(line["parts"]["strict"]), 1]
            for line in lines(report.with_name("verdicts.jsonl"))
        }
        found.setdefault(report.parent.parent.name, {})[report.parent.name] = entry
    return found


def samples(runs: Sequence[Path], shown: dict[str, Any]) -> dict[str, Any]:
    """The first held-out prompts with the answers before and after, and what the checks said."""
    for folder in runs:
        for row, name in (("untrained", "untrained"), (last_row(folder), folder.name)):
            for id, answer in list(answers(folder, row).items())[:SAMPLES]:
                entry = shown.setdefault(id, {"prompt": answer["prompt"], "answers": {}})
                marks = {v["id"]: v["passed"] for v in answer["verdicts"]}
                relevance = (answer.get("relevance") or {}).get("relevant")
                entry["answers"][name] = {"text": answer["answer"], "verdicts": marks, "relevant": relevance}
    return shown


# ---- the page


def page(docs: Path) -> None:
    """docs/results.md and its figures, from docs/results/*.json."""
    results = docs / "results"
    runs = [read(path) for path in sorted(results.glob("mini*.json"))]
    if not runs:
        sys.exit(f"{results}: no results to show; run docs/reproduce/miniature.sh first, then its stage page")
    measured = read(results / "benchmarks.json")
    parts = [
        INTRODUCTION,
        "## Held-out records\n\n" + HELD_OUT,
        table(HEADS, [row for n, run in enumerate(ordered(runs)) for row in heldout_rows(run, first=not n)]),
        "## In pairs\n\nConstraints followed on the same held-out prompts, in points, with 95% intervals.",
        table(("", "minus", "difference"), list(pairs(ordered(runs)))),
        *benchmark_parts(measured),
        *figure_parts(results, runs),
        *sample_parts(read(results / "samples.json")),
        "## Time\n\nOf training alone, and what the plan had said of a step.",
        table(("", "steps", "minutes", "planned"), [time_row(run) for run in ordered(runs)]),
    ]
    (docs / "results.md").write_text("\n\n".join(parts).rstrip() + "\n", "utf-8")


INTRODUCTION = """\
# RAIF in miniature

The shape of the paper's tables with SmolLM2-135M-Instruct on two CPU cores. `docs/reproduce/miniature.sh`
trains and measures everything; `benchmarks/miniature.py page` makes this page from the JSON files in
[results](results). Rates are strict, in percent, with 95% intervals over prompts."""
HELD_OUT = """\
Greedy answers to records whose subjects never occur in training. *relevant*: likelier under their own prompt
than under each of seven others; *gain*: by how much on average, in nats a token; *fluency*: the mean
log-probability of a token under the untrained model. [More about both](train.md#relevance)."""
HEADS = ("", "constraints", "prompts", "and relevant", "relevant", "gain", "fluency", "words", "repeated")
ORDER = ("mini", "mini-all", "mini-sft")


def ordered(runs: Sequence[Line]) -> list[Line]:
    """Table 1's first."""
    place = {preset: n for n, preset in enumerate(ORDER)}
    return sorted(runs, key=lambda run: (place.get(run["preset"], len(place)), run["preset"], run["seed"]))


def heldout_rows(run: Line, *, first: bool) -> Iterator[list[str]]:
    """The run's own rows; the untrained model's and the experts' only once, with the first run."""
    for row in run["rows"]:
        if row["name"] in ("untrained", "expert answers") and not first:
            continue
        shared = row["name"] in ("untrained", "expert answers")
        name = row["name"] if shared else f"`{run['preset']}` {run['seed']}, {row['name']}"
        rates = [rate(row[key]) for key in ("constraints", "followed", "followed_relevant", "relevant")]
        own = [number(row["relevance_gain"]), number(row["fluency"]), f"{row['words']:.0f}"]
        yield [name, *rates, *own, f"{100 * row['repetition']:.1f}"]


def pairs(runs: Sequence[Line]) -> Iterator[list[str]]:
    """The trained rows minus the untrained one of the same run, and minus those of other runs in PAIRS."""
    by_name = {(run["preset"], run["seed"]): run for run in runs}
    for (preset, seed), run in by_name.items():
        rivals = [("untrained", run["outcomes"]["untrained"])]
        for one, other in PAIRS:
            if one == preset and (rival := by_name.get((other, seed))):
                rivals.append((f"`{other}`", trained(rival)))
        for name, theirs in rivals:
            yield [f"`{preset}` {seed}", name, rate(difference(trained(run), theirs), sign="+")]


def trained(run: Line) -> dict[str, list[int]]:
    """The outcomes of the trained model that thinks."""
    found: dict[str, list[int]] = run["outcomes"][run["after"]]
    return found


def difference(one: Mapping[str, list[int]], other: Mapping[str, list[int]]) -> Line | None:
    """The rate of one minus that of the other, with its 95% interval over the prompts that both have."""
    from raif.stats import measured

    rows = [[*one[id], *other[id]] for id in sorted(one.keys() & other.keys())]
    found = measured(rows, lambda sums: sums[..., 0] / sums[..., 1] - sums[..., 2] / sums[..., 3])
    return asdict(found) if found else None


def benchmark_parts(measured: Line) -> Iterator[str]:
    """A table a benchmark. Its last column is in pairs: strict rate of prompts, minus the untrained's."""
    for benchmark, title in BENCHMARKS.items():
        found = {name: each[benchmark] for name, each in measured.items() if benchmark in each}
        if not found:
            continue
        yield f"## {title}"
        names = [f"{row['name']}, {column}" for row, column, _ in cells(next(iter(found.values())))]
        rows = []
        for name, entry in found.items():
            gap = ""
            if name != UNTRAINED and UNTRAINED in found:
                gap = rate(difference(entry["outcomes"], found[UNTRAINED]["outcomes"]), sign="+")
            rows.append([f"`{name}`", *(rate(value) for *_, value in cells(entry)), gap])
        yield table(["", *names, "prompts, minus untrained"], rows)


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
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    yield "## Over training"
    for name, title in CURVES.items():
        drawn = {f"{r['preset']} {r['seed']}": r["curves"].get(name) for r in runs if r["preset"] in ORDER}
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
    yield f"## Samples\n\nThe first {SAMPLES} held-out prompts, whatever the answers look like."
    for each in shown.values():
        yield "**" + " ".join(each["prompt"].split()) + "**"
        for name, answer in each["answers"].items():
            said = ", ".join(f"{id} {MARKS[v]}" for id, v in answer["verdicts"].items())
            relevant = {True: ", relevant", False: ", not relevant", None: ""}[answer["relevant"]]
            text = "\n".join(f"> {line}" for line in (answer["text"] or "no answer").split("\n"))
            yield f"*{name}*: {said}{relevant}\n\n{text}"


MARKS = {True: "passes", False: "fails", None: "undecided"}


def time_row(run: Line) -> list[str]:
    planned = " ".join(" ".join(run["plan"]).split()) or "not kept"
    return [f"`{run['preset']}` {run['seed']}", f"{run['steps']}", f"{run['seconds'] / 60:.0f}", planned]


def rate(value: Line | None, sign: str = "") -> str:
    if value is None:
        return "none"
    return (
        f"{100 * value['value']:{sign}.1f} [{100 * value['low']:{sign}.0f}, {100 * value['high']:{sign}.0f}]"
    )


def number(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    body = ["| " + " | ".join(cells) + " |" for cells in (heads, *rows)]
    return "\n".join([body[0], "|---" * len(heads) + "|", *body[1:]])


def main(arguments: Sequence[str]) -> None:
    match arguments:
        case ["steps", reference, run]:
            print(steps(Path(reference), Path(run)))
        case ["collect", runs, results]:
            collect(Path(runs), Path(results))
        case ["page", docs]:
            page(Path(docs))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
