"""What IFBench's families share: types of kwargs, and its definitions of a word.

Punctuation means the 32 ASCII characters: curly quotes and full-width marks count as letters.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from raif.constraints.kind import Material

_EDGES = string.punctuation + " "
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def _integral(value: Any) -> Any:
    """The benchmark's file writes 2 as 2.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Draw = Callable[[random.Random, Material], dict[str, Any]]
Number = Annotated[int, BeforeValidator(_integral), Field(ge=0)]
Position = Annotated[int, BeforeValidator(_integral), Field(ge=1)]
"""Counted from 1."""
Percentage = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Keyword = Annotated[str, Field(pattern=r"\S")]
"""Text that is not blank."""


def no_kwargs(rng: random.Random, material: Material) -> dict[str, Any]:
    """The draw of a kind that takes none."""
    return {}


def bare(text: str) -> str:
    """`text` without punctuation: "don't" is "dont"."""
    return text.translate(_PUNCTUATION)


def bare_words(text: str) -> list[str]:
    """What is between white space once punctuation is deleted: "a - b" is two words."""
    return bare(text).split()


def trim(text: str) -> str:
    """`text` without punctuation and spaces at both ends; other white space stays."""
    return text.strip(_EDGES)


def trim_start(text: str) -> str:
    return text.lstrip(_EDGES)


def trim_end(text: str) -> str:
    return text.rstrip(_EDGES)
