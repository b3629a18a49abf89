"""The last `\\boxed{..}` of an answer, and whether it is the reference answer.

Equality is of the text, with spaces and LaTeX's spacing commands left out; `math_check` goes further.
"""

from __future__ import annotations

import re

_SPACING = re.compile(r"\\[,;:! ]|\\left|\\right|[\s$]")


def last_boxed(text: str) -> str | None:
    """What stands between the braces of the last `\\boxed`; None where there is none, or it is not closed."""
    start = text.rfind("\\boxed{")
    depth = 0
    for position in range(start + len("\\boxed"), len(text) if start >= 0 else 0):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[start + len("\\boxed{") : position]
    return None


def equal(answer: str, reference: str) -> bool:
    return _plain(answer) == _plain(reference)


def _plain(text: str) -> str:
    return _SPACING.sub("", text).rstrip(".")
