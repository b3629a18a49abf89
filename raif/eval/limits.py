"""How many tokens a response may have: what its prompt leaves of a context, as the method's authors count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from raif.client.paid import estimated_tokens
from raif.config.eval import EvalConfig
from raif.errors import ConfigError, require
from raif.types import Message

SPARE = 100
"""Tokens that the authors leave for a chat template."""
TOKENIZER = "tokenizer.json"

Limit = Callable[[Sequence[Message]], int]
"""The most new tokens of a response to these messages."""


def limit(config: EvalConfig) -> Limit:
    """ConfigError where the tokenizer that the config names can't be read."""
    most, context = config.sampling.max_tokens, config.context
    if context.size is None:
        return lambda messages: most
    size, tokens = context.size, _counter(config)

    def left(messages: Sequence[Message]) -> int:
        prompt = tokens("\n".join(message.content for message in messages))
        return min(most, max(1, int((size - prompt) // context.margin - SPARE)))

    return left


def _counter(config: EvalConfig) -> Callable[[str], int]:
    """By the tokenizer that is named, else by that of a model in a folder; else by an estimate."""
    if named := config.context.tokenizer:
        tokenizer = _read(named / TOKENIZER if named.is_dir() else named)
    elif (own := Path(config.model or "") / TOKENIZER).is_file():
        tokenizer = _read(own)
    else:
        return estimated_tokens
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def _read(path: Path) -> Any:
    require("tokenizers", extra="train")
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_buffer(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"context.tokenizer: {path} can't be read: {error}",
            f"Give a {TOKENIZER}, as it lies in a checkpoint's folder, or that folder.",
        ) from None
