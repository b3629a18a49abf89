"""How long to wait before a request is sent again."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openai import APIError

FIRST, LONGEST = 0.5, 8.0
"""Seconds of the first wait, and of those that have doubled to it."""
TOO_LONG = 120.0
"""Seconds of a wait that the server asks for, from which on it is the user's to wait."""
_PASSING = {408, 409, 429}


def pause(error: APIError, attempt: int) -> float | None:
    """Seconds after the failed attempt, from 0; None where another one is of no use.

    What the server's Retry-After says, else a wait that doubles, a little at random.
    """
    from openai import APIConnectionError, APIStatusError

    if isinstance(error, APIConnectionError):
        return _doubled(attempt)
    if not isinstance(error, APIStatusError) or not _passes(error.status_code):
        return None
    wanted = _wanted(error.response.headers.get("retry-after", ""))
    if wanted is None:
        return _doubled(attempt)
    return wanted if wanted <= TOO_LONG else None


def _passes(status: int) -> bool:
    return status in _PASSING or status >= 500


def _doubled(attempt: int) -> float:
    return min(FIRST * 2**attempt, LONGEST) * random.uniform(0.75, 1)


def _wanted(header: str) -> float | None:
    """Seconds that a Retry-After, a number or a date, asks for; None where there is none to be read."""
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # no date, or one without a zone
        return None
