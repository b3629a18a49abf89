"""The stage `check`: an answer that passes its record's checks, in a pair without faults, is the expert's.

If the answers that `respond` has bought fail, further ones are bought here, one at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple

from raif.config.models import ModelConfig, SamplingConfig
from raif.config.staged import DifficultyConfig, Fault
from raif.data.staged.replies import Speaker
from raif.data.staged.respond import ANSWERS, BOUGHT, answer
from raif.data.staged.stage import STAGES, AskingStage, Clients, Decision, Numbered
from raif.errors import FailedRequest
from raif.judge.judge import Judge
from raif.prompts import Prompts, choose
from raif.records.turns import with_experts
from raif.types import Expert, Frozen, Instruction, Verification
from raif.verdicts.checks import begin, verify
from raif.verdicts.questions import asked

_OF_REQUEST = {"poorly_defined", "impossible"}
"""Faults that another answer can't fix."""


class _Failure(NamedTuple):
    """Why an answer fails. If all fail, the reason of the one that came furthest counts."""

    furthest: int
    reason: str
    detail: Sequence[Any]


class Check(AskingStage):
    """Code first, then the judge, then the faults; then, if a band is set, the policy's own answers."""

    name = "check"

    @property
    def model(self) -> ModelConfig | None:
        return self.config.judge or self.config.teacher

    def connect(self, clients: Clients) -> None:
        own, model = self.config.check, self.model
        self._judge = clients.judge(model, own.judge_max_tokens) if model else None
        self._speaker = None
        if model:
            sampling = SamplingConfig(max_tokens=own.max_tokens)
            self._speaker = Speaker(clients.chat(model, sampling), model.think)
        teacher = self.config.teacher if "respond" in self.config.stages else None
        self._teacher = clients.chat(teacher, self.config.respond.sampling) if teacher else None
        self._difficulty = Difficulty(own.difficulty, clients, self.config.seed) if own.difficulty else None

    async def work(self, each: Numbered) -> Decision:
        """Raises FailedRequest if no answer passes, but one couldn't be had or judged."""
        record: Instruction = each.item
        if record.then:
            return await self._conversation(each, record)
        failures: list[_Failure] = []
        lost: FailedRequest | None = None
        async for expert in self._answers(record):
            if isinstance(expert, FailedRequest):
                lost = lost or expert
                continue
            try:
                found = await verified(record, expert.answer, self._judge)
                qualities = await self._qualities(record, expert) if found.followed else ()
            except FailedRequest as error:
                lost = lost or error
                continue
            failure = _failure(found, qualities)
            if failure is None:
                return await self._passed(each, expert, qualities)
            failures.append(failure)
            if any(one.faulty and one.fault in _OF_REQUEST for one in qualities):
                break
        else:
            if lost:
                raise lost
        last = max(failures, key=lambda one: one.furthest, default=_Failure(0, "no answer to check", ()))
        return each.dropped(last.reason, id=record.id, answers=[one.detail for one in failures])

    async def _conversation(self, each: Numbered, record: Instruction) -> Decision:
        """All turns must have an expert's answer that passes. The difficulty is that of the last turn."""
        turns, qualities = with_experts(record), list[Quality]()
        if len(turns) < 1 + len(record.then):
            return each.dropped("no answer to check", id=record.id)
        for turn in turns:
            expert = turn.expert or Expert(thinking="", answer="")
            found = await verified(turn, expert.answer, self._judge)
            these = await self._qualities(turn, expert) if found.followed else ()
            if failure := _failure(found, these):
                return each.dropped(failure.reason, id=turn.id, answers=[failure.detail])
            qualities += these
        measured = await self._difficulty.measured(turns[-1], self._judge) if self._difficulty else None
        return _kept(each, record, {}, qualities, measured)

    async def _answers(self, record: Instruction) -> AsyncIterator[Expert | FailedRequest]:
        """The answers that are there, then those that can still be bought, or why one can't."""
        for expert in answers_of(record):
            yield expert
        own, bought = self.config.respond, record.provenance.get(BOUGHT)
        if self._teacher is None or bought is None:
            return
        for number in range(bought, own.answers):
            think = self._teacher.config.think
            try:
                found = await answer(
                    self._teacher, record, number, think, self.config.seed, own.need_thinking
                )
            except FailedRequest as error:
                yield error
                continue
            if isinstance(found, Expert):
                yield found

    async def _qualities(self, record: Instruction, expert: Expert) -> tuple[Quality, ...]:
        if self._speaker is None:
            return ()
        prompts = choose(self.prompts, record.language)
        questions = (
            quality(self._speaker, prompts, fault, asked(record), expert.answer)
            for fault in self.config.check.qualities
        )
        return tuple(await asyncio.gather(*questions))

    async def _passed(self, each: Numbered, expert: Expert, qualities: Sequence[Quality]) -> Decision:
        record: Instruction = each.item
        measured = await self._difficulty.measured(record, self._judge) if self._difficulty else None
        return _kept(each, record, {"expert": expert}, qualities, measured)

    def notes(self, kept: Sequence[Instruction]) -> dict[str, str]:
        if self._judge is None:
            return {"qualities": "not checked: no judge"}
        questions = {f"judge prompts {name}": digest for name, digest in self._judge.digests.items()}
        qualities = {"qualities": ", ".join(self.config.check.qualities) or "none"}
        return qualities | questions | self.prompt_notes()


def _kept(
    each: Numbered,
    record: Instruction,
    changed: Mapping[str, Any],
    qualities: Sequence[Quality],
    measured: Measured | None,
) -> Decision:
    """The record with what was found, unless it is outside the band of difficulty."""
    if measured and measured.outside:
        return each.dropped(measured.outside, id=record.id, **measured._asdict())
    provenance = {name: value for name, value in record.provenance.items() if name not in (ANSWERS, BOUGHT)}
    provenance["quality"] = [one.model_dump() for one in qualities]
    if measured:
        provenance["policy"] = {"model": measured.model, "right": measured.right, "of": measured.of}
    return each.kept(record.model_copy(update={**changed, "provenance": provenance}))


def answers_of(record: Instruction) -> list[Expert]:
    """The answers to check: those of `respond`, otherwise the expert's own."""
    found = record.provenance.get(ANSWERS)
    if found is None:
        return [record.expert] if record.expert else []
    return [Expert.model_validate(one) for one in found]


async def verified(record: Instruction, answer: str, judge: Judge | None) -> Verification:
    """The strict verdicts. The judge costs money, so it isn't asked about an answer that code fails."""
    found = verify(record, answer, loose=False)
    if judge is None or found.followed is not None:
        return found
    return await asyncio.wrap_future(begin(record, answer, judge=judge))


def _failure(found: Verification, qualities: Sequence[Quality]) -> _Failure | None:
    if not found.followed:
        missed = [{"id": v.id, "passed": v.passed, "reason": v.reason} for v in found.counted if not v.passed]
        if found.followed is False:
            return _Failure(1, "no answer passes its checks", missed)
        return _Failure(2, "checks could not be judged", missed)
    detail = [one.model_dump() for one in qualities]
    if faults := [one.fault for one in qualities if one.faulty]:
        return _Failure(4, f"fault: {faults[0]}", detail)
    if any(not one.judged for one in qualities):
        return _Failure(3, "qualities could not be judged", detail)
    return None


class Quality(Frozen):
    """What the judge says about one fault. `faulty` is None if it doesn't apply or can't be judged."""

    fault: Fault
    faulty: bool | None
    judged: bool
    """False: the replies said neither yes nor no."""
    reason: str


async def quality(speaker: Speaker, prompts: Prompts, fault: Fault, request: str, answer: str) -> Quality:
    """Ask whether a request and its answer have a fault."""
    question = prompts.tables["faults"][fault]
    turn = prompts.turn("quality", request=request, answer=answer, question=question)
    word, reason = await speaker.verdict(turn, prompts)
    if word is None:
        return Quality(fault=fault, faulty=None, judged=False, reason=reason)
    faulty = None if word == "not applicable" else word == "yes"
    return Quality(fault=fault, faulty=faulty, judged=True, reason=reason)


class Measured(NamedTuple):
    """`right` of the `of` answers that came and could be judged; a cut-off or empty answer is wrong."""

    model: str
    right: int
    of: int
    outside: str
    """Why the instruction is outside the band; "" if it is inside."""


class Difficulty:
    """How hard an instruction is for the policy: the share of its own sampled answers that are right."""

    def __init__(self, config: DifficultyConfig, clients: Clients, seed: int) -> None:
        self._config, self._seed = config, seed
        self._chat = clients.chat(config.policy, config.sampling)

    async def measured(self, record: Instruction, judge: Judge | None) -> Measured:
        """Raises FailedRequest if at least half of the answers can't be had or judged for it."""
        own = self._config

        async def passed(number: int) -> bool | FailedRequest | None:
            try:
                found = await answer(self._chat, record, number, own.policy.think, self._seed)
                return isinstance(found, Expert) and (await verified(record, found.answer, judge)).followed
            except FailedRequest as error:
                return error

        verdicts = await asyncio.gather(*map(passed, range(own.samples)))
        failed = [one for one in verdicts if isinstance(one, FailedRequest)]
        if 2 * len(failed) >= own.samples:
            raise failed[0]
        decided = [one for one in verdicts if isinstance(one, bool)]
        right, of = sum(decided), len(decided)
        if not of:
            outside = "difficulty could not be judged"
        elif right / of < own.at_least:
            outside = "too hard for the policy"
        else:
            outside = "too easy for the policy" if right / of > own.at_most else ""
        return Measured(own.policy.model, right, of, outside)


STAGES.add(Check.name, Check)
