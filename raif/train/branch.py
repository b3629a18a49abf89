"""A run that begins at the end of another run's warm-up, so that runs which differ only after it share it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from raif.config.resume import AFTER_WARM_UP, FREE
from raif.config.train import TrainConfig
from raif.errors import ConfigError
from raif.files import jsonl
from raif.files.runs import CONFIG_NAME, changes_since, under
from raif.files.whole import read_whole, replacing, write_whole
from raif.train.checkpoint import checkpoint_of, damage
from raif.train.ranks import ALONE

ROWS = ("untrained", "expert answers")
"""Of the held-out table, those that no training changes."""


def end_of_warm_up(source: Path, config: TrainConfig, inputs: Mapping[str, str]) -> Path:
    """The checkpoint that the run in `source` keeps of the end of its warm-up.

    Raises ConfigError if it keeps none, or if a run of `config` would have another warm-up.
    """
    if not (source / CONFIG_NAME).exists():
        raise ConfigError(
            f"--warm-up-of: there is no run in {source} (no {CONFIG_NAME} in it)", "Give a run's folder."
        )
    if config.method != "grpo" or not config.cloning.warmup_steps:
        raise ConfigError("--warm-up-of: this run has no warm-up", "Leave the option out.")
    changed, others = changes_since(source, config, inputs)
    differing = [each for each in changed if not under(each.key, (*FREE, *AFTER_WARM_UP))] + others
    if differing:
        raise ConfigError(
            f"--warm-up-of: the warm-up in {source} is another one, by\n  "
            + "\n  ".join(map(str, differing)),
            "Give the same values, or leave the option out.",
        )
    steps = config.cloning.warmup_steps
    kept = [checkpoint_of(source / name, steps) for name in ("warm-up", "checkpoints")]
    if not (there := [each for each in kept if each.is_dir()]):
        raise ConfigError(
            f"--warm-up-of: {source} keeps no checkpoint of step {steps}, the end of its warm-up",
            "A run with steps=0 ends there, and evaluation.cloning_alone=true keeps it.",
        )
    if wrong := damage(there[0], ALONE):
        raise ConfigError(f"--warm-up-of: {there[0]} is damaged: {wrong}", "Give another run's folder.")
    return there[0]


def begin_at(warm_up: Path, folder: Path, config: TrainConfig) -> None:
    """Make the new run in `folder` what it would be after a warm-up of its own."""
    source = warm_up.parent.parent
    lines = jsonl.finished(source / "metrics.jsonl")
    with replacing(folder / "metrics.jsonl") as part:
        jsonl.write(part, [line for line in lines if line["step"] <= config.cloning.warmup_steps])
    _copy_rows(source, folder)
    if config.evaluation.cloning_alone:
        _copy(warm_up, folder / "warm-up")
    _copy(warm_up, folder / "checkpoints")  # last: with it the run has begun


def _copy_rows(source: Path, folder: Path) -> None:
    """The rows of the held-out table that training leaves as they are. Those of other settings are asked for
    again."""
    report = read_whole(source / "report.json", {})
    rows = [row for row in report.get("rows", []) if row["name"] in ROWS]
    settings = report.get("facts", {}).get("settings", {})
    kept = {name: found for name, found in settings.items() if name in ROWS}
    (folder / "heldout").mkdir(exist_ok=True)
    for row in rows:
        name = f"{row['name'].replace(' ', '-')}.jsonl"
        shutil.copy(source / "heldout" / name, folder / "heldout" / name)
    facts = {"settings": kept, "warm_up_of": str(source)}
    write_whole(folder / "report.json", json.dumps({"facts": facts, "rows": rows}, indent=1))


def _copy(checkpoint: Path, into: Path) -> None:
    """Whole or not at all; without space of its own where the file system has hard links."""
    unfinished = into / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    into.mkdir(exist_ok=True)
    shutil.copytree(checkpoint, unfinished, copy_function=_link)
    unfinished.rename(into / checkpoint.name)


def _link(source: str, copy: str) -> None:
    try:
        os.link(source, copy)
    except OSError:
        shutil.copy2(source, copy)
