"""The benchmarks, each in a file or a folder. Importing this package registers them."""

from raif.eval.benchmarks import cfbench, fbbench, ifbench, ifeval, infobench
from raif.eval.benchmarks.cello import benchmark as cello
from raif.eval.benchmarks.complexbench import benchmark as complexbench
from raif.eval.benchmarks.followbench import benchmark as followbench

__all__ = ["cello", "cfbench", "complexbench", "fbbench", "followbench", "ifbench", "ifeval", "infobench"]
