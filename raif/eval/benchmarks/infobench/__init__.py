"""InfoBench; importing this registers it."""

from raif.eval.benchmarks.infobench.benchmark import InfoBench

__all__ = ["InfoBench"]
