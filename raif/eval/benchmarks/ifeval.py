"""IFEval: can a model keep to instructions that code can check?

Paper: Zhou et al. 2023, https://arxiv.org/abs/2311.07911. 541 prompts, 834 instructions of 25 kinds.

An item, in the layout of the public file:
    {"key": 7, "prompt": "Describe a lighthouse in at least 50 words, without commas.",
     "instruction_id_list": ["length_constraints:number_words", "punctuation:no_comma"],
     "kwargs": [{"num_words": 50, "relation": "at least"}, {}]}

Prompt: the item's prompt as the user's turn, after the system text where one is configured.
Score: strict checks the response as it is, loose also without its first or last line and without asterisks.
Prompt level: all instructions of a prompt are followed. Instruction level: single instructions.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raif import records
from raif.eval.benchmark import BENCHMARKS
from raif.eval.metrics import Scores, score
from raif.reasoning import Style
from raif.types import Instruction, Message, Verification
from raif.verdicts import verify


class IFEval:
    file = "ifeval/input_data.jsonl"
    source = (
        "https://github.com/google-research/google-research/blob/master/"
        "instruction_following_eval/data/input_data.jsonl"
    )

    def items(self, path: Path) -> Sequence[Instruction]:
        return list(records.read(path))

    def messages(self, item: Instruction, system: str | None) -> tuple[Message, ...]:
        if not system or item.messages[0].role == "system":
            return item.messages
        return (Message(role="system", content=system), *item.messages)

    def verify(self, item: Instruction, response: str, think: Style) -> Verification:
        return verify(item, response, think=think)

    def score(self, verifications: Sequence[Verification], *, seed: int) -> Scores:
        return score(verifications, seed=seed)


BENCHMARKS.add("ifeval", IFEval())
