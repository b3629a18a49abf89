"""What the browser of samples shows, as `samples.js` reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Mark = Literal["passed", "partly", "failed", "undecided"]


@dataclass(frozen=True, slots=True)
class Shown:
    """One response. `notes`: short facts about it. `verdicts`: each with id, passed, reason, active."""

    name: str
    thinking: str
    answer: str
    notes: Sequence[str]
    verdicts: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One item with its responses side by side. `facets`: what it can be filtered by, values by name.

    `messages`: pairs of role and text. `replies`: the judge's, by request.
    """

    id: str
    mark: Mark
    messages: Sequence[tuple[str, str]]
    responses: Sequence[Shown]
    facets: Mapping[str, Sequence[str]]
    replies: Mapping[str, str] = field(default_factory=dict)


def mark(score: float | None) -> Mark:
    """In one word, what a score in [0, 1] says."""
    if score is None:
        return "undecided"
    return "passed" if score >= 1 else "failed" if score <= 0 else "partly"
