"""An answer that passes its record's checks, in a pair without any of the faults, becomes the expert's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from raif.config.models import ModelConfig, SamplingConfig
from raif.data.staged.asking import AskingStage
from raif.data.staged.clients import Clients
from raif.data.staged.difficulty import Difficulty
from raif.data.staged.passing import verified
from raif.data.staged.quality import Quality, quality
from raif.data.staged.respond import ANSWERS
from raif.data.staged.stage import STAGES, Numbered, Outcome
from raif.prompts import choose
from raif.types import Expert, Instruction, Verification

_OF_REQUEST = {"poorly_defined", "impossible"}
"""Faults that another answer doesn't mend."""


class _Fails(NamedTuple):
    """Why an answer is not the expert's. Of several answers, the one that came furthest is counted."""

    furthest: int
    reason: str
    detail: Sequence[Any]


class Check(AskingStage):
    """Code first, then the judge, then the qualities; then, where a band is set, the policy's own answers."""

    name = "check"

    @property
    def model(self) -> ModelConfig | None:
        return self.config.judge or self.config.teacher

    def connect(self, clients: Clients) -> None:
        own, model = self.config.check, self.model
        self._judge = clients.judge(model, own.judge_max_tokens) if model else None
        self._chat = clients.chat(model, SamplingConfig(max_tokens=own.max_tokens)) if model else None
        self._difficulty = Difficulty(own.difficulty, clients, self.config.seed) if own.difficulty else None

    async def work(self, each: Numbered) -> Outcome:
        record: Instruction = each.item
        failed: list[_Fails] = []
        for expert in answers_of(record):
            found = await verified(record, expert.answer, self._judge)
            qualities = await self._qualities(record, expert) if found.followed else ()
            if why := _failure(found, qualities):
                failed.append(why)
                if _hopeless(qualities):
                    break
            else:
                return await self._passed(each, expert, qualities)
        why = max(failed, key=lambda one: one.furthest, default=_Fails(0, "no answer to check", ()))
        return each.dropped(why.reason, id=record.id, answers=[one.detail for one in failed])

    async def _qualities(self, record: Instruction, expert: Expert) -> tuple[Quality, ...]:
        if self._chat is None:
            return ()
        prompts = choose(self.prompts, record.language)
        asked = (
            quality(self._chat, prompts, fault, record.prompt, expert.answer)
            for fault in self.config.check.qualities
        )
        return tuple(await asyncio.gather(*asked))

    async def _passed(self, each: Numbered, expert: Expert, qualities: Sequence[Quality]) -> Outcome:
        record: Instruction = each.item
        measured = await self._difficulty.measured(record, self._judge) if self._difficulty else None
        if measured and measured.outside:
            return each.dropped(measured.outside, id=record.id, **measured._asdict())
        provenance = {name: value for name, value in record.provenance.items() if name != ANSWERS}
        provenance["quality"] = [one.model_dump() for one in qualities]
        if measured:
            provenance["policy"] = {"model": measured.model, "right": measured.right, "of": measured.of}
        return each.kept(record.model_copy(update={"expert": expert, "provenance": provenance}))

    def notes(self, kept: Sequence[Instruction]) -> dict[str, str]:
        if self._judge is None:
            return {"qualities": "not asked about: no judge"}
        questions = {f"judge prompts {name}": said for name, said in self._judge.digests.items()}
        qualities = {"qualities": ", ".join(self.config.check.qualities) or "none"}
        return qualities | questions | self.prompt_notes()


def answers_of(record: Instruction) -> list[Expert]:
    """What there is to check: the answers of `respond`, else the expert's own."""
    found = record.provenance.get(ANSWERS)
    if found is None:
        return [record.expert] if record.expert else []
    return [Expert.model_validate(one) for one in found]


def _failure(found: Verification, qualities: Sequence[Quality]) -> _Fails | None:
    if not found.followed:
        missed = [{"id": v.id, "passed": v.passed, "reason": v.reason} for v in found.counted if not v.passed]
        if found.followed is False:
            return _Fails(1, "no answer passes its checks", missed)
        return _Fails(2, "checks that could not be judged", missed)
    detail = [one.model_dump() for one in qualities]
    if faults := [one.fault for one in qualities if one.faulty]:
        return _Fails(4, f"fault: {faults[0]}", detail)
    if any(not one.judged for one in qualities):
        return _Fails(3, "qualities that could not be judged", detail)
    return None


def _hopeless(qualities: Iterable[Quality]) -> bool:
    return any(one.faulty and one.fault in _OF_REQUEST for one in qualities)


STAGES.add(Check.name, Check)
