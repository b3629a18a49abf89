"""Whose semantics the checks have. Not in `types`, which would load pydantic for the command line's help."""

from __future__ import annotations

from typing import Any, Literal

Dialect = Literal["raif", "official", "reference"]
"""What a kind means. official: as in the official checkers, those of IFEval, IFBench and open-instruct.
reference: as in the method's own training checker. raif: what the words of the instruction say, to an English
or to a Chinese reader."""

DialectName = Literal["raif", "official", "ifeval", "reference"]
"""What a user may write: `ifeval` is the old name of `official`."""


def dialect_of(name: Any) -> Any:
    """The dialect of a name that a user wrote; anything else as it is."""
    return "official" if name == "ifeval" else name


def semantics(dialect: Dialect, language: str) -> str:
    """The name of the variants of kinds that apply to a record: "zh" is Chinese in the dialect raif."""
    return "zh" if dialect == "raif" and language.startswith("zh") else dialect
