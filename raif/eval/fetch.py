"""Downloads the benchmarks' public data at a pinned revision, and keeps only what has the right checksum."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from functools import cache
from pathlib import Path

import yaml
from pydantic import Field

from raif.errors import ConfigError, RaifError, did_you_mean
from raif.files.whole import replacing, sha256
from raif.types import Frozen

TIMEOUT = 60.0
"""Seconds without any data."""
AS_IT_IS = {"Accept-Encoding": "identity"}
"""The checksum is that of the file's own bytes: don't compress them for the transfer."""


class File(Frozen):
    """`from`: its path under the source's base. `to`: its path under the folder of all benchmarks. Without a
    checksum the download is not checked."""

    origin: str = Field(alias="from")
    to: str
    sha256: str | None


class Source(Frozen):
    """`licence`: what the publishers state about the data. `others`: by checksum, what other public files are
    that can take the place of its one file."""

    base: str
    licence: str
    files: tuple[File, ...]
    others: dict[str, str] = Field(default_factory=dict)


def source(name: str) -> Source:
    """Where a benchmark's data is. Raises ConfigError if that is unknown."""
    known = _sources()
    if name not in known:
        raise ConfigError(f"no public source of {name!r} is known", did_you_mean(name, known))
    return known[name]


def fetch(
    name: str, folder: Path, base: str | None = None, said: Callable[[str], None] = lambda line: None
) -> list[Path]:
    """Download a benchmark's files into the folder of all benchmarks. Files with the right checksum stay.

    `base`: an address to download from instead of the public one. Raises RaifError if a file can't be
    downloaded, or has another checksum than expected; it is not kept then.
    """
    found = source(name)
    said(f"{name}: {base or found.base}; licence: {found.licence}")
    paths = []
    for file in found.files:
        path = folder / file.to
        if not (file.sha256 and path.is_file() and sha256(path) == file.sha256):
            checksum = _get((base or found.base).rstrip("/"), file, path)
            unknown = "" if file.sha256 else ", not compared: the right one is unknown"
            said(f"{path}: sha256 {checksum}{unknown}")
        paths.append(path)
    return paths


def fetch_all(
    folder: Path, base: str | None = None, said: Callable[[str], None] = lambda line: None
) -> list[Path]:
    """The same for all benchmarks. Raises RaifError in the end if some can't be had; the others are there."""
    paths, missing = list[Path](), dict[str, RaifError]()
    for name in _sources():
        try:
            paths += fetch(name, folder, base, said)
        except RaifError as error:
            missing[name] = error
            said(f"{name}: {error.message}")
    if missing:
        hint = next(iter(missing.values())).hint
        others = f"; the others are in {folder}" if paths else ""
        raise RaifError(f"not downloaded: {', '.join(missing)}{others}", hint)
    return paths


def _get(base: str, file: File, path: Path) -> str:
    import httpx2

    path.parent.mkdir(parents=True, exist_ok=True)
    url = f"{base}/{urllib.parse.quote(file.origin)}"
    try:
        with replacing(path) as part:
            with (
                httpx2.stream(
                    "GET", url, headers=AS_IT_IS, timeout=TIMEOUT, follow_redirects=True
                ) as response,
                part.open("wb") as target,
            ):
                if not response.is_success:
                    raise ConnectionError(f"HTTP {response.status_code} {response.reason_phrase}")
                for chunk in response.iter_raw():
                    target.write(chunk)
            found = sha256(part)
            if file.sha256 not in (None, found):
                raise RaifError(
                    f"{url}: sha256 is {found}, not {file.sha256}",
                    "The file is not kept. Was it changed at the source?",
                )
    except (OSError, ValueError, httpx2.HTTPError, httpx2.InvalidURL, ImportError) as error:
        raise RaifError(
            f"{url}: {str(error) or repr(error)}", f"Download it yourself to {path}, or try --url MIRROR."
        ) from None
    return found


@cache
def _sources() -> dict[str, Source]:
    content = yaml.safe_load(Path(__file__).with_name("sources.yaml").read_text("utf-8"))
    return {name: Source.model_validate(fields) for name, fields in content.items()}
