"""How a judge is addressed."""

from __future__ import annotations

from raif.config.eval import Dialect
from raif.types import Message

AUTHORS_SYSTEM = "You are a helpful assistant."
"""What the method's authors put before a judge's request, as before a model's."""


def asked(text: str, dialect: Dialect) -> tuple[Message, ...]:
    """A request of one turn."""
    turn = Message(role="user", content=text)
    return (Message(role="system", content=AUTHORS_SYSTEM), turn) if dialect == "authors" else (turn,)
