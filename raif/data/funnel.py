"""What became of every draw: the counts add up, so that nothing is dropped in silence."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Funnel:
    """`drawn` = contradictory + duplicate + failed + written."""

    drawn: int = 0
    contradictory: Counter[str] = field(default_factory=Counter)
    """Reason -> draws, the values in the reasons left out."""
    duplicate: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    """First constraint that the answer failed -> draws."""
    written: int = 0

    def contradicts(self, reason: str) -> None:
        self.contradictory[without_values(reason)] += 1

    def rows(self) -> list[tuple[str, int]]:
        """Stages with their counts, the most frequent reasons below each, ids without their family."""
        rows = [("drawn", self.drawn), ("contradictory", self.contradictory.total())]
        rows += [("  " + _short(reason), count) for reason, count in self.contradictory.most_common(8)]
        rows += [("duplicate", self.duplicate), ("answer failed", self.failed.total())]
        rows += [("  " + _short(kind), count) for kind, count in self.failed.most_common()]
        return [*rows, ("written", self.written)]


@dataclass
class StageFunnel:
    """What one stage of the pipeline read, dropped and kept: `read` = dropped + kept."""

    stage: str
    read: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason -> how many."""
    kept: int = 0
    notes: dict[str, Any] = field(default_factory=dict)
    """What else a reader of the card wants to know of the stage."""

    def rows(self) -> list[tuple[str, int]]:
        """Counts for a table, the most frequent reasons first."""
        reasons = sorted(self.dropped.items(), key=lambda item: (-item[1], item[0]))
        return [
            (f"{self.stage}: read", self.read),
            *((f"  {reason}", count) for reason, count in reasons),
            (f"{self.stage}: kept", self.kept),
        ]


def without_values(reason: str) -> str:
    """A reason in words that many draws share."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "…", reason)


def _short(text: str) -> str:
    return re.sub(r"\b[a-z_]+:([a-z_]+)", r"\1", text)
