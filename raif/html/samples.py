"""What the sample browser shows, in the form that `samples.js` reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Mark = Literal["passed", "partly", "failed", "undecided"]


@dataclass(frozen=True, slots=True)
class Shown:
    """One response. `notes`: short facts about it. `verdicts`: each with id, passed, reason and active."""

    name: str
    thinking: str
    answer: str
    notes: Sequence[str]
    verdicts: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class PageSample:
    """One item with its responses side by side.

    `messages`: pairs of role and text. `facets`: the filters that find it, values by name. `replies`: the
    judge's, by request.
    """

    id: str
    mark: Mark
    messages: Sequence[tuple[str, str]]
    responses: Sequence[Shown]
    facets: Mapping[str, Sequence[str]]
    replies: Mapping[str, str] = field(default_factory=dict)


def mark(score: float | None) -> Mark:
    """A score in [0, 1] in one word."""
    if score is None:
        return "undecided"
    return "passed" if score >= 1 else "failed" if score <= 0 else "partly"
