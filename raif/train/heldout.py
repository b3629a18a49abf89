"""The held-out evaluation: the same greedy answers, the same verdicts as everywhere, and do they make sense?

Following constraints by talking nonsense is easy to reward and hard to see in a rate. So each row also
has the fluency of its answers (mean log-probability a token under the untrained model, which is asked
directly), their length and their repetition.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean

from raif.judge.judge import Judge
from raif.models.chat import Chat, Mode
from raif.models.load import Model
from raif.models.local import greedy
from raif.reasoning import Response, split
from raif.stats import Interval, bootstrap
from raif.train.batch import Sample
from raif.train.policy import score
from raif.train.ranks import ALONE, Ranks
from raif.train.repetition import repeated_share
from raif.types import Instruction, Verification
from raif.verdicts.checks import verify_all

ProgressFn = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """One held-out response, taken apart and judged; `fluency` None where there is no answer."""

    instruction: Instruction
    response: Response
    truncated: bool
    verification: Verification
    fluency: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table of before and after."""

    name: str
    prompts: int
    constraints: Interval | None
    constraints_loose: Interval | None
    followed: Interval | None
    followed_loose: Interval | None
    format_share: float
    truncated_share: float
    fluency: float | None
    words: float
    repetition: float
    kinds: dict[str, float]
    unjudged_share: float = 0.0
    """Of the checks that count, those without a verdict."""


@dataclass(frozen=True)
class HeldOut:
    """What answers are held against: the instructions with their judge, and the untrained model."""

    instructions: Sequence[Instruction]
    untrained: Model
    chat: Chat
    batch: int
    judge: Judge | None = None
    ranks: Ranks = ALONE

    def ask(self, model: Model, mode: Mode, *, max_new_tokens: int, progress: ProgressFn) -> list[Answer]:
        """Greedy answers of `model`, checked."""
        prompts = [self.chat.prompt(i.messages, mode) for i in self.instructions]
        answer = partial(greedy, model, max_new_tokens=max_new_tokens, batch=self.batch, progress=progress)
        found = self.ranks.together(prompts, lambda _, mine: answer(mine))
        style = "none" if mode == "direct" else self.chat.style
        responses = [split(self.chat.text(c.ids, mode), style) for c in found]
        return self.check(responses, [c.truncated for c in found])

    def experts(self) -> list[Answer]:
        """The expert answers of the records that have one (math has none): the scale of the other rows."""
        own = replace(self, instructions=[i for i in self.instructions if i.expert])
        responses = [Response(i.expert.thinking, i.expert.answer, True) for i in own.instructions if i.expert]
        return own.check(responses, [False] * len(responses))

    def check(self, responses: Sequence[Response], truncated: Sequence[bool]) -> list[Answer]:
        answers = [r.answer or "" for r in responses]
        answered = list(zip(self.instructions, answers, strict=True))
        verifications = self.ranks.together(
            answered, lambda _, mine: verify_all(mine, [self.judge] * len(mine))
        )
        fluency = self._fluency(answers)
        return [
            Answer(*fields)
            for fields in zip(self.instructions, responses, truncated, verifications, fluency, strict=True)
        ]

    def _fluency(self, answers: Sequence[str]) -> list[float | None]:
        prompts = [self.chat.prompt(i.messages, "direct") for i in self.instructions]
        samples = [Sample(p, self.chat.encode(a), []) for p, a in zip(prompts, answers, strict=True)]
        some = [i for i, s in enumerate(samples) if s.ids]
        logps = score(self.untrained, [samples[i] for i in some], size=16, ranks=self.ranks)
        means = {i: fmean(values) for i, values in zip(some, logps, strict=True)}
        return [means.get(i) for i in range(len(answers))]


def row(name: str, answers: Sequence[Answer]) -> Row:
    """Sum the answers up."""
    texts = [a.response.answer or "" for a in answers]
    fluencies = [a.fluency for a in answers if a.fluency is not None]
    return Row(
        name=name,
        prompts=len(answers),
        constraints=bootstrap([_passed(a.verification, loose=False) for a in answers]),
        constraints_loose=bootstrap([_passed(a.verification, loose=True) for a in answers]),
        followed=bootstrap([_flag(a.verification.followed) for a in answers]),
        followed_loose=bootstrap([_flag(a.verification.followed_loose) for a in answers]),
        format_share=fmean(a.response.format_valid for a in answers),
        truncated_share=fmean(a.truncated for a in answers),
        fluency=fmean(fluencies) if fluencies else None,
        words=fmean(len(t.split()) for t in texts),
        repetition=fmean(repeated_share(t, 4) for t in texts),
        kinds=_kinds(answers),
        unjudged_share=_unjudged(answers),
    )


def _passed(verification: Verification, *, loose: bool) -> list[float]:
    verdicts = [v.passed_loose if loose else v.passed for v in verification.counted]
    return [float(v) for v in verdicts if v is not None]


def _flag(value: bool | None) -> list[float]:
    return [] if value is None else [float(value)]


def _unjudged(answers: Sequence[Answer]) -> float:
    counted = [v.passed is None for a in answers for v in a.verification.counted]
    return fmean(counted) if counted else 0.0


def _kinds(answers: Sequence[Answer]) -> dict[str, float]:
    by_kind: dict[str, list[float]] = defaultdict(list)
    for verdict in (v for a in answers for v in a.verification.counted if v.passed is not None):
        by_kind[verdict.kind].append(float(bool(verdict.passed)))
    return {kind: fmean(values) for kind, values in sorted(by_kind.items())}
