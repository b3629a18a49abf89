"""Where seeds and math problems come from: rows of files and data sets, and the request that a row holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from raif.config.staged import Layout, SourceConfig
from raif.data.builtin.seeds import all_seeds
from raif.errors import RecordError, did_you_mean
from raif.files import rows as files
from raif.files.rows import COMPRESSED, FORMATS

SourceRow = Mapping[str, Any]

_TELLING: dict[Layout, set[str]] = {
    "wildchat": {"conversation"},
    "alpaca": {"instruction", "output"},
    "messages": {"messages"},
}
"""The fields by which `auto` tells a layout."""


def rows(source: SourceConfig) -> Iterator[SourceRow]:
    """The rows of a source, up to its limit. Raises RecordError if it can't be read."""
    if source.path:
        found = _file(source.path)
    elif source.dataset:
        found = (row for _, row in files.of_hub(source.dataset, source.split, streaming=True))
    else:
        found = (seed.model_dump() for seed in all_seeds())
    return islice(found, source.limit)


def name_of(source: SourceConfig) -> str:
    return source.dataset or (source.path.name if source.path else "packaged")


def _file(path: Path) -> Iterator[SourceRow]:
    if path.suffix not in (*FORMATS, *COMPRESSED):
        raise RecordError(f"{path}: no reader for {path.suffix!r}", did_you_mean(path.suffix, FORMATS))
    yield from (row for _, row in files.rows(path))


class UserRequest(NamedTuple):
    """What the user of a row asks first; later turns are ignored."""

    text: str
    language: str | None = None
    """As the row gives it, a name or a code."""
    flag: str | None = None
    """Why the row should not be used, according to the row."""


def first_request(row: SourceRow, layout: Layout) -> UserRequest | None:
    """The first user turn of a row. None if the row has none in this layout.

    wildchat: a `conversation` of turns; the row and each turn have `language`, `toxic` and `redacted`.
    messages: a list of turns. alpaca: `instruction`, and perhaps `input`. prompt: `prompt` or `question`.
    auto: one of these, by the fields of the row.
    """
    if layout == "auto":
        layout = next((name for name, fields in _TELLING.items() if fields <= row.keys()), "prompt")
    language = row.get("language")
    match layout:
        case "wildchat":
            if (turn := _first_turn(row.get("conversation"))) is None:
                return None
            flags = (name for name in ("toxic", "redacted") if row.get(name) or turn.get(name))
            return UserRequest(turn["content"], turn.get("language") or language, next(flags, None))
        case "messages":
            turn = _first_turn(row.get("messages"))
            return None if turn is None else UserRequest(turn["content"], language)
        case "alpaca":
            instruction, more = (str(row.get(name) or "").strip() for name in ("instruction", "input"))
            text = "\n\n".join(filter(None, (instruction, more)))
            return UserRequest(text, language) if instruction else None
        case _:
            prompt = row.get("prompt") or row.get("question")
            return UserRequest(prompt, language) if isinstance(prompt, str) else None


def _first_turn(turns: Any) -> Mapping[str, Any] | None:
    """The first turn, if it is the user's and has text: a later one makes no sense without the others."""
    first = next(iter(turns or ()), None)
    usable = (
        isinstance(first, Mapping) and first.get("role") == "user" and isinstance(first.get("content"), str)
    )
    return first if usable else None
