"""ComplexBench; importing this registers it."""

from raif.eval.benchmarks.complexbench.benchmark import ComplexBench

__all__ = ["ComplexBench"]
