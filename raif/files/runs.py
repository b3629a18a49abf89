"""A run's folder: its resolved config with its results, for one process at a time, never used by accident."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import yaml
from pydantic import ValidationError

from raif.config import Section, dump
from raif.errors import ConfigError
from raif.files.whole import naming, read_whole, write_whole

CONFIG_NAME, INPUTS_NAME, LOCK_NAME = "config.yaml", "inputs.json", ".lock"
_locks: dict[Path, IO[str]] = {}
"""The open lock files of this process. The system drops a lock when its process ends, even by `kill -9`."""


def open_run(
    folder: Path,
    config: Section,
    *,
    resume: bool | Literal["auto"] = False,
    resumable: bool = True,
    overwrite: bool = False,
    free: Collection[str] = (),
    inputs: Mapping[str, str] | None = None,
    free_inputs: Collection[str] = (),
    remade: Collection[str] = (),
    kept: Collection[str] = (),
    reads: Mapping[str, Path] | None = None,
    changed: Callable[[Sequence[Change]], None] = lambda changes: None,
) -> Path:
    """Create or reopen `folder` for a run with `config`, and lock it until this process ends.

    `resume`: reopen the run in it; "auto": if there is one. `resumable`: whether a run of this kind can be
    resumed, so that the user is told so. `free`: keys, or sections, that a resumed run may
    change. `inputs`: what the run rests on besides its config, such as the checksums of its data;
    `free_inputs` are those that may change. `changed` is told what did, before anything is written. `remade`:
    what is made again at no cost; a folder with nothing else comes from a start that failed, and is used as
    if it were empty. `kept`: files that `overwrite` leaves. `reads`: what the run reads besides what its
    config names, by the option that says so. Raises ConfigError if another process works in the folder, if it
    holds a run and neither flag is given, or both are, if there is nothing to resume, if `resume` would
    change other keys or inputs, or if `overwrite` would delete what the run reads.
    """
    if resume and overwrite:
        raise ConfigError("--resume and --overwrite exclude each other", "Give one of them.")
    written = folder / CONFIG_NAME
    if resume is True and not written.exists():
        raise ConfigError(
            f"there is no run to resume in {folder} (no {CONFIG_NAME} in it)",
            "Check --out, or start the run without --resume.",
        )
    _lock(folder)
    if resume and written.exists():
        if found := _changes(folder, config, free, inputs, free_inputs):
            changed(found)
    elif there := {each.name for each in folder.iterdir()} - {LOCK_NAME, CONFIG_NAME, INPUTS_NAME}:
        if not overwrite and not (there <= set(remade) and written.exists()):
            holds = "already holds a run" if written.exists() else "is not empty, and holds no run"
            how = "Replace it with --overwrite, or give another --out."
            if resumable:
                how = "Resume it with --resume, or replace it with --overwrite."
            raise ConfigError(f"{folder} {holds}", how if written.exists() else "Give another --out.")
        if not written.exists():
            raise ConfigError(
                f"{folder} is not a run's folder (no {CONFIG_NAME} in it)",
                "Nothing was deleted. Give another --out.",
            )
        _check_spared(folder, config, kept, reads or {})
        _clear(folder, kept)
    if inputs is not None:
        write_whole(folder / INPUTS_NAME, json.dumps(inputs, ensure_ascii=False, indent=1) + "\n")
    write_whole(written, dump(config))
    return folder


def _lock(folder: Path) -> None:
    """Raises ConfigError if another process holds the folder, or if it can't be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        key = folder.resolve()
        if key in _locks and (folder / LOCK_NAME).exists():
            return
        file = (folder / LOCK_NAME).open("a+", encoding="utf-8")
    except FileExistsError:
        raise ConfigError(f"{folder} is a file", "Give the run a folder with --out.") from None
    except OSError as error:
        raise ConfigError(f"{folder} can't be written to: {error.strerror}", "Give another --out.") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read() or "another process"
        file.close()
        raise ConfigError(
            f"{folder} is in use by {holder}", "Wait until that run ends, stop it, or give another --out."
        ) from None
    with naming(folder / LOCK_NAME):
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
    _locks[key] = file


def _check_spared(folder: Path, config: Section, kept: Collection[str], reads: Mapping[str, Path]) -> None:
    """Raises ConfigError if `_clear` would delete something that this run is to read."""
    home, named = folder.resolve(), {**leaves(config.model_dump(mode="json")), **reads}
    for key, text in ((key, text) for key, value in named.items() for text in _texts(value)):
        with suppress(OSError, ValueError):  # no path: it is too long, or has a null byte
            path = Path(text).resolve()
            spared = not path.is_relative_to(home) or {*path.relative_to(home).parts[:1]} & {*kept}
            if path.exists() and not spared:
                raise ConfigError(
                    f"{key}: --overwrite would delete {text} before it is read",
                    "Give another --out, or keep a copy of it elsewhere.",
                )


def _texts(value: Any) -> Iterator[str]:
    """Every text and path in a value of a config."""
    if isinstance(value, str | Path):
        yield str(value)
    elif isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def _clear(folder: Path, kept: Collection[str]) -> None:
    """Delete everything but what is to be kept, and the lock, which this process holds."""
    for each in folder.iterdir():
        if each.name in {LOCK_NAME, *kept}:
            continue
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()


class Change(NamedTuple):
    """A key, or an input, whose value is not what it was."""

    key: str
    before: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.key}: {json.dumps(self.before)} -> {json.dumps(self.now)}"


def said_of(changes: Sequence[Change]) -> str:
    """What to tell the user of a resumed run."""
    return "resumed with " + "; ".join(map(str, changes))


def _changes(
    folder: Path,
    config: Section,
    free: Collection[str],
    inputs: Mapping[str, str] | None,
    free_inputs: Collection[str],
) -> list[Change]:
    """What a resumed run changes. Raises ConfigError if it can't."""
    found, others = changes_since(folder, config, inputs)
    refused = [str(change) for change in found if not under(change.key, free)]
    refused += [str(change) for change in others if not under(change.key, free_inputs)]
    if refused:
        raise ConfigError(
            f"{folder / CONFIG_NAME}: a resumed run can't change\n  " + "\n  ".join(refused),
            "Resume with the same preset, overrides and data, or use another --out.",
        )
    return found + others


def changes_since(
    folder: Path, config: Section, inputs: Mapping[str, str] | None
) -> tuple[list[Change], list[Change]]:
    """In which keys `config`, and in which `inputs`, differs from the run in a folder."""
    tree = _tree(folder / CONFIG_NAME)
    with suppress(ValidationError):  # as it is read today: keys may have been added or renamed since
        tree = yaml.safe_load(dump(type(config).model_validate(tree)))
    keys = differences(tree, yaml.safe_load(dump(config)))
    if inputs is None or not (folder / INPUTS_NAME).exists():  # runs of earlier versions have none
        return keys, []
    return keys, differences(read_whole(folder / INPUTS_NAME, {}), inputs)


def _tree(written: Path) -> dict[str, Any]:
    """The keys of a run's config. Raises ConfigError if its file is damaged."""
    try:
        tree = yaml.safe_load(written.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        tree = None
    if not isinstance(tree, dict):
        raise ConfigError(
            f"{written} is damaged: there is no config in it",
            "Put the run's config back, which the same command prints with --dry-run, and resume.",
        )
    return tree


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """The values that differ between two trees, by their keys."""
    before, now = leaves(before), leaves(now)
    keys = dict.fromkeys([*before, *now])
    found = (Change(key, before.get(key), now.get(key)) for key in keys)
    return [change for change in found if change.before != change.now]


def leaves(tree: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """The values by their keys, such as `judge.endpoint.base_url`."""
    found: dict[str, Any] = {}
    for name, value in tree.items():
        key = f"{above}{name}"
        found |= leaves(value, f"{key}.") if isinstance(value, dict) and value else {key: value}
    return found


def under(key: str, sections: Collection[str]) -> bool:
    """Whether the key is one of the sections, is in one, or is null in place of what holds one."""
    return any(key == each or key.startswith(f"{each}.") or each.startswith(f"{key}.") for each in sections)
