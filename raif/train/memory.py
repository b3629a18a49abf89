"""What a run remembers of its rollouts beyond the weights: pass rates, and pairs to clone.

All ranks remember the same. A checkpoint keeps it, so that a resumed run continues bit for bit.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from statistics import fmean
from typing import Literal

from raif.train.groups import Group
from raif.types import Instruction, digest

WINDOW, ENOUGH = 64, 16
"""The latest verdicts of a kind that count, and how many say something."""
KEPT = 512
"""The latest pairs of each pool."""
FILE = "memory.json"

How = Literal["thinking", "plain"]
Pool = Literal["successes", "hindsight"]


@dataclass
class Memory:
    """`kinds`: how and kind -> its latest verdicts, 1 or 0. `prompts`: the digest of a conversation -> the
    share of full marks of its latest group, of the thinking responses. `pools`: records with the policy's own
    answer as their expert's.
    """

    kinds: dict[How, dict[str, list[int]]] = field(
        default_factory=lambda: {"thinking": defaultdict(list), "plain": defaultdict(list)}
    )
    prompts: dict[str, float] = field(default_factory=dict)
    pools: dict[Pool, list[Instruction]] = field(default_factory=lambda: {"successes": [], "hindsight": []})

    def note(self, groups: Iterable[Group]) -> None:
        """Remember the verdicts of a step."""
        for group in groups:
            thinking = [r.verification.followed for r in group.rollouts if r.thinking]
            judged = [followed for followed in thinking if followed is not None]
            if judged:
                self.prompts[digest(group.instruction.messages)] = fmean(judged)
            for r in group.rollouts:
                how: How = "thinking" if r.thinking else "plain"
                for verdict in r.verification.counted:
                    if verdict.passed is not None:
                        latest = self.kinds[how][verdict.kind]
                        latest.append(int(verdict.passed))
                        del latest[:-WINDOW]

    def keep(self, pool: Pool, pairs: Iterable[Instruction]) -> None:
        """Take pairs into a pool. A newer answer to the same conversation replaces the older one."""
        kept = {digest(pair.messages): pair for pair in self.pools[pool]}
        for pair in pairs:
            kept.pop(digest(pair.messages), None)
            kept[digest(pair.messages)] = pair
        self.pools[pool] = list(kept.values())[-KEPT:]

    def drawn(self, pool: Pool, count: int, seed: str) -> list[Instruction]:
        """At most `count` different pairs of a pool, the same for the same seed."""
        pairs = self.pools[pool]
        return random.Random(seed).sample(pairs, min(count, len(pairs)))

    def rate(self, kind: str, how: How = "thinking") -> float | None:
        """The latest pass rate of a kind; None if there are too few verdicts."""
        latest = self.kinds[how].get(kind, ())
        return fmean(latest) if len(latest) >= ENOUGH else None

    def expected(self, record: Instruction) -> float | None:
        """The share of full marks: as measured on this prompt, else as the rates of its kinds multiply.

        None if that isn't known.
        """
        measured = self.prompts.get(digest(record.messages))
        if measured is not None:
            return measured
        rates = [self.rate(constraint.id) for constraint in record.constraints]
        known = [rate for rate in rates if rate is not None]
        return prod(known) if known and len(known) == len(rates) and not record.questions else None

    def gains(self) -> Iterator[tuple[str, float]]:
        """By how much thinking raises the pass rate of each kind, where both rates are known."""
        for kind in sorted(self.kinds["thinking"]):
            thinking, plain = self.rate(kind), self.rate(kind, "plain")
            if thinking is not None and plain is not None:
                yield kind, thinking - plain

    def thinking_helps(self, record: Instruction) -> bool | None:
        """Whether thinking raises the pass rates of the record's kinds on average, or leaves them as they
        are; None if that isn't known.
        """
        gains = dict(self.gains())
        known = [gains[constraint.id] for constraint in record.constraints if constraint.id in gains]
        return fmean(known) >= 0 if known else None

    def write(self, folder: Path) -> None:
        """Into a checkpoint."""
        pools = {name: [pair.model_dump(mode="json") for pair in pairs] for name, pairs in self.pools.items()}
        stored = {"kinds": self.kinds, "prompts": self.prompts, "pools": pools}
        (folder / FILE).write_text(json.dumps(stored), "utf-8")

    @classmethod
    def read(cls, folder: Path) -> Memory:
        """From a checkpoint; those of earlier versions have nothing to remember."""
        memory, file = cls(), folder / FILE
        if file.exists():
            stored = json.loads(file.read_text("utf-8"))
            for how, kinds in stored["kinds"].items():
                memory.kinds[how].update(kinds)
            memory.prompts = stored["prompts"]
            for name, pairs in stored["pools"].items():
                memory.pools[name] = [Instruction.model_validate(pair) for pair in pairs]
        return memory


def dead_share(groups: Sequence[Group]) -> float | None:
    """The share of groups with equal rewards; None without groups."""
    return fmean(group.equal for group in groups) if groups else None
