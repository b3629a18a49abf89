"""What a stream of verdicts adds up to: by kind, for instructions and for prompts, and what needs saying."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, fields
from typing import Any

from raif.types import Relevance, Verification
from raif.verdicts.checks import all_pass


@dataclass
class Count:
    """How many there were, how many passed, and how many could not be judged."""

    n: int = 0
    strict: int = 0
    loose: int = 0
    unjudged: int = 0

    def add(self, strict: bool | None, loose: bool | None) -> None:
        self.n += 1
        self.strict += strict is True
        self.loose += loose is True
        self.unjudged += strict is None

    def include(self, other: Count) -> None:
        for counted in fields(self):
            setattr(self, counted.name, getattr(self, counted.name) + getattr(other, counted.name))

    def rate(self, passed: int) -> float | None:
        """`passed` as a share of the judged ones."""
        judged = self.n - self.unjudged
        return passed / judged if judged else None


@dataclass
class Mean:
    """A sum and how many were added up."""

    total: float = 0.0
    n: int = 0

    def add(self, total: float, n: int = 1) -> None:
        self.total += total
        self.n += n

    @property
    def value(self) -> float:
        return self.total / self.n


@dataclass
class Tally:
    """What a stream adds up to. Each of several answers to a prompt counts as a prompt."""

    kinds: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    instructions: Count = field(default_factory=Count)
    prompts: Count = field(default_factory=Count)
    samples: dict[str, Mean] = field(default_factory=lambda: defaultdict(Mean))
    """Where prompts have several answers: the means of `pass@1` and so on, and of `mean`."""
    relevant: Count = field(default_factory=Count)
    """Answers whose relevance was measured."""
    followed_relevant: Count = field(default_factory=Count)
    """The prompts of these answers that are followed by a relevant one."""
    errors: int = 0
    unchecked: int = 0
    """Rows without any check."""
    thinking: int = 0
    """Answers with tags of thinking that were checked as a part of the answer."""
    used: set[int] = field(default_factory=set)
    """The positions of the answers in a file of their own that belong to a row."""

    def add(self, verification: Verification, relevance: Relevance | None = None) -> None:
        self.prompts.add(verification.followed, verification.followed_loose)
        if relevance:
            found = relevance.relevant
            self.relevant.add(found, found)
            both = [all_pass([found, each]) for each in (verification.followed, verification.followed_loose)]
            self.followed_relevant.add(*both)
        for verdict in verification.counted:
            for count in (self.kinds[verdict.kind], self.instructions):
                count.add(verdict.passed, verdict.passed_loose)

    def add_samples(self, summed: dict[str, Any]) -> None:
        """What several answers to one prompt add up to; pass@k where at least k of them were judged."""
        for name, value in summed.items():
            if value is not None and (name.startswith("pass@") or name == "mean"):
                self.samples[name].add(value)

    def include(self, other: Tally) -> None:
        """Add what another stream adds up to."""
        for kind, count in other.kinds.items():
            self.kinds[kind].include(count)
        for name, mean in other.samples.items():
            self.samples[name].add(mean.total, mean.n)
        self.instructions.include(other.instructions)
        self.prompts.include(other.prompts)
        self.relevant.include(other.relevant)
        self.followed_relevant.include(other.followed_relevant)
        self.errors += other.errors
        self.unchecked += other.unchecked
        self.thinking += other.thinking
        self.used |= other.used
