"""How many tokens a text has, without its model's tokenizer."""

from __future__ import annotations

from collections.abc import Sequence

TEMPLATE = 32
"""Tokens that a chat template may put around a message, and the most of any in front of the first."""


def most_tokens(messages: Sequence[dict[str, str]]) -> int:
    """No server counts more tokens in these messages: a token has at least one byte."""
    return TEMPLATE + sum(len(turn["content"].encode()) + TEMPLATE for turn in messages)


def estimated_tokens(text: str) -> int:
    """An estimate on the high side: one token for three letters, or for one Chinese character."""
    return len(text.encode(errors="replace")) // 3 + 1
