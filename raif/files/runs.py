"""A run's folder: its resolved config with its results, never reused by accident."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import yaml
from pydantic import ValidationError

from raif.config import Section, dump
from raif.errors import ConfigError
from raif.files.whole import write_whole

CONFIG_NAME = "config.yaml"


def open_run(
    folder: Path,
    config: Section,
    *,
    resume: bool = False,
    overwrite: bool = False,
    free: Collection[str] = (),
) -> Path:
    """Create or reopen `folder` for a run with `config`.

    Raises ConfigError if the folder holds a run and neither flag is given, or if `resume` would continue it
    with another config. The top-level keys in `free` may differ.
    """
    written = folder / CONFIG_NAME
    if resume:
        _check_same(written, config, free)
    elif folder.exists() and any(folder.iterdir()):
        if not overwrite:
            raise ConfigError(
                f"{folder} already holds a run", "Resume it with --resume, or replace it with --overwrite."
            )
        _check_ours(written)
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(written, dump(config))
    return folder


def _check_same(written: Path, config: Section, free: Collection[str]) -> None:
    if not written.exists():
        return
    tree = yaml.safe_load(written.read_text("utf-8"))
    with suppress(ValidationError):  # as it is read today: keys may have been added or renamed since
        tree = yaml.safe_load(dump(type(config).model_validate(tree)))
    given = yaml.safe_load(dump(config))
    if {k: v for k, v in tree.items() if k not in free} != {k: v for k, v in given.items() if k not in free}:
        raise ConfigError(
            f"{written} differs from the config given now",
            "Resume with the same preset and overrides, or use another --out.",
        )


def _check_ours(written: Path) -> None:
    if not written.exists():
        raise ConfigError(
            f"{written.parent} is not a run's folder (no {written.name} in it)",
            "Nothing was deleted. Give another --out.",
        )
