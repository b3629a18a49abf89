"""The built-in expert: an answer made of a seed's sentences that meets every constraint, with its thinking.

Importing this registers the responders.
"""

from raif.data.builtin.respond import case, form, frame, keywords, length
from raif.data.builtin.respond.responder import RESPONDERS
from raif.data.builtin.respond.write import kinds_for, respond

__all__ = ["RESPONDERS", "case", "form", "frame", "keywords", "kinds_for", "length", "respond"]
