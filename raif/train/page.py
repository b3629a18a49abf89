"""report.html: what a run did, as a page that stands alone, made from what the run's folder holds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from pathlib import Path
from statistics import fmean
from typing import Any

from raif import html
from raif.config.base import read_yaml
from raif.files import jsonl
from raif.files.runs import CONFIG_NAME
from raif.files.whole import read_whole
from raif.html.samples import PageSample, Shown, mark
from raif.train.environment import starts
from raif.verdicts.reward import FULL, NONE, PART

Line = Mapping[str, Any]
"""A line of one of the run's files."""
PANELS = {
    "Reward": ("reward", "reward_accuracy", "reward_accuracy_plain"),
    "Kept by contrast, in format, cut off": ("keep_ratio", "format_share", "truncated_share"),
    "Groups without a signal": ("dead_all_pass", "dead_all_fail", "dead_all_alike"),
    "Relevant responses, of those that pass a check": ("relevant_share",),
    "Prompts outside the band, as they were and as taken": ("band_outside_before", "band_outside_after"),
    "Groups without a signal, of adapted prompts and others": ("dead_adapted", "dead_unchanged"),
    "The policy's own answers to clone": ("own_successes_kept", "own_hindsight_kept"),
    "Groups that answer without thinking": ("direct_share",),
    "Tokens of a response": ("response_tokens", "response_tokens_max"),
    "Words of thinking and answer": ("thinking_words", "answer_words"),
    "Entropy": ("entropy",),
    "Cloning loss": ("cloning_loss",),
    "KL to the initial model": ("kl",),
    "Clipped, ratio away from 1": ("clip_share", "ratio_off"),
    "Log-probabilities apart from the sampler's": ("logp_mismatch",),
    "Judge: yes, undecided": ("judge_yes", "judge_unjudged"),
    "Gradient norm": ("grad_norm",),
    "Learning rate": ("lr",),
    "Seconds of a step": ("time_rollout", "time_reference", "time_correction", "time_update", "time_sync"),
    "Tokens of responses per second": ("tokens_per_second",),
    "Memory at the peak so far, GB": ("memory_gb",),
}
"""Metrics that are drawn together, on the page and in curves.png."""
MEASURED = {
    "Held-out constraints followed, 95%": "eval/heldout/constraints",
    "Held-out prompts followed, 95%": "eval/heldout/followed",
    "Held-out answers relevant, 95%": "eval/heldout/relevant",
    "Held-out prompts followed by a relevant answer, 95%": "eval/heldout/followed_relevant",
    "IFEval prompts, 95%": "eval/ifeval/prompts",
    "IFBench prompts, 95%": "eval/ifbench/prompts",
}
TILES = {
    "constraints followed": "constraints",
    "prompts followed": "followed",
    "answers relevant": "relevant",
}
"""Rates of the held-out table at the top of the page, by name."""
SIDES = ("", "/low", "/high")
"""A rate and the ends of its interval."""
PLAIN = "without thinking"
"""The row of the held-out table that is asked so."""
LATER = ("relevant", "relevance_gain", "followed_relevant")
"""What the rows of earlier versions lack."""
STEPS, GROUPS = 5, 4
"""From how many steps the page shows groups, and how many of each."""


def write(folder: Path) -> None:
    """Make the page of a finished run."""
    text = (folder / CONFIG_NAME).read_text("utf-8")
    metrics = jsonl.finished(folder / "metrics.jsonl")
    stored = read_whole(folder / "report.json", {})  # missing if there were no held-out prompts
    facts, rows = stored.get("facts", {}), [dict.fromkeys(LATER) | row for row in stored.get("rows", [])]
    html.write(
        folder / "report.html",
        "train/page.html",
        name=folder.resolve().name,
        config=read_yaml(folder / CONFIG_NAME),
        config_text=text,
        environments=starts(folder),
        metrics=metrics,
        rows=rows,
        tiles=list(_tiles(rows, metrics, facts)),
        findings=jsonl.finished(folder / "findings.jsonl"),
        kinds=_kinds(rows, metrics),
        panels=list(panels(metrics)),
        samples=[*_heldout(folder, [row["name"] for row in rows]), *_trained(folder)],
    )


def panels(metrics: Sequence[Line]) -> Iterator[tuple[str, dict[str, list[tuple[float, float]]]]]:
    """The title of each panel with any data, and its series: points of step and value by metric."""
    own = dict.fromkeys(name for step in metrics for name in step if name.startswith("reward/"))
    shown = {
        **PANELS,
        "Rewards of your own": [name for name in own if name.removeprefix("reward/") not in PART],
    }
    shown |= {title: [f"{key}{side}" for side in SIDES] for title, key in MEASURED.items()}
    for title, names in shown.items():
        series = {name: _points(name, metrics) for name in names}
        if any(series.values()):
            yield title, series


def _points(name: str, metrics: Sequence[Line]) -> list[tuple[float, float]]:
    """Points of step and value; what was not finite is null in the file."""
    values = ((step["step"], step.get(name)) for step in metrics)
    return [(number, value) for number, value in values if value is not None and math.isfinite(value)]


def _tiles(rows: Sequence[Line], metrics: Sequence[Line], facts: Line) -> Iterator[tuple[str, str, str]]:
    """Name, value and note of each figure at the top."""
    if len(rows) >= 2:
        before, after = rows[:2]
        for name, key in TILES.items():
            if before[key] and after[key]:
                values = [f"{100 * row[key]['value']:.1f}" for row in (before, after)]
                yield name, " → ".join(values), f"percent, {before['name']} → {after['name']}"
        yield "words", f"{before['words']:.0f} → {after['words']:.0f}", "an answer"
    if best := facts.get("best"):
        note = f"at step {best['step']}, kept in checkpoints/best"
        yield f"best {best['figure']}", f"{100 * best['value']:.1f}", note
    seconds = sum(value for step in metrics for key, value in step.items() if key.startswith("time_"))
    yield "training", f"{seconds / 60:,.1f} min", f"{len(metrics):,} steps, without evaluation"
    kept = [value for _, value in _points("keep_ratio", metrics)]
    if kept:
        yield "keep ratio", f"{fmean(kept):.0%}", "of the thinking responses, by contrast"


def _kinds(rows: Sequence[Line], metrics: Sequence[Line]) -> list[dict[str, Any]]:
    """For each kind the share that followed it before, after, and in each training step that had it."""
    shares: list[Mapping[str, float]] = [*(row["kinds"] for row in rows), {}, {}]
    before, after, *_ = shares
    plain: Mapping[str, float] = next((row["kinds"] for row in rows if row["name"] == PLAIN), {})
    trained = {key.removeprefix("kind/") for step in metrics for key in step if key.startswith("kind/")}
    curves = {kind: [point[1] for point in _points(f"kind/{kind}", metrics)] for kind in trained}
    return [
        {
            "name": kind,
            "before": before.get(kind),
            "after": after.get(kind),
            "plain": plain.get(kind),
            "curve": curves.get(kind, []),
            "last": next(iter(curves.get(kind, [])[-1:]), None),
        }
        for kind in sorted(trained | {*before, *after})
    ]


def _heldout(folder: Path, rows: Sequence[str]) -> Iterator[PageSample]:
    """The held-out answers side by side. `rows`: names of the report's rows, before and after first."""
    files = {name: folder / "heldout" / f"{name.replace(' ', '-')}.jsonl" for name in rows}
    answers = {name: {line["id"]: line for line in jsonl.finished(path)} for name, path in files.items()}
    for id in next(iter(answers.values()), {}):
        found = {name: by_id[id] for name, by_id in answers.items() if id in by_id}
        before, after, *_ = [*found.values()] * 2
        old, new = (_score(answer["verdicts"]) for answer in (before, after))
        change = "undecided"
        if old is not None and new is not None:
            change = "better" if new > old else "worse" if new < old else "same"
        failed = {v["id"] for v in after["verdicts"] if v["active"] and v["passed"] is False}
        yield PageSample(
            id=id,
            mark=mark(new),
            messages=[("user", before["prompt"])],
            responses=[
                Shown(name, one["thinking"], one["answer"] or "", _notes(one), one["verdicts"])
                for name, one in found.items()
            ],
            facets={
                "from": ["held-out prompts"],
                "before": [mark(old)],
                "after": [mark(new)],
                "change": [change],
                "check failed": sorted(failed),
            },
        )


def _score(verdicts: Sequence[Line]) -> float | None:
    """The share that passed, of the checks that count and could be judged."""
    decided = [bool(v["passed"]) for v in verdicts if v["active"] and v["passed"] is not None]
    return fmean(decided) if decided else None


def _notes(answer: Line) -> list[str]:
    wrong = {"no format": not answer["format_valid"], "cut off": answer["truncated"]}
    relevance = answer.get("relevance") or {"relevant": None, "gain": None}
    verdict = {True: ["relevant"], False: ["not relevant"], None: []}[relevance["relevant"]]
    measured = {"gain": relevance["gain"], "fluency": answer["fluency"]}
    figures = [f"{name} {value:.2f}" for name, value in measured.items() if value is not None]
    return [*(name for name, holds in wrong.items() if holds), *verdict, *figures]


def _trained(folder: Path) -> Iterator[PageSample]:
    """The first groups of some steps, from the first to the last."""
    files = sorted((folder / "samples").glob("step-*.jsonl"))
    spread = sorted({round(n * (len(files) - 1) / (STEPS - 1)) for n in range(STEPS)}) if files else []
    for file in (files[n] for n in spread):
        groups = groupby(jsonl.finished(file), key=lambda line: line["id"])
        for id, group in islice(groups, GROUPS):
            yield _group(f"step {int(file.stem.removeprefix('step-'))}", id, list(group))


def _accuracy(line: Line) -> float:
    """The reward for verdicts or math, before its weight."""
    values = line.get("rewards", {})
    return float(values.get("verdicts", values.get("math", line["reward_accuracy"])))


def _group(step: str, id: str, responses: Sequence[Line]) -> PageSample:
    share = fmean((_accuracy(line) - NONE) / (FULL - NONE) for line in responses)
    shown, failed = [], set()
    for n, line in enumerate(responses, 1):
        # verdicts are stored by position and id, without a reason
        passed = [(key.partition(" ")[2], passed) for key, passed in line["verdicts"].items()]
        failed |= {id for id, passed in passed if passed is False}
        verdicts = [{"id": id, "passed": passed, "reason": "", "active": True} for id, passed in passed]
        parts = sum(line[f"reward_{part}"] for part in ("format", "accuracy", "length"))
        reward = line.get("reward", parts)  # not in samples of earlier versions
        own = [f"{name} {value:+.2f}" for name, value in line.get("rewards", {}).items() if name not in PART]
        notes = [f"reward {reward:+.2f}", *own, "thinking" if line["thinking"] else "plain"]
        notes += [] if line["keep"] else ["left out"]
        shown.append(Shown(f"response {n}", "", line["text"], notes, verdicts))
    return PageSample(
        id=f"{step} {id}",
        mark=mark(share),
        messages=[("user", responses[0]["prompt"])],
        responses=shown,
        facets={"from": [step], "before": [], "after": [], "change": [], "check failed": sorted(failed)},
    )
