"""The benchmarks, each in a file or a folder. Importing this package registers them."""

from raif.eval.benchmarks import cfbench, fbbench, ifbench, ifbench_multiturn, ifeval, infobench
from raif.eval.benchmarks.cello import benchmark as cello
from raif.eval.benchmarks.complexbench import benchmark as complexbench
from raif.eval.benchmarks.followbench import benchmark as followbench
from raif.eval.benchmarks.multi_if import benchmark as multi_if
from raif.eval.benchmarks.rubrics import benchmark as rubrics

__all__ = [
    "cello",
    "cfbench",
    "complexbench",
    "fbbench",
    "followbench",
    "ifbench",
    "ifbench_multiturn",
    "ifeval",
    "infobench",
    "multi_if",
    "rubrics",
]
