"""What the seed's author would answer if nobody asked for more: the measure of every constraint.

A bound is drawn where this answer breaks it, so that meeting it takes a change.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cached_property

from raif.config.builtin import Level
from raif.constraints import find
from raif.data.builtin.respond.form import Form, write
from raif.data.builtin.seeds import Seed
from raif.data.builtin.words import length_of
from raif.dialect import semantics
from raif.types import Constraint

Measure = Callable[[str], int]


class Plain:
    """The answer to a seed at one level, between the shortest and the fullest one that the seed has."""

    def __init__(self, seed: Seed, level: Level) -> None:
        self.seed, self.level = seed, level
        self.language = seed.language

    @property
    def positions(self) -> list[int]:
        """Of its sentences, in reading order."""
        return sorted(self.seed.ladder[: self.seed.size(self.level)])

    @cached_property
    def text(self) -> str:
        return _written(self.seed, self.seed.size(self.level))

    @cached_property
    def shortest(self) -> str:
        return _written(self.seed, self.seed.size("short"))

    @cached_property
    def fullest(self) -> str:
        return _written(self.seed, len(self.seed.points))

    @cached_property
    def longest(self) -> int:
        """Words, or Chinese characters, of the request or of this answer, whichever has more."""
        return max(length_of(text, self.language) for text in (self.seed.prompt, self.text))

    def passes(self, constraint: Constraint) -> bool:
        return meets(self.text, constraint, self.language)

    def bound(self, rng: random.Random, measure: Measure, step: int = 1) -> tuple[str, int] | None:
        """A relation and a bound that this answer breaks, and that another selection of sentences can meet.

        A multiple of `step` if there is one. None if every selection measures the same.
        """
        low, here, high = measure(self.shortest), measure(self.text), measure(self.fullest)
        ranges = {"less than": (max(low + 1, 2), here), "at least": (here + 1, high)}
        open_ = {relation: (a, b) for relation, (a, b) in ranges.items() if a <= b}
        if not open_:
            return None
        relation = rng.choice(sorted(open_))
        first, last = open_[relation]
        round_ = [n for n in range(first, last + 1) if n % step == 0]
        return relation, rng.choice(round_ or range(first, last + 1))


def _written(seed: Seed, size: int) -> str:
    return write(seed, {n: seed.points[n].text for n in seed.ladder[:size]}, Form())


def meets(text: str, constraint: Constraint, language: str) -> bool:
    """Whether a text passes a constraint strictly."""
    kind = find(constraint.id, semantics("raif", language))
    return kind.check(text, **kind.bind(constraint.kwargs)).passed is True


def passing_levels(plains: Sequence[Plain], constraint: Constraint) -> float:
    """The share of the plain answers that pass."""
    return round(sum(plain.passes(constraint) for plain in plains) / len(plains), 2)
