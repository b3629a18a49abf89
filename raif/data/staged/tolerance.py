"""How much of a stage may go wrong: requests that fail for good, and lines that can't be read.

What goes wrong once is set aside, and the rest goes on. What goes wrong too often has one cause, which the
user has to see before more is spent. Prompts that don't fit a model's context are set aside, and end nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from raif.config.staged import StagedConfig
from raif.data.staged.stage import BROKEN, Decision
from raif.errors import TOO_LONG, EndpointError, RaifError, RecordError


class TooManyFailed(EndpointError):
    """More requests failed for good than the config allows."""


class _Rule(NamedTuple):
    key: str
    what: str
    few: int
    """With fewer, a stage goes on to its end: a bad start doesn't show how the rest will be."""
    error: type[RaifError]
    hint: str


_FAILED = _Rule(
    "max_failed",
    "failed for good",
    10,
    TooManyFailed,
    "Once the cause is fixed, --resume --retry-failed asks them again. With a higher {key}, --resume goes on "
    "without them.",
)
_BROKEN = _Rule(
    "max_broken",
    "are broken",
    100,
    RecordError,
    "Fix the file, or set {key} to a higher share, and resume with --resume.",
)


@dataclass
class _Tally:
    rule: _Rule
    share: float
    reasons: Counter[str] = field(default_factory=Counter)
    shown: str = ""
    """The first one, in the words of its error."""

    def count(self, reason: str, shown: str) -> None:
        self.reasons[reason] += 1
        self.shown = self.shown or shown

    def exceeded(self, of: int, ended: bool) -> bool:
        wrong, allowed = self.reasons.total(), max(1.0, self.share * of) if self.share else 0.0
        return wrong > allowed and (ended or wrong >= self.rule.few or not self.share)


class Tolerance:
    """Counts a stage's decisions; `check` raises once too many have gone wrong."""

    def __init__(self, config: StagedConfig, stage: str) -> None:
        self._stage, self._read = stage, 0
        self._failed = _Tally(_FAILED, config.max_failed)
        self._broken = _Tally(_BROKEN, config.max_broken)

    @property
    def broken(self) -> int:
        """How many lines couldn't be read."""
        return self._broken.reasons.total()

    def count(self, decision: Decision) -> None:
        self._read += 1
        if decision.failed and decision.dropped and TOO_LONG not in decision.dropped:
            self._failed.count(decision.dropped, decision.detail.get("error", ""))
        elif decision.dropped == BROKEN:
            self._broken.count(BROKEN, decision.detail.get("error", ""))

    def check(self, *, ended: bool = False) -> None:
        for tally in (self._failed, self._broken):
            if tally.exceeded(self._read, ended):
                rule, count = tally.rule, tally.reasons.total()
                listed = ", ".join(f"{n} {reason}" for reason, n in tally.reasons.most_common(4))
                raise rule.error(
                    f"{self._stage}: {count} of {self._read} {rule.what} ({listed}), and {rule.key} allows "
                    f"{tally.share:.0%}. The first: {tally.shown}",
                    rule.hint.format(key=rule.key),
                )
