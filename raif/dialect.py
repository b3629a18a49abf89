"""Whose semantics the checks have. Not in `types`, which would load pydantic for the command line's help."""

from __future__ import annotations

from typing import Literal

Dialect = Literal["raif", "ifeval", "reference"]
"""What a kind means. ifeval: as in the official checkers. reference: as in the method's own training checker.
raif: the official meaning for English, and for Chinese what a Chinese reader understands."""
