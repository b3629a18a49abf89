"""What `search` asks a child process: how often a regular expression is found. No imports but `re`."""

from __future__ import annotations

import re


def answer(how: str, pattern: str, text: str, flags: int) -> int:
    """The number of items that `re`'s function called `how` returns; 1 or 0 for `search`."""
    found = getattr(re, how)(pattern, text, flags=flags)
    return int(bool(found)) if how == "search" else len(found)
