"""Knights and knaves (`kk`): who is what, as a text says it, such as `(1) Zoey is a knave`."""

from __future__ import annotations

import re

_ROLE = re.compile(r"\b(\w+)\W+is\W+an?\W+(knight|knave)\b", re.IGNORECASE)


def roles(text: str) -> dict[str, str]:
    """Name -> knight or knave, all in lower case; of one named twice the last mention."""
    return {name.lower(): role.lower() for name, role in _ROLE.findall(text)}


def stated(answer: str, reference: str) -> dict[str, str] | None:
    """What the answer says of those whom the reference names; None where it leaves one of them out."""
    said = roles(answer)
    named = {name: said[name] for name in roles(reference) if name in said}
    return named if len(named) == len(roles(reference)) else None
