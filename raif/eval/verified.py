"""What benchmarks of code-checked instructions share: IFEval's layout, verdicts and rates.

Strict checks the answer as it is, loose also without its first or last line and without asterisks. Prompt
level: all instructions of a prompt are followed. Instruction level: single instructions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from raif import records
from raif.config.eval import Dialect
from raif.eval.benchmark import Benchmark, Sample, Scored
from raif.eval.rates import Figure, Rates, Table, Tally
from raif.judge.requests import Replies
from raif.types import Instruction
from raif.verdicts.checks import summary, verdicts

SIDES = ("strict", "loose")


class Verified(Benchmark[Instruction]):
    """Needs no judge. The dialects agree, but for a code fence around JSON (`raif.constraints.authors`)."""

    def items(self, path: Path) -> Sequence[Instruction]:
        return list(records.read(path))

    def score(self, item: Instruction, answer: str | None, replies: Replies, dialect: Dialect) -> Scored:
        semantics = "authors" if dialect == "authors" else item.semantics
        found = summary(item, verdicts(item.constraints, answer, semantics))
        followed = zip(SIDES, (found.followed, found.followed_loose), strict=True)
        return Scored(found, {side: None if one is None else float(one) for side, one in followed})

    def tally(self, sample: Sample[Instruction], dialect: Dialect) -> Tally:
        cells = defaultdict(list)
        for side, followed in sample.scored.parts.items():
            if followed is not None:
                cells[f"prompts/{side}"].append(followed)
        for verdict in sample.scored.verification.counted:
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

    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Figure]:
        return {"prompts, loose": rates["prompts/loose"]}
