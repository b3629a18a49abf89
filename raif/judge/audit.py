"""How far a judge agrees with labels: to know before it scores or trains anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, StrictBool

from raif.errors import RecordError
from raif.files import jsonl
from raif.judge.judgment import JudgeItem, Judgment
from raif.stats import Interval, measured

if TYPE_CHECKING:
    import numpy as np

    from raif.judge.judge import Judge


class Pair(BaseModel):
    """One line of the file: a question about a response to a prompt, and the right answer (true: yes)."""

    model_config = ConfigDict(frozen=True)
    prompt: str
    response: str
    question: str
    label: StrictBool
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Audit:
    """Rates with 95% intervals, resampled by prompt; None if a rate is undefined.

    `precision`: the share labelled true among the pairs that the judge passes. `recall`: the share that it
    passes among those labelled true. `agreement`: the share of equal answers. `kappa`: Cohen's, the
    agreement beyond chance. All four are over the judged pairs. `unjudged`: the share of all pairs.
    `by_logprobs`: how many pairs were decided by log-probabilities.
    """

    pairs: int
    by_logprobs: int
    precision: Interval | None
    recall: Interval | None
    agreement: Interval | None
    kappa: Interval | None
    unjudged: Interval | None


def read(source: jsonl.Source) -> list[Pair]:
    """The labelled pairs. Raises RecordError at the first invalid line, or if there is no pair."""
    pairs = list(jsonl.read(source, Pair))
    if not pairs:
        raise RecordError(f"{jsonl.name_of(source)}: no labelled pairs")
    return pairs


def audit(judge: Judge, pairs: Sequence[Pair]) -> Audit:
    """Ask the judge about each pair, and compare its answers with the labels."""
    items = [JudgeItem(pair.prompt, pair.response, pair.question, pair.language) for pair in pairs]
    return compared(pairs, judge.ask(items))


def compared(pairs: Sequence[Pair], judgments: Sequence[Judgment]) -> Audit:
    """The rates of judgments on labelled pairs."""
    rows: dict[str, list[int]] = defaultdict(lambda: [0] * len(CELLS))
    for pair, judgment in zip(pairs, judgments, strict=True):
        said = judgment.passed
        rows[pair.prompt][CELLS.index(None if said is None else (said, pair.label))] += 1
    return Audit(
        len(pairs),
        sum(judgment.margin is not None for judgment in judgments),
        **{name: measured(list(rows.values()), measure) for name, measure in MEASURES.items()},
    )


CELLS = ((True, True), (True, False), (False, True), (False, False), None)
"""The columns that are counted for each prompt: what the judge says and what the label says; None:
unjudged."""


def _precision(sums: np.ndarray) -> np.ndarray:
    return sums[..., 0] / sums[..., :2].sum(-1)


def _recall(sums: np.ndarray) -> np.ndarray:
    return sums[..., 0] / sums[..., 0:3:2].sum(-1)


def _agreement(sums: np.ndarray) -> np.ndarray:
    return sums[..., 0:4:3].sum(-1) / sums[..., :4].sum(-1)


def _kappa(sums: np.ndarray) -> np.ndarray:
    """(agreement - chance) / (1 - chance), where chance is independent answers with the same shares of
    yes."""
    judged = sums[..., :4].sum(-1)
    said, labelled = sums[..., :2].sum(-1) / judged, sums[..., 0:3:2].sum(-1) / judged
    chance = said * labelled + (1 - said) * (1 - labelled)
    return (_agreement(sums) - chance) / (1 - chance)


def _unjudged(sums: np.ndarray) -> np.ndarray:
    return sums[..., 4] / sums.sum(-1)


MEASURES = {
    "precision": _precision,
    "recall": _recall,
    "agreement": _agreement,
    "kappa": _kappa,
    "unjudged": _unjudged,
}
