"""The relevance of answers to training and held-out records: by a judge if there is one, else by the frozen
model (`raif.models.relevance`), on all ranks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from raif.judge.judge import Judge
from raif.models.relevance import Asked, Meter, Reading, Spread, Work
from raif.train.ranks import Ranks
from raif.types import Instruction, Relevance

Gate = Callable[[Sequence[tuple[Instruction, str]]], list[Relevance]]
"""The relevance of a rollout's answers."""


def asked(instruction: Instruction) -> Asked:
    return Asked(instruction.messages, instruction.language)


def measure(
    answered: Sequence[tuple[Instruction, str]], meter: Meter, judge: Judge | None, ranks: Ranks
) -> list[Relevance]:
    """The relevance of each answer, the same on all ranks."""
    if judge is None:
        return meter.of([(asked(instruction), answer) for instruction, answer in answered])

    def said(first: int, mine: Sequence[tuple[Instruction, str]]) -> list[Relevance]:
        return judge.relevance([(i.prompt, i.language, answer) for i, answer in mine])

    return ranks.together(answered, said)


def shared(ranks: Ranks) -> Spread:
    """The ranks share the readings, and all know what each found."""

    def spread(readings: Sequence[Reading], work: Work) -> list[list[float]]:
        found = {n: work(reading) for (n, reading), _ in ranks.deal(list(enumerate(readings)))}
        everything = {n: means for share in ranks.gather(found) for n, means in share.items()}
        return [everything[n] for n in range(len(readings))]

    return spread
