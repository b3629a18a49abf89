"""FB-Bench; importing this registers it."""

from raif.eval.benchmarks.fbbench.benchmark import FBBench

__all__ = ["FBBench"]
