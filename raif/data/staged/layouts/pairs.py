"""Layouts of a request and its answer, each in a column of its own."""

from __future__ import annotations

from collections.abc import Callable

from raif.data.staged.layouts.chats import opening
from raif.data.staged.layouts.layout import LAYOUTS, Layout, Row, UserRequest, language_of, text_of


def _joined(*columns: str) -> Callable[[Row], UserRequest | None]:
    """The request is in the first column, and what it is about in the others, if there is anything."""

    def request(row: Row) -> UserRequest | None:
        texts = [text_of(row, name) for name in columns]
        system = text_of(row, "system") or text_of(row, "system_prompt") or None
        text = "\n\n".join(filter(None, texts))
        return UserRequest(text, system, language_of(row)) if texts[0] else None

    return request


def _alpaca(row: Row) -> UserRequest | None:
    """With a `history` of pairs, the conversation began with the first of them."""
    history = row.get("history")
    if isinstance(history, list) and history and isinstance(history[0], list | tuple) and history[0]:
        first = {"role": "user", "content": history[0][0]}
        return opening(row, [first], text_of(row, "system"))
    return _joined("instruction", "input")(row)


def _prompt(row: Row) -> UserRequest | None:
    """`prompt` is a text, or the turns before the answer."""
    if isinstance(row["prompt"], str):
        return _joined("prompt")(row)
    return opening(row, row["prompt"], text_of(row, "system"))


LAYOUTS.add("alpaca", Layout(("instruction",), _alpaca))
LAYOUTS.add("dolly", Layout(("instruction", "context", "response"), _joined("instruction", "context")))
LAYOUTS.add("magpie", Layout(("instruction", "response", "conversations"), _joined("instruction")))
LAYOUTS.add("openorca", Layout(("system_prompt", "question"), _joined("question")))
LAYOUTS.add("prompt", Layout(("prompt",), _prompt))
LAYOUTS.add("query", Layout(("query",), _joined("query")))
LAYOUTS.add("question", Layout(("question",), _joined("question")))
