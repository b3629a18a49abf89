"""One file a benchmark; importing this package registers them."""

from raif.eval.benchmarks import ifeval

__all__ = ["ifeval"]
