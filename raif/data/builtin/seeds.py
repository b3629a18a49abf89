"""The packaged seeds, requests with the sentences of a good answer, and how a random seed splits them."""

from __future__ import annotations

import math
import random
import re
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from raif.config.builtin import LEVELS, Level
from raif.files import jsonl
from raif.types import Frozen

Split = Literal["train", "heldout"]
SPLITS: tuple[Split, ...] = ("train", "heldout")
_FOLDER = Path(__file__).parent / "seeds"
_LEANING = {
    "en": re.compile(
        r"(?:It|Its|This|That|These|Those|They|Their|He|She|His|Her|Both|Such|So|But|Then|However|Instead"
        r"|Otherwise|Afterwards|There)\b"
    ),
    "zh": re.compile("这|那|它|他|她|其|此|因此|所以|但|不过|然后|接着|否则|于是|随后"),
}
"""How a sentence begins that continues the one before it."""


class Point(Frozen):
    """A sentence of an answer. Those of level 1 are a short answer, 1 and 2 a middle one, all a long one."""

    level: Literal[1, 2, 3]
    text: str
    plain: str = ""
    """The same without commas, colons, quotation marks, brackets and digits; empty if `text` has none."""

    @property
    def variants(self) -> tuple[str, ...]:
        """The sentence as it is, and its plain form if it has one."""
        return (self.text, self.plain) if self.plain else (self.text,)


class Seed(Frozen):
    """A request with its answer: `points` in reading order, and what a letter has around them.

    `second` is another short answer, which takes another approach. `keywords` are words of the topic, each of
    which is in the points.
    """

    id: str
    language: Literal["en", "zh"]
    group: str
    task: str
    topic: str
    prompt: str
    title: str
    greeting: str = ""
    farewell: str = ""
    points: tuple[Point, ...] = Field(min_length=11)
    second: tuple[str, ...] = Field(min_length=3)
    postscript: str
    keywords: tuple[str, ...] = Field(min_length=6, max_length=6)

    @property  # not cached: a copy with other points would keep it
    def ladder(self) -> tuple[int, ...]:
        """The points' positions, the most important ones first: by level, then in reading order."""
        return tuple(sorted(range(len(self.points)), key=lambda n: (self.points[n].level, n)))

    def size(self, level: Level) -> int:
        """How many sentences an answer of this level has."""
        return sum(point.level <= LEVELS[level] for point in self.points)

    def leans_on(self, position: int) -> int | None:
        """The sentence that this one continues, if it can't stand without it.

        It is the last one before it that is no less important, because every level is a whole text.
        """
        point = self.points[position]
        if not _LEANING[self.language].match(point.text):
            return None
        before = (n for n in range(position - 1, -1, -1) if self.points[n].level <= point.level)
        return next(before, None)


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
