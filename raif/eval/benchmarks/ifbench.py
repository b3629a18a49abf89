"""IFBench: 58 kinds of instructions that no training set knew when it was published.

Paper: Pyatkin et al. 2025, https://arxiv.org/abs/2507.02833. 300 prompts, 344 instructions.

An item, in the layout of the public file:
    {"key": "7", "prompt": "Describe a lighthouse. Use at least two emoji.",
     "instruction_id_list": ["format:emoji"], "kwargs": [{"N": null}]}

Prompt and score: as in `raif.eval.benchmarks.ifeval`. IFBench's authors report the loose rate of prompts,
RAIF's the mean of all four rates (table 5).
"""

from __future__ import annotations

from collections.abc import Mapping

from raif.config.eval import Dialect
from raif.eval.benchmark import BENCHMARKS
from raif.eval.benchmarks.ifeval import SIDES, TEXT, IFEval
from raif.eval.rates import Estimate, Rates, average
from raif.files.benchmark_data import PLACES


class IFBench(IFEval):
    file = PLACES["ifbench"].path
    program = f"allenai/IFBench db69a6f, {TEXT}"
    source = "https://github.com/allenai/IFBench/blob/main/data/IFBench_test.jsonl"

    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Estimate]:
        levels = ("prompts", "instructions")
        cells = {f"{level}, {side}": f"{level}/{side}" for side in SIDES for level in levels}
        mean = rates.estimate(average(rates[cell] for cell in cells.values()), cells.values())
        return {"average of four": mean, **{name: rates.estimate(cell) for name, cell in cells.items()}}


BENCHMARKS.add("ifbench", IFBench())
