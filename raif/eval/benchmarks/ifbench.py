"""IFBench: 58 kinds of instructions that no training set of its time knew.

Paper: Pyatkin et al. 2025, https://arxiv.org/abs/2507.02833. 300 prompts, 344 instructions.

An item, in the layout of the public file:
    {"key": "7", "prompt": "Describe a lighthouse. Use at least two emoji.",
     "instruction_id_list": ["format:emoji"], "kwargs": [{"N": null}]}

Prompt: the item's prompt as the user's turn, after the system text where one is configured.
Score: strict and loose rates of prompts and of instructions, see `raif.eval.verified`. Its authors report the
loose rate of prompts, RAIF's the mean of all four (table 5).
"""

from __future__ import annotations

from collections.abc import Mapping

from raif.config.eval import Dialect
from raif.eval.benchmark import BENCHMARKS
from raif.eval.rates import Figure, Rates, average
from raif.eval.verified import SIDES, Verified


class IFBench(Verified):
    file = "ifbench/IFBench_test.jsonl"
    source = "https://github.com/allenai/IFBench/blob/main/data/IFBench_test.jsonl"

    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Figure]:
        levels = ("prompts", "instructions")
        four = {f"{level}, {side}": rates[f"{level}/{side}"] for side in SIDES for level in levels}
        return {"average of four": average(four.values()), **four}


BENCHMARKS.add("ifbench", IFBench())
