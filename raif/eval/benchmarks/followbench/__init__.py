"""FollowBench; importing this registers it."""

from raif.eval.benchmarks.followbench.benchmark import FollowBench

__all__ = ["FollowBench"]
