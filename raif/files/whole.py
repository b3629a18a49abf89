"""Whole files: written completely or not at all, whenever a run ends, and identified by their checksum."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from raif.errors import RaifError

T = TypeVar("T", dict, list)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a full disk, or of a limit on files."""


@contextmanager
def naming(path: Path | str) -> Iterator[None]:
    """An error of a full disk inside names the file. The system itself names only what can't be opened."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            error.filename = str(path)
        raise


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to. It becomes `path` at the end of the block, and is deleted if the block raises.

    A pipe or a device, such as /dev/stdout, is written to as it is.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        yield path
        return
    part = path.with_name(f"{path.name}.part")
    try:
        with naming(path):
            yield part
            os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_whole(path: Path, text: str) -> None:
    """Write UTF-8 text. Until all of it is written, `path` stays as it was."""
    with replacing(path) as part:
        part.write_text(text, "utf-8")


def read_whole(path: Path, default: T) -> T:
    """The JSON object or list of a file; `default` if there is no such file. Raises RaifError if it holds
    something else.
    """
    if not path.exists():
        return default
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        found, wrong = None, str(error)
    else:
        wrong = f"not a JSON {type(default).__name__}"
    if not isinstance(found, type(default)):
        raise RaifError(f"{path}: damaged: {wrong}", "Put it back as it was, or delete it and make it again.")
    return found


def sha256(path: Path) -> str:
    """The checksum of a file, or of all files under a folder in the order of their paths."""
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for each in files:
        with each.open("rb") as stream:
            while data := stream.read(1 << 20):
                digest.update(data)
    return digest.hexdigest()
