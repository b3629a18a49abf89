"""Making data: seeds -> constraints -> instruction -> expert answer -> verified record."""

from raif.data.builtin.generate import Summary, generate, records

__all__ = ["Summary", "generate", "records"]
