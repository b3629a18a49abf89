"""Whose semantics the checks have. Apart from the types, which load pydantic, for the command line."""

from __future__ import annotations

from typing import Literal

Dialect = Literal["raif", "ifeval", "reference"]
"""Who says what a kind means. ifeval: the official checkers. reference: the method's own training checker.
raif: the official meaning for English, and what a Chinese reader takes it to mean for Chinese."""
