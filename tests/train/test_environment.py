"""What a run ran with, start by start."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from raif import __version__
from raif.errors import RaifError
from raif.train.environment import note, starts
from raif.train.heldout import Report

MODEL = SimpleNamespace(_commit_hash="abc123")


def test_each_start_is_kept_with_versions_and_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    note(tmp_path, MODEL, "hub/name", 1)
    note(tmp_path, SimpleNamespace(), str(tmp_path), 4)
    first, second = starts(tmp_path)
    assert first["versions"].keys() >= {"raif", "torch", "transformers", "vllm", "deepspeed", "peft"}
    assert first["versions"]["raif"] == __version__
    assert first["model"] == {"path": "hub/name", "revision": "abc123"}
    assert second["model"]["revision"].startswith("sha256 44136fa355b3678a")
    assert (first["git"], second["ranks"]) == (None, 4)


@pytest.mark.parametrize("read", [starts, Report])
def test_a_damaged_file_is_named(tmp_path: Path, read: Callable[[Path], object]) -> None:
    for name in ("environment.json", "report.json"):
        (tmp_path / name).write_text('{"rows": [')
    with pytest.raises(RaifError, match=r"(environment|report)\.json: damaged: Expecting value"):
        read(tmp_path)


def test_the_commit_of_the_working_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "code.py").write_text("")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "code.py"], [*who, "commit", "-qm", "one"]):
        subprocess.run(["git", *command], check=True)
    note(tmp_path, MODEL, "hub/name", 1)
    (tmp_path / "code.py").write_text("changed")
    note(tmp_path, MODEL, "hub/name", 1)
    first, second = (start["git"] for start in starts(tmp_path))
    assert len(first["commit"]) == 40
    assert first["commit"] == second["commit"]
    assert (first["changed"], second["changed"]) == (False, True)
