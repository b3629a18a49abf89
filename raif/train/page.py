"""report.html: what a run did, as a page that stands alone, made from what its folder holds."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml

from raif import html
from raif.files.runs import CONFIG_NAME
from raif.train.page_samples import lines, samples

Metrics = Sequence[Mapping[str, Any]]
PANELS = {
    "Reward": ("reward", "reward_accuracy", "reward_accuracy_plain"),
    "Kept by contrast, in format, cut off": ("keep_ratio", "format_share", "truncated_share"),
    "Groups without a signal": ("dead_all_pass", "dead_all_fail", "dead_all_alike"),
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
    "Seconds of a step": ("time_rollout", "time_reference", "time_update", "time_sync"),
}
"""Metrics that are drawn together. A panel without any is left out."""


def write(folder: Path) -> None:
    """Make the page of a finished run."""
    text = (folder / CONFIG_NAME).read_text("utf-8")
    metrics = lines(folder / "metrics.jsonl")
    rows = json.loads((folder / "report.json").read_text("utf-8"))["rows"] if _reported(folder) else []
    html.write(
        folder / "report.html",
        "train/page.html",
        name=folder.resolve().name,
        config=yaml.safe_load(text),
        config_text=text,
        metrics=metrics,
        rows=rows,
        tiles=[*_gains(rows), *_totals(metrics)],
        findings=lines(folder / "findings.jsonl"),
        kinds=_kinds(rows, metrics),
        panels=list(_panels(metrics)),
        samples=samples(folder, [row["name"] for row in rows]),
    )


def _reported(folder: Path) -> bool:
    """Without held-out prompts there is no table."""
    return (folder / "report.json").exists()


def _gains(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Tiles: name, value, note."""
    if len(rows) < 2:
        return
    before, after = rows[:2]
    for name, key in (("constraints followed", "constraints"), ("prompts followed", "followed")):
        if before[key] and after[key]:
            values = [f"{100 * row[key]['value']:.1f}" for row in (before, after)]
            yield name, " → ".join(values), f"percent, {before['name']} → {after['name']}"
    yield "words", f"{before['words']:.0f} → {after['words']:.0f}", "an answer"


def _totals(metrics: Metrics) -> Iterator[tuple[str, str, str]]:
    seconds = sum(value for step in metrics for key, value in step.items() if key.startswith("time_"))
    yield "training", f"{seconds / 60:,.1f} min", f"{len(metrics):,} steps, without evaluation"
    kept = [step["keep_ratio"] for step in metrics if "keep_ratio" in step]
    if kept:
        yield "keep ratio", f"{fmean(kept):.0%}", "of the thinking responses, by contrast"


def _kinds(rows: Sequence[Mapping[str, Any]], metrics: Metrics) -> list[dict[str, Any]]:
    """By kind: its share before, after, and in each step of training that had it."""
    shares: list[Mapping[str, float]] = [*(row["kinds"] for row in rows), {}, {}]
    before, after, *_ = shares
    trained = {key.removeprefix("kind/") for step in metrics for key in step if key.startswith("kind/")}
    curves = {kind: [point[1] for point in _points(f"kind/{kind}", metrics)] for kind in trained}
    return [
        {
            "name": kind,
            "before": before.get(kind),
            "after": after.get(kind),
            "curve": curves.get(kind, []),
            "last": next(iter(curves.get(kind, [])[-1:]), None),
        }
        for kind in sorted(trained | {*before, *after})
    ]


def _panels(metrics: Metrics) -> Iterator[tuple[str, dict[str, list[tuple[float, float]]]]]:
    for title, names in PANELS.items():
        series = {name: _points(name, metrics) for name in names}
        if any(series.values()):
            yield title, series


def _points(name: str, metrics: Metrics) -> list[tuple[float, float]]:
    return [(step["step"], step[name]) for step in metrics if name in step and math.isfinite(step[name])]
