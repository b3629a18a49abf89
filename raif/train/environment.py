"""environment.json: what each start of a run ran with."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from raif import __version__
from raif.files.whole import read_whole, sha256, write_whole

NAME = "environment.json"
PACKAGES = ("torch", "transformers", "vllm", "deepspeed", "peft")


def note(folder: Path, config: Any, model: str, ranks: int) -> None:
    """Append this start to the run's file. `config`: the model's own, from its folder or hub id `model`."""
    start = {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"raif": __version__, "python": platform.python_version(), **_versions()},
        "git": _commit(),
        "model": {"path": model, "revision": _revision(config, model)},
        "ranks": ranks,
    }
    write_whole(folder / NAME, json.dumps([*starts(folder), start], indent=1) + "\n")


def starts(folder: Path) -> list[dict[str, Any]]:
    """All starts of a run, in order; none if it was made by an earlier version."""
    return read_whole(folder / NAME, [])


def _versions() -> dict[str, str | None]:
    """Of each package, or None if it is not installed."""
    found: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _commit() -> dict[str, Any] | None:
    """The commit of the repository around the working folder, and whether tracked files differ from it."""

    def git(*arguments: str) -> str:
        command = ["git", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        changed = bool(git("status", "--porcelain", "--untracked-files=no"))
        return {"commit": git("rev-parse", "HEAD"), "changed": changed}
    except (OSError, subprocess.SubprocessError):  # no git, no repository, or one without commits
        return None


def _revision(config: Any, model: str) -> str:
    """The commit on the hub that the model was loaded from, else the checksum of its config.json."""
    if commit := getattr(config, "_commit_hash", None):
        return str(commit)
    file = Path(model) / "config.json"
    if file.exists():
        return f"sha256 {sha256(file)[:16]} of config.json"
    return f"sha256 {hashlib.sha256(config.to_json_string().encode()).hexdigest()[:16]} of its config"
