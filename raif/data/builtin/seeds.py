"""The packaged seeds, requests with the sentences of a good answer, and how a random seed splits them."""

from __future__ import annotations

import math
import random
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from raif.files import jsonl
from raif.types import Frozen

Split = Literal["train", "heldout"]
SPLITS: tuple[Split, ...] = ("train", "heldout")
_FOLDER = Path(__file__).parent / "seeds"


class Seed(Frozen):
    """A request. Its `points` are sentences that answer it in order, its `keywords` words of its topic."""

    id: str
    language: Literal["en", "zh"]
    task: str
    topic: str
    prompt: str
    title: str
    points: tuple[str, ...] = Field(min_length=8, max_length=8)
    keywords: tuple[str, ...] = Field(min_length=6, max_length=6)


@cache
def all_seeds() -> tuple[Seed, ...]:
    """Every packaged seed, in the order of the files' names."""
    return tuple(seed for path in sorted(_FOLDER.glob("*.jsonl")) for seed in jsonl.read(path, Seed))


@cache
def split_seeds(language: str, split: Split, *, seed: int, heldout_share: float) -> tuple[Seed, ...]:
    """The seeds of one language in `split`; no seed is in both splits."""
    own = [item for item in all_seeds() if item.language == language]
    random.Random(f"split {language} {seed}").shuffle(own)
    held = min(math.ceil(len(own) * heldout_share), len(own) - 1)
    return tuple(own[:held] if split == "heldout" else own[held:])
