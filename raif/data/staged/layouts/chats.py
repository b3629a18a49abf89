"""Layouts of conversations: turns with a role and a content, under the names that data sets have for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from raif.data.staged.layouts.layout import LAYOUTS, Layout, Row, UserRequest, language_of, text_of

_ROLES = {"human": "user", "user": "user", "prompter": "user", "system": "system", "developer": "system"}
"""What data sets call a role, and the role. Every other one is somebody who answers."""
_CONTENTS = ("content", "value", "text")
"""What data sets call a turn's content."""
_TEXTS = ("text", "input_text")
"""The types of a content's parts that are text."""
_FLAGS = ("toxic", "redacted")


class _Turn(NamedTuple):
    role: str
    text: str
    whole: bool
    """Whether there is nothing but text, such as an image, in it."""
    fields: Row


def opening(row: Row, turns: Any, system: str = "") -> UserRequest | None:
    """The first turn of a conversation, if it is the user's and has text, after any system turns.

    A later one makes no sense without the others. `system`: the system prompt, if the turns have none.
    """
    said: list[str] = []
    for turn in _turns(turns):
        if turn.role == "system":
            said.append(turn.text.strip())
            continue
        if turn.role != "user" or not turn.text.strip():
            return None
        flags = [name for name in _FLAGS if row.get(name) or turn.fields.get(name)]
        flags += ["toxic"] if _flagged(row.get("openai_moderation")) else []
        flags += [] if turn.whole else ["not only text"]
        prompt = "\n\n".join(filter(None, said)) or system
        language = language_of(turn.fields) or language_of(row)
        return UserRequest(turn.text, prompt or None, language, next(iter(flags), None))
    return None


def _turns(turns: Any) -> Iterator[_Turn]:
    """The turns of a conversation: a list of them, JSON text of it, or a column for each field of a turn."""
    if isinstance(turns, str):
        try:
            turns = json.loads(turns)
        except ValueError:
            return
    if isinstance(turns, Mapping):
        columns = {name: values for name, values in turns.items() if isinstance(values, list | tuple)}
        turns = [dict(zip(columns, values, strict=False)) for values in zip(*columns.values(), strict=False)]
    if not isinstance(turns, list | tuple):
        return
    for turn in turns:
        if not isinstance(turn, Mapping):
            return
        role = str(turn.get("role") or turn.get("from") or "").lower()
        text, whole = _content(next((turn[name] for name in _CONTENTS if name in turn), None))
        yield _Turn(_ROLES.get(role, "assistant"), text, whole, turn)


def _content(content: Any) -> tuple[str, bool]:
    """The text of a content, and whether that is all: a text, or a list of parts."""
    if isinstance(content, str):
        return content, True
    parts = content if isinstance(content, list | tuple) else []
    texts = [
        part if isinstance(part, str) else part["text"]
        for part in parts
        if isinstance(part, str)
        or (isinstance(part, Mapping) and part.get("type") in _TEXTS and isinstance(part.get("text"), str))
    ]
    return "\n\n".join(texts), len(texts) == len(parts)


def _flagged(moderation: Any) -> bool:
    """Whether a list of what a moderation says about each turn has something against the first."""
    first = moderation[0] if isinstance(moderation, list) and moderation else None
    return isinstance(first, Mapping) and bool(first.get("flagged"))


def _of(column: str) -> Callable[[Row], UserRequest | None]:
    def request(row: Row) -> UserRequest | None:
        return opening(row, row.get(column), text_of(row, "system") or text_of(row, "system_prompt"))

    return request


def _ultrachat(row: Row) -> UserRequest | None:
    """`data` has the texts of both by turns, the user's first."""
    first = row["data"][0]
    return UserRequest(first, language=language_of(row)) if first.strip() else None


def _is_dialogue(row: Row) -> bool:
    data = row["data"]
    return isinstance(data, list) and bool(data) and all(isinstance(text, str) for text in data)


LAYOUTS.add("messages", Layout(("messages",), _of("messages")))
LAYOUTS.add("sharegpt", Layout(("conversations",), _of("conversations")))
LAYOUTS.add("tulu", Layout(("id", "messages", "source"), _of("messages")))
LAYOUTS.add("ultrachat", Layout(("prompt", "prompt_id", "messages"), _of("messages")))
LAYOUTS.add("ultrachat_data", Layout(("id", "data"), _ultrachat, _is_dialogue))
LAYOUTS.add("wildchat", Layout(("conversation",), _of("conversation")))
