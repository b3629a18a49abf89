"""The final answer that a text states: its last `\\boxed{..}`, or who is a knight and who a knave (`kk`)."""

from __future__ import annotations

import re

_SPACING = re.compile(r"\\[,;:! ]|\\left|\\right|[\s$]")
_ROLE = re.compile(r"\b(\w+)\W+is\W+an?\W+(knight|knave)\b", re.IGNORECASE)


def last_boxed(text: str) -> str | None:
    """What is between the braces of the last `\\boxed`. None if there is none, or it isn't closed."""
    start = text.rfind("\\boxed{")
    depth = 0
    for position in range(start + len("\\boxed"), len(text) if start >= 0 else 0):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[start + len("\\boxed{") : position]
    return None


def equal(answer: str, reference: str) -> bool:
    """The same text, ignoring spaces and LaTeX's spacing commands; `math_check` goes further."""
    answer, reference = (_SPACING.sub("", text).rstrip(".") for text in (answer, reference))
    return answer == reference


def roles(text: str) -> dict[str, str]:
    """Name -> knight or knave, in lower case, as in `(1) Zoey is a knave`. A name's last mention counts."""
    return {name.lower(): role.lower() for name, role in _ROLE.findall(text)}


def stated_roles(answer: str, reference: str) -> dict[str, str] | None:
    """The answer's roles for everyone whom the reference names. None if it leaves one of them out."""
    said = roles(answer)
    named = {name: said[name] for name in roles(reference) if name in said}
    return named if len(named) == len(roles(reference)) else None
