"""One file a benchmark; importing this package registers them."""

from raif.eval.benchmarks import ifbench, ifeval

__all__ = ["ifbench", "ifeval"]
