"""CFBench; importing this registers it."""

from raif.eval.benchmarks.cfbench.benchmark import CFBench

__all__ = ["CFBench"]
