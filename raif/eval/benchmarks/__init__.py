"""One file a benchmark; importing this package registers them."""

from raif.eval.benchmarks import cello, complexbench, followbench, ifbench, ifeval

__all__ = ["cello", "complexbench", "followbench", "ifbench", "ifeval"]
