"""IFEval: can a model follow instructions that code can check?

Paper: Zhou et al. 2023, https://arxiv.org/abs/2311.07911. 541 prompts, 834 instructions of 25 kinds.

An item, in the layout of the public file:
    {"key": 7, "prompt": "Describe a lighthouse in at least 50 words, without commas.",
     "instruction_id_list": ["length_constraints:number_words", "punctuation:no_comma"],
     "kwargs": [{"num_words": 50, "relation": "at least"}, {}]}

Prompt: the item's prompt as the user's turn, after the config's system text, if there is one.
Score: strict and loose rates of prompts and of instructions. Strict checks the answer as it is; loose also
accepts it without its first or last line, and without asterisks. A prompt counts if all of its instructions
are followed. The dialects differ only in one case of code fences around JSON (`raif.constraints.authors`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from raif import records
from raif.config.eval import Dialect
from raif.eval.benchmark import BENCHMARKS, Benchmark, ScoredItem, all_met
from raif.eval.rates import Estimate, Rates, Table, Tally
from raif.files.benchmark_data import PLACES
from raif.judge.requests import Replies
from raif.text.release import PUBLISHED
from raif.types import Instruction, Verification
from raif.verdicts.checks import summary, verdicts

SIDES = ("strict", "loose")
TEXT = f"words and sentences of NLTK {PUBLISHED}.1"


def sides(found: Verification) -> dict[str, float | None]:
    """Whether an answer follows all instructions, strict and loose; None if one is undecided."""
    each = ([one.passed for one in found.counted], [one.passed_loose for one in found.counted])
    return dict(zip(SIDES, map(all_met, each), strict=True))


class IFEval(Benchmark[Instruction]):
    file = PLACES["ifeval"].path
    program = f"google-research/instruction_following_eval of 2025, {TEXT}"
    source = (
        "https://github.com/google-research/google-research/blob/master/"
        "instruction_following_eval/data/input_data.jsonl"
    )

    def items(self, path: Path) -> Sequence[Instruction]:
        return list(records.read(path))

    def score(
        self, item: Instruction, answer: str | None, replies: Replies, dialect: Dialect
    ) -> ScoredItem[Instruction]:
        semantics = "authors" if dialect == "authors" else item.semantics
        found = summary(item, verdicts(item.constraints, answer, semantics))
        return ScoredItem(item, found, sides(found))

    def tally(self, scored: ScoredItem[Instruction], dialect: Dialect) -> Tally:
        cells = defaultdict(list)
        for side, followed in scored.parts.items():
            if followed is not None:
                cells[f"prompts/{side}"].append(followed)
        for verdict in scored.verification.counted:
            for side, passed in zip(SIDES, (verdict.passed, verdict.passed_loose), strict=True):
                if passed is not None:
                    cells[f"instructions/{side}"].append(float(passed))
                    cells[f"kind/{side}/{verdict.id}"].append(float(passed))
        return cells

    def tables(self, rates: Rates, dialect: Dialect) -> Sequence[Table]:
        totals = [
            rates.row(level, f"{level}/strict", f"{level}/loose") for level in ("prompts", "instructions")
        ]
        kinds = dict.fromkeys((*rates.under("kind/strict/"), *rates.under("kind/loose/")))
        by_kind = [rates.row(kind, f"kind/strict/{kind}", f"kind/loose/{kind}") for kind in sorted(kinds)]
        return [Table("rate", SIDES, tuple(totals)), Table("kind", SIDES, tuple(by_kind))]

    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Estimate]:
        return {"prompts, loose": rates.estimate("prompts/loose")}


BENCHMARKS.add("ifeval", IFEval())
