"""What identifies the files that a run rests on: its sources, prompts and benchmarks.

A stage knows its items by their position. If rows are put in front of them, or another version of a data set
is read, what is known belongs to other rows: the run has to notice.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from raif.config.staged import SourceConfig, StagedConfig
from raif.data.staged import sources
from raif.data.staged.decontaminate import files_in
from raif.files.benchmark_data import FOLDER
from raif.files.rows import fingerprint, hub_errors, tried
from raif.files.whole import sha256
from raif.prompts import Prompts, load_languages


def inputs(config: StagedConfig, before: Mapping[str, str]) -> dict[str, str]:
    """The inputs of the stages of `config`, by names that `raif.config.resume` lists.

    `before`: those of the run so far. They say which version of a data set it is if the hub can't be reached.
    """
    found: dict[str, str] = {}
    if "select" in config.stages:
        for number, source in enumerate(config.select.sources):
            name = f"rows of select.sources.{number}"
            found[name] = _rows(source, before.get(name))
    if config.input:
        found["rows of input"] = fingerprint(row for _, row in tried(config.input))
    if "decontaminate" in config.stages:
        place = config.decontaminate.folder or Path(os.environ.get(FOLDER, ""))
        files = [path for each in files_in(place).values() for path in each]
        found["rows of benchmarks"] = f"{len(files)} files, {_short(''.join(map(sha256, files)))}"
    if "pack" in config.stages and config.pack.math:
        found["rows of pack.math"] = _rows(config.pack.math, before.get("rows of pack.math"))
    if config.models:
        found |= _prompts("prompts of data", load_languages("data", config.prompts))
        found |= _prompts("prompts of judge", load_languages("judge", config.judge_prompts, only=True))
    return found


def _rows(source: SourceConfig, before: str | None) -> str:
    if source.dataset is None:
        return fingerprint(sources.rows(source))
    if Path(source.dataset).exists():
        return f"sha256 {sha256(Path(source.dataset))[:16]}"
    return _commit(source.dataset, source.revision) or before or "of an unknown commit"


def _commit(dataset: str, revision: str | None) -> str | None:
    """The data set's commit on the hub: its rows, which are streamed, would have to be read twice."""
    from huggingface_hub import HfApi

    try:
        return f"commit {HfApi().dataset_info(dataset, revision=revision).sha}"
    except hub_errors():  # reading it will say so
        return None


def _prompts(name: str, languages: Mapping[str, Prompts]) -> dict[str, str]:
    return {f"{name}.{each}": f"version {p.version}, {_short(p.digest)}" for each, p in languages.items()}


def _short(text: str) -> str:
    return f"sha256 {hashlib.sha256(text.encode()).hexdigest()[:16]}"
