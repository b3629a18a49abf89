"""One file a benchmark; importing this package registers them."""

from raif.eval.benchmarks import (
    cello,
    cfbench,
    complexbench,
    fbbench,
    followbench,
    ifbench,
    ifeval,
    infobench,
)

__all__ = ["cello", "cfbench", "complexbench", "fbbench", "followbench", "ifbench", "ifeval", "infobench"]
