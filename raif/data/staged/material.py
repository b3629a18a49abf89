"""What the built-in responder knows of a request: the packaged seed that it is, or one to stand in for it."""

from __future__ import annotations

import random
import re
from functools import cache

from raif.data.builtin.seeds import Seed, all_seeds
from raif.text import chinese
from raif.types import Instruction

_WORD = re.compile(r"[a-z]+")
_LEAST = {"en": 5, "zh": 2}
"""Letters, or characters, of a word that tells what a request is about."""
_WORDS = 6


def packaged(request: str) -> Seed | None:
    """The packaged seed that asks for this."""
    return _by_prompt().get(request)


def material(record: Instruction, rng: random.Random) -> Seed:
    """The record's own seed; else its request with its own words, and another seed's sentences.

    An answer made of those says nothing to the point, but shows that the constraints can be met together.
    """
    return packaged(record.prompt) or _stand_in(record, rng)


def _stand_in(record: Instruction, rng: random.Random) -> Seed:
    other = rng.choice([seed for seed in all_seeds() if seed.language == record.language])
    own = {"id": record.id, "prompt": record.prompt, "keywords": _telling(record)}
    return other.model_copy(update=own)


def _telling(record: Instruction) -> tuple[str, ...]:
    """The longest words of the request."""
    found = chinese.words(record.prompt) if record.language == "zh" else _WORD.findall(record.prompt.lower())
    long = [word for word in dict.fromkeys(found) if len(word) >= _LEAST[record.language]]
    return tuple(sorted(long, key=len, reverse=True)[:_WORDS])


@cache
def _by_prompt() -> dict[str, Seed]:
    return {seed.prompt: seed for seed in all_seeds()}
