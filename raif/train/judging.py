"""Verdicts on many answers at once: of code, and of a judge where records have questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from raif.config.judge import JudgeConfig
from raif.errors import RaifError
from raif.judge.judge import Judge
from raif.train.ranks import ALONE, Ranks
from raif.types import Instruction, Verification
from raif.verdicts.checks import begin, verify
from raif.verdicts.solution import solve_ahead


def open_judge(config: JudgeConfig | None, folder: Path) -> Judge | None:
    """The judge that the config names; its judgments are kept in the run's folder unless it says where."""
    if config is None:
        return None
    replies = None
    if config.local:
        from raif.models.local import LocalReplies

        replies = LocalReplies(config.model, config.local)
    cache = config.cache or folder / "judgments.sqlite"
    return Judge(config.model_copy(update={"cache": cache}), replies)


def verify_all(
    answers: Sequence[tuple[Instruction, str]], judges: Sequence[Judge | None]
) -> list[Verification]:
    """The verdicts on each answer, in order; what its judge is asked is asked about all of them at once.

    EndpointError where a judge can't be asked.
    """
    solve_ahead(answers)
    begun = [_begun(*answer, judge) for answer, judge in zip(answers, judges, strict=True)]
    return [found.result() if isinstance(found, Future) else found for found in begun]


def _begun(instruction: Instruction, answer: str, judge: Judge | None) -> Verification | Future[Verification]:
    with _Named(instruction):
        if judge and instruction.questions:
            return begin(instruction, answer, judge=judge)
        return verify(instruction, answer)


class _Named:
    """What a check raises ends the run, saying where: it is a bug, of a plug-in perhaps, and no verdict."""

    def __init__(self, instruction: Instruction) -> None:
        self._instruction = instruction

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error and not isinstance(error, RaifError):
            checks = ", ".join(constraint.id for constraint in self._instruction.constraints)
            error.add_note(
                f"raised by a check of record {self._instruction.id!r} ({checks}). Mend it, prove it by "
                "`raif verify --selftest`, and go on from the newest checkpoint with --resume."
            )


@contextmanager
def judgments(judge: Judge | None, ranks: Ranks = ALONE) -> Iterator[dict[str, float]]:
    """What the judges of all ranks say within the block, as metrics that are there once it is left."""
    said: dict[str, float] = {}
    before = Counter(judge.counts) if judge else Counter[str]()
    yield said
    if judge:
        said |= judge_metrics(ranks.add(judge.counts - before))


def judge_metrics(counts: Mapping[str, float]) -> dict[str, float]:
    """Questions, and the shares of yes among the judged, unjudged and known before; nothing without any."""
    asked = counts.get("asked", 0) + counts.get("cached", 0)
    if not asked:
        return {}
    judged = asked - counts.get("unjudged", 0)
    return {
        "judge_questions": asked,
        **({"judge_yes": counts.get("yes", 0) / judged} if judged else {}),
        "judge_unjudged": counts.get("unjudged", 0) / asked,
        "judge_cached": counts.get("cached", 0) / asked,
    }
