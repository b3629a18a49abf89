"""One file a benchmark; importing this package registers them."""

from raif.eval.benchmarks import ifbench, ifeval
from raif.eval.benchmarks.cello import benchmark as cello
from raif.eval.benchmarks.cfbench import benchmark as cfbench
from raif.eval.benchmarks.complexbench import benchmark as complexbench
from raif.eval.benchmarks.fbbench import benchmark as fbbench
from raif.eval.benchmarks.followbench import benchmark as followbench
from raif.eval.benchmarks.infobench import benchmark as infobench

__all__ = ["cello", "cfbench", "complexbench", "fbbench", "followbench", "ifbench", "ifeval", "infobench"]
