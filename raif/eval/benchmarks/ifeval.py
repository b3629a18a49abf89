"""IFEval: can a model keep to instructions that code can check?

Paper: Zhou et al. 2023, https://arxiv.org/abs/2311.07911. 541 prompts, 834 instructions of 25 kinds.

An item, in the layout of the public file:
    {"key": 7, "prompt": "Describe a lighthouse in at least 50 words, without commas.",
     "instruction_id_list": ["length_constraints:number_words", "punctuation:no_comma"],
     "kwargs": [{"num_words": 50, "relation": "at least"}, {}]}

Prompt: the item's prompt as the user's turn, after the system text where one is configured.
Score: strict and loose rates of prompts and of instructions, see `raif.eval.verified`.
"""

from __future__ import annotations

from raif.eval.benchmark import BENCHMARKS
from raif.eval.verified import Verified


class IFEval(Verified):
    file = "ifeval/input_data.jsonl"
    source = (
        "https://github.com/google-research/google-research/blob/master/"
        "instruction_following_eval/data/input_data.jsonl"
    )


BENCHMARKS.add("ifeval", IFEval())
