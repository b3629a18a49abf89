"""One file a benchmark; importing this package registers them."""

from raif.eval.benchmarks import cfbench, fbbench, ifbench, ifeval, infobench

__all__ = ["cfbench", "fbbench", "ifbench", "ifeval", "infobench"]
