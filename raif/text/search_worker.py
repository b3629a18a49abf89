"""What `search` asks a child process: how often a regular expression is found. No imports but `re`."""

from __future__ import annotations

import re


def answer(how: str, pattern: str, text: str, flags: int) -> int | list[str]:
    """The number of items that `re`'s function called `how` returns; 1 or 0 for `search`.

    The items themselves for `items`, which are `findall`'s.
    """
    if how == "items":
        return re.findall(pattern, text, flags=flags)
    found = getattr(re, how)(pattern, text, flags=flags)
    return int(bool(found)) if how == "search" else len(found)
