"""The built-in expert: an answer made of a seed's sentences that meets every constraint, with its thinking.

Importing this registers the responders.
"""

from raif.data.builtin.respond import structure, words
from raif.data.builtin.respond.responder import RESPONDERS, kinds_for, respond

__all__ = ["RESPONDERS", "kinds_for", "respond", "structure", "words"]
