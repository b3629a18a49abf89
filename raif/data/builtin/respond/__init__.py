"""The built-in expert: a seed's sentences, so that every constraint is met, and its thinking."""

from raif.data.builtin.respond.expert import Request, answer, expert, respond
from raif.data.builtin.respond.kinds import CHAINED, ON_REQUEST, RESPONDERS, kinds_for

__all__ = ["CHAINED", "ON_REQUEST", "RESPONDERS", "Request", "answer", "expert", "kinds_for", "respond"]
