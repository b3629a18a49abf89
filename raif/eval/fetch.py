"""The benchmarks' public data: fetched from a pinned revision, kept only where it is what it should be."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from functools import cache
from pathlib import Path

import yaml
from pydantic import Field

from raif.errors import ConfigError, RaifError, did_you_mean
from raif.types import Frozen

TIMEOUT = 60.0
"""Seconds without a byte."""
_CHUNK = 1 << 20


class File(Frozen):
    """`from`: its place under the source's base; `to`: under the folder of all benchmarks. Without a checksum
    what came is not checked."""

    origin: str = Field(alias="from")
    to: str
    sha256: str | None


class Source(Frozen):
    """`licence`: what the publishers state of the data."""

    base: str
    licence: str
    files: tuple[File, ...]


def source(name: str) -> Source:
    """Where a benchmark's data is. ConfigError where that is not known."""
    known = _sources()
    if name not in known:
        raise ConfigError(f"no public source of {name!r} is known", did_you_mean(name, known))
    return known[name]


def fetch(
    name: str, folder: Path, base: str | None = None, said: Callable[[str], None] = lambda line: None
) -> list[Path]:
    """Put a benchmark's files into the folder of all benchmarks; one that is there and right stays.

    `base`: an address to fetch from in place of the public one. RaifError where a file can't be had, or is
    another than it should be; it is not kept then.
    """
    found = source(name)
    said(f"{name}: {base or found.base}; licence: {found.licence}")
    paths = []
    for file in found.files:
        path = folder / file.to
        if not (file.sha256 and path.is_file() and _sha256(path) == file.sha256):
            checksum = _get((base or found.base).rstrip("/"), file, path)
            said(f"{path}: sha256 {checksum}{'' if file.sha256 else ', compared with none: none is known'}")
        paths.append(path)
    return paths


def _get(base: str, file: File, path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    url = f"{base}/{urllib.parse.quote(file.origin)}"
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as response, part.open("wb") as target:
            while chunk := response.read(_CHUNK):
                target.write(chunk)
            if response.length:
                raise ConnectionError(f"ended {response.length} bytes too early")
    except (OSError, http.client.HTTPException, ValueError) as error:
        part.unlink(missing_ok=True)
        why = error.reason if type(error) is urllib.error.URLError else error
        raise RaifError(f"{url}: {why}", f"Download it yourself to {path}, or try --url MIRROR.") from None
    found = _sha256(part)
    if file.sha256 not in (None, found):
        part.unlink()
        raise RaifError(
            f"{url}: sha256 is {found}, not {file.sha256}", "The file is not kept. Has it been changed?"
        )
    part.replace(path)
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def _sources() -> dict[str, Source]:
    content = yaml.safe_load(Path(__file__).with_name("sources.yaml").read_text("utf-8"))
    return {name: Source.model_validate(fields) for name, fields in content.items()}
