"""How far a judge agrees with labels, before anything is scored or trained by it."""

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
    """A line of the file: a question about a response to a prompt, and the right answer, true for yes."""

    model_config = ConfigDict(frozen=True)
    prompt: str
    response: str
    question: str
    label: StrictBool
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Audit:
    """Rates with 95% intervals, resampled by prompt; None where a rate is not defined.

    `precision`: of what the judge passes, how much is labelled true. `recall`: of what is labelled true, how
    much it passes. `agreement`: share of equal answers. `kappa`: Cohen's, agreement beyond chance. All four
    are over the judged pairs. `unjudged`: share of all pairs. `by_logprobs`: how many pairs
    log-probabilities decided.
    """

    pairs: int
    by_logprobs: int
    precision: Interval | None
    recall: Interval | None
    agreement: Interval | None
    kappa: Interval | None
    unjudged: Interval | None


def read(source: jsonl.Source) -> list[Pair]:
    """The labelled pairs; RecordError at the first bad line, or where there is none."""
    pairs = list(jsonl.read(source, Pair))
    if not pairs:
        raise RecordError(f"{jsonl.name_of(source)}: no labelled pair")
    return pairs


def audit(judge: Judge, pairs: Sequence[Pair]) -> Audit:
    """Ask the judge about each pair, and compare."""
    items = [JudgeItem(pair.prompt, pair.response, pair.question, pair.language) for pair in pairs]
    return compared(pairs, judge.ask(items))


def compared(pairs: Sequence[Pair], judgments: Sequence[Judgment]) -> Audit:
    """The rates of judgments on labelled pairs."""
    rows = _by_prompt(pairs, judgments)
    return Audit(
        len(pairs),
        sum(judgment.margin is not None for judgment in judgments),
        **{name: measured(rows, measure) for name, measure in MEASURES.items()},
    )


def _by_prompt(pairs: Sequence[Pair], judgments: Sequence[Judgment]) -> list[list[int]]:
    """For each prompt, how many of its pairs fall into each of OUTCOMES."""
    rows: dict[str, list[int]] = defaultdict(lambda: [0] * len(OUTCOMES))
    for pair, judgment in zip(pairs, judgments, strict=True):
        said = judgment.passed
        rows[pair.prompt][OUTCOMES.index(None if said is None else (said, pair.label))] += 1
    return list(rows.values())


OUTCOMES = ((True, True), (True, False), (False, True), (False, False), None)
"""What the judge says and what the label says; None: unjudged."""


def _precision(sums: np.ndarray) -> np.ndarray:
    return sums[..., 0] / sums[..., :2].sum(-1)


def _recall(sums: np.ndarray) -> np.ndarray:
    return sums[..., 0] / sums[..., 0:3:2].sum(-1)


def _agreement(sums: np.ndarray) -> np.ndarray:
    return sums[..., 0:4:3].sum(-1) / sums[..., :4].sum(-1)


def _kappa(sums: np.ndarray) -> np.ndarray:
    """(agreement - chance) / (1 - chance); chance is that of two who say yes as often, independently."""
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
