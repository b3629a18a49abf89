"""The results of RAIF in miniature: small JSON files from finished runs.

    python benchmarks/miniature.py steps runs/miniature/mini-all-0
    python benchmarks/miniature.py collect runs/miniature docs/results

`docs/reproduce/miniature.sh` calls both, and `miniature_page.py` for the page. The JSON files have the
outcome of each prompt, so that runs made at different times, or by different people, can be paired.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from statistics import mean
from typing import Any

from raif.config.base import load
from raif.config.train import TrainConfig
from raif.plan.costs import step_cost
from raif.plan.shapes import shape_of

Line = Mapping[str, Any]
CURVES = ("keep_ratio", "response_tokens", "reward", "entropy")
"""The metrics that are kept of each step; `step_words` comes on top."""
STEP_WORDS = re.compile(r"\b(first|next|then|finally)\b", re.IGNORECASE)
SAMPLES = 6
"""Held-out prompts whose answers are kept: the first ones of the file, whatever they look like."""
SAMPLED = ("mini-0", "mini-all-0", "mini-sft-0")
TABLES = ("rate", "relevance")
"""Those of a benchmark that are kept."""
PAPER = ("1.5b", "7b")
"""The presets of the paper whose plan is shown beside the time that the miniature took."""


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def trained_seconds(folder: Path) -> float:
    """The time of all training steps, without evaluation."""
    return sum(
        v for line in lines(folder / "metrics.jsonl") for k, v in line.items() if k.startswith("time_")
    )


def steps(folder: Path) -> int:
    """How many steps of fine-tuning take as long as a finished run trained, at the pace of its warm-up."""
    if not (folder / "model").exists():
        sys.exit(f"{folder} has not finished: train it first")
    paces = [line["time_update"] for line in lines(folder / "metrics.jsonl") if line["phase"] == "cloning"]
    return round(trained_seconds(folder) / mean(paces))


# ---- collecting


def collect(runs: Path, results: Path) -> None:
    """A JSON file for each finished run; one each for benchmarks, samples and the plans of the paper's runs.

    What is known of the benchmarks of models that aren't in `runs` stays. Runs' folders are called
    PRESET-SEED: that of the demo, whose figures the README shows, is smol-0.
    """
    done = [folder for folder in sorted(runs.glob("*-[0-9]")) if (folder / "model").exists()]
    if not done:
        sys.exit(f"{runs}: no finished run in it; docs/reproduce/miniature.sh trains them")
    results.mkdir(parents=True, exist_ok=True)
    found, shown = results / "benchmarks.json", results / "samples.json"
    measured = known(found)
    for folder in done:
        file, run = results / f"{folder.name}.json", training(folder)
        if known(file).get("started") != run["started"]:
            measured.pop(folder.name, None)  # of an earlier model of that name
        write(file, run)
    write(found, measured | benchmarks(runs / "eval"))
    if sampled := [folder for folder in done if folder.name in SAMPLED]:
        write(shown, samples(sampled, known(shown)))
    write(results / "plans.json", {preset: planned(preset) for preset in PAPER})


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
        "started": start["started"],
        "commit": (start["git"] or {}).get("commit"),
        "heldout": prompts_hash(folder),
        "steps": len(metrics),
        "seconds": round(trained_seconds(folder)),
        "plan": plan.read_text("utf-8").splitlines()[-2:] if plan.exists() else [],
        "rows": report["rows"],
        "after": last_row(folder),
        "outcomes": {row["name"]: outcomes(folder, row["name"]) for row in report["rows"]},
        "kinds": {row["name"]: kinds(folder, row["name"]) for row in report["rows"]},
        "curves": curves(folder, metrics),
    }


def prompts_hash(folder: Path) -> str:
    """Of the held-out prompts: rates and outcomes of runs compare only where these are the same."""
    asked = {id: answer["prompt"] for id, answer in answers(folder, "untrained").items()}
    return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def planned(preset: str) -> dict[str, Any]:
    """The steps of a run, and the operations of one if prompts and responses are as long as they may be."""
    config = load(TrainConfig, "train", preset=preset)
    shape = shape_of(config.model.path)
    assert shape, f"the shape of {config.model.path} is listed"
    return {"steps": config.steps, "operations": step_cost(config, shape).operations}


def outcomes(folder: Path, row: str) -> dict[str, list[int]]:
    """Of each held-out prompt: how many of its constraints were followed, and how many count."""
    found = {id: [v["passed"] for v in counted(answer)] for id, answer in answers(folder, row).items()}
    return {id: [sum(marks), len(marks)] for id, marks in found.items()}


def kinds(folder: Path, row: str) -> dict[str, list[int]]:
    """Of each kind of constraint: how often it was followed, and how often it counts."""
    found = defaultdict[str, list[int]](lambda: [0, 0])
    for answer in answers(folder, row).values():
        for verdict in counted(answer):
            followed, of = found[verdict["id"]]
            found[verdict["id"]] = [followed + verdict["passed"], of + 1]
    return dict(sorted(found.items()))


def counted(answer: Line) -> list[Line]:
    """The verdicts on constraints that count and could be judged."""
    return [v for v in answer["verdicts"] if v["active"] and v["passed"] is not None]


def curves(folder: Path, metrics: Sequence[Line]) -> dict[str, list[list[float]]]:
    """Points of step and value."""
    found = {
        name: [[line["step"], round(line[name], 4)] for line in metrics if line.get(name) is not None]
        for name in CURVES
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
    names = {row["name"] for row in read(folder / "report.json")["rows"]}
    return next(name for name in ("whole recipe", "fine-tuned", "after the warm-up") if name in names)


def benchmarks(folder: Path) -> dict[str, Any]:
    """Of each model and benchmark: tables of the report, and whether each item was followed (strict)."""
    found: dict[str, Any] = {}
    for report in sorted(folder.glob("*/*/report.json")):
        stored = read(report)
        entry = {key: stored[key] for key in ("items", "answered", "truncated", "empty")}
        entry["tables"] = [each for each in stored["tables"] if each["name"] in TABLES]
        entry["outcomes"] = {
            line["id"]: [int(line["parts"]["strict"]), 1]
            for line in lines(report.with_name("verdicts.jsonl"))
        }
        found.setdefault(report.parent.parent.name, {})[report.parent.name] = entry
    return found


def samples(runs: Sequence[Path], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """The first held-out prompts with the answers before and after, and what the checks said.

    Earlier answers of other models to the same prompts stay.
    """
    shown: dict[str, Any] = {}
    for folder in runs:
        for row, name in (("untrained", "untrained"), (last_row(folder), folder.name)):
            for id, answer in list(answers(folder, row).items())[:SAMPLES]:
                before = earlier.get(id, {})
                others = before["answers"] if before.get("prompt") == answer["prompt"] else {}
                entry = shown.setdefault(id, {"prompt": answer["prompt"], "answers": {**others}})
                marks = {v["id"]: v["passed"] for v in answer["verdicts"]}
                relevance = (answer.get("relevance") or {}).get("relevant")
                entry["answers"][name] = {"text": answer["answer"], "verdicts": marks, "relevant": relevance}
    return shown


def main(arguments: Sequence[str]) -> None:
    match arguments:
        case ["steps", folder]:
            print(steps(Path(folder)))
        case ["collect", runs, results]:
            collect(Path(runs), Path(results))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
