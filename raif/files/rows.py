"""Rows from wherever they are: files of any format, globs, folders, data sets on disk and on the hub.

Each comes with where it stands. `tried` gives a broken row as what is wrong with it, `rows` raises that.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from glob import glob, has_magic
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import IO, Any

from raif.errors import RecordError, did_you_mean, listed, require
from raif.files import formats, jsonl
from raif.files.formats import READERS

Row = formats.Row
Found = tuple[str, Row | RecordError]
"""Where a row stands, as `file:line`, and the row or what is wrong with it."""

_SAVED = ("dataset_dict.json", "state.json")
"""Files that `save_to_disk` of the library datasets puts into its folder: of several splits, of one."""
_ABOUT = {"dataset_info.json", "dataset_infos.json", "license.txt", "licence.txt", "notice.txt", "readme.txt"}
"""Files about data that lie next to it, in lower case."""
_SLICE = re.compile(r"([\w.]+)\[(\d*):(\d*)\]")


def rows(path: Path) -> Iterator[tuple[str, Row]]:
    """The rows of a file, or of a data set saved to disk. Raises RecordError at the first broken one."""
    for where, row in tried(path):
        if isinstance(row, RecordError):
            raise row
        yield where, row


def tried(path: Path, split: str = "train") -> Iterator[Found]:
    """The rows of a file by its name, JSON Lines if that says nothing, or of a data set saved to disk.

    `split` is of the latter. Raises RecordError if it can't be read at all.
    """
    if _is_saved(path):
        yield from _numbered(f"{path}:{split}", _saved(path, split))
    elif split != "train":
        raise RecordError(f"{path}: a file has no split {split!r}", "Give its folder as dataset, or a limit.")
    else:
        name = str(path)
        for number, row in formats.read(path):
            yield f"{name}:{number}", row


def everywhere(source: jsonl.Source) -> Iterator[Found]:
    """The rows of a stream of JSON Lines, or of all files that a path stands for.

    Raises RecordError if there is nothing, or if the only file can't be read. One file of several that can't
    be read is a broken row, and those after it are read.
    """
    if not isinstance(source, Path | str):
        yield from of_stream(source)
        return
    files = files_of(source)
    for path in files:
        try:
            yield from tried(path)
        except RecordError as error:
            if len(files) == 1:
                raise
            yield f"{path}:0", error


def of_stream(stream: IO[bytes], first: int = 1) -> Iterator[Found]:
    """The rows of a stream of JSON Lines. `first` is the number of its first line."""
    name = jsonl.name_of(stream)
    for number, row in jsonl.lines(stream, first):
        yield f"{name}:{number}", row


def files_of(place: str | Path) -> list[Path]:
    """What a path stands for, in the order of their names: a file, the files of a glob, or of a folder.

    A folder that `save_to_disk` made is one of them. Raises RecordError if there is nothing.
    """
    path = Path(place)
    if path.is_dir():
        return _in_folder(path)
    if path.exists():
        return [path]
    if not has_magic(str(place)):
        raise RecordError(f"{place}: no such file or folder", _near(path))
    found = sorted(map(Path, glob(str(place), recursive=True)))
    if not found:
        raise RecordError(f"{place}: no file has such a name", _near(path))
    return [file for each in found for file in (_in_folder(each) if each.is_dir() else [each])]


def _in_folder(folder: Path) -> list[Path]:
    found = _under(folder, set())
    if not found:
        names = listed(sorted(path.name for path in folder.iterdir()), 8) or "nothing"
        raise RecordError(
            f"{folder}: no data in this folder, but {names}", f"There are readers for {', '.join(READERS)}."
        )
    return found


def _under(folder: Path, seen: set[Path]) -> list[Path]:
    """The data files in a folder and in its folders, in the order of their names; none that is hidden.

    A link to a folder that has been `seen`, as in `latest -> 2026`, is passed over.
    """
    if folder.resolve() in seen:
        return []
    seen.add(folder.resolve())
    if _is_saved(folder):
        return [folder]
    found = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")) or path.name.lower() in _ABOUT:
            continue
        found += _under(path, seen) if path.is_dir() else [path] * formats.known(path)
    return found


def _near(path: Path) -> str:
    """The nearest name in the nearest folder that exists."""
    folder = next((each for each in path.parents if each.is_dir()), Path())
    near = did_you_mean(path.name, (each.name for each in folder.iterdir()))
    return f"{folder.resolve()} is the nearest folder. {near}".strip()


def of_hub(
    name: str, split: str, *, config: str | None = None, revision: str | None = None, streaming: bool = False
) -> Iterator[tuple[str, Row]]:
    """The rows of a data set of the Hugging Face hub, or in a folder that `datasets` can load.

    `split` can be a slice, such as `train[:1000]` or `train[:10%]`. `config`: which one of the data set's;
    `revision`: a branch, tag or commit. With `streaming` no more is downloaded than is read, unless the slice
    is in percent, counts from the end or adds up several. Raises RecordError if it can't be loaded.
    """
    if _is_saved(Path(name)):
        yield from _numbered(f"{name}:{split}", _saved(Path(name), split))
        return
    require("datasets", extra="data")
    from datasets import load_dataset
    from datasets.exceptions import DatasetsError

    first, last = 0, None
    whole = split
    if streaming and (part := _SLICE.fullmatch(split)):
        whole, first, last = part[1], int(part[2] or 0), int(part[3]) if part[3] else None
    streaming = streaming and "[" not in whole and "+" not in whole
    try:
        found: Iterable[Row] = load_dataset(name, config, split=whole, revision=revision, streaming=streaming)
        numbered = islice(enumerate(found, 1), first, last)
        for number, row in numbered:
            yield f"{name}:{whole}:{number}", row
    except (*hub_errors(), ValueError, RuntimeError, DatasetsError) as error:  # also while it streams
        hint = "Check dataset, config, split and revision."
        raise RecordError(f"{name}: {_in_short(error)}", hint) from None


def hub_errors() -> tuple[type[BaseException], ...]:
    """What asking the hub raises if it can't be reached, or has no such data set: the errors of the HTTP
    library are no OSErrors in all versions of huggingface_hub, which has changed its library before.
    """
    from huggingface_hub import get_session

    library = import_module(type(get_session()).__module__.partition(".")[0])
    return (OSError, library.HTTPError)


def _in_short(error: BaseException) -> str:
    """What an error of the library datasets says. Some only point to what caused them."""
    said = " ".join(str(error.__cause__ or error).split())
    return said[:400] + ("…" if len(said) > 400 else "")


def _is_saved(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _SAVED)


def _saved(folder: Path, split: str) -> Iterable[Row]:
    """A data set that `save_to_disk` wrote: its only split, or the one of this name, or a slice of it."""
    require("datasets", extra="data")
    from datasets import DatasetDict, load_from_disk

    try:
        found: Any = load_from_disk(str(folder))
    except (OSError, ValueError) as error:
        raise RecordError(f"{folder}: {_in_short(error)}", "Was the whole folder copied?") from None
    part = _SLICE.fullmatch(split)
    name = part[1] if part else split
    splits = dict(found) if isinstance(found, DatasetDict) else {str(found.split or "train"): found}
    if len(splits) == 1 and name == "train":  # the default
        name = next(iter(splits))
    if name not in splits:
        hint = f"It has: {', '.join(splits)}. A slice is {next(iter(splits))}[10:20]."
        raise RecordError(f"{folder}: no split {name!r}", hint)
    found = splits[name]
    return islice(found, int(part[2] or 0), int(part[3]) if part[3] else None) if part else found


def fingerprint(found: Iterable[Any]) -> str:
    """The number of rows and their checksum, wherever they are stored, and in whatever format."""
    checksum, count = hashlib.sha256(), 0
    for row in found:
        checksum.update(json.dumps(row, sort_keys=True, default=str).encode() + b"\n")
        count += 1
    return f"{count} records, sha256 {checksum.hexdigest()[:16]}"


def _numbered(name: str, found: Iterable[Row]) -> Iterator[tuple[str, Row]]:
    for number, row in enumerate(found, 1):
        yield f"{name}:{number}", row
