"""A completion that comes as a stream of events. Some servers stream, asked or not."""

from __future__ import annotations

import json
import re
from typing import Any

_BEGINS = re.compile(r"\s*(?:data|event|id|retry)?:")
_LINE_ENDS = re.compile(r"\r\n|\r|\n")


def is_stream(text: str) -> bool:
    """Whether a reply's body is a stream of events."""
    return _BEGINS.match(text) is not None


def joined(text: str) -> dict[str, Any]:
    """What the events of a stream add up to: a completion with the first choice, or an error that came.

    Raises ValueError, or whatever else reading the wrong JSON raises, if it is of something else, or if it
    breaks off.
    """
    message: dict[str, Any] = {}
    tokens: list[Any] = []
    usage = finish = None
    for line in _LINE_ENDS.split(text):
        name, _, value = line.partition(":")
        if name != "data" or value.strip() == "[DONE]":
            continue
        chunk = json.loads(value)
        if chunk.get("error"):
            return dict(chunk)
        usage = chunk.get("usage") or usage
        for choice in chunk["choices"]:
            if choice.get("index", 0) == 0:
                for field, piece in (choice.get("delta") or {}).items():
                    if piece is not None and field != "role":  # text, or a list of parts
                        message[field] = message[field] + piece if field in message else piece
                tokens += (choice.get("logprobs") or {}).get("content") or ()
                finish = choice.get("finish_reason") or finish
    if finish is None:
        raise ValueError("a stream without an end")
    choice = {"message": message, "finish_reason": finish, "logprobs": {"content": tokens}}
    return {"choices": [choice], "usage": usage}
