"""CELLO; importing this registers it."""

from raif.eval.benchmarks.cello.benchmark import Cello

__all__ = ["Cello"]
