"""The stage `respond`: answers to instructions, by the teacher or by the built-in responder.

Thinking is kept apart from the answer. Another answer is bought only if code fails the ones before.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from raif.client.chat import ChatClient
from raif.config.builtin import LEVELS
from raif.config.models import ModelConfig
from raif.data.builtin import compose
from raif.data.builtin.respond import respond
from raif.data.staged.drawing import packaged
from raif.data.staged.replies import said
from raif.data.staged.similarity import Seen
from raif.data.staged.stage import STAGES, AskingStage, Clients, Decision, Numbered
from raif.errors import FailedRequest, RecordError
from raif.reasoning import Style, asked_to_think
from raif.records.turns import at_turn
from raif.types import Expert, Instruction
from raif.verdicts.checks import verify
from raif.verdicts.questions import asked

ANSWERS, BOUGHT = "answers", "bought"
"""The keys of a record's provenance that have its answers, and the number of replies that were asked for,
until one answer is checked."""


class Respond(AskingStage):
    """Puts the answers into `provenance.answers`: none is the expert's until it is checked."""

    name = "respond"

    @property
    def model(self) -> ModelConfig | None:
        return self.config.teacher

    def connect(self, clients: Clients) -> None:
        own = self.config.respond
        self._chat = clients.chat(self.model, own.sampling) if self.model else None

    def process(self, todo: Iterator[Numbered], done: Sequence[Decision]) -> Iterator[Decision]:
        return super().process(self._unique(todo), done)

    def _unique(self, todo: Iterator[Numbered]) -> Iterator[Numbered]:
        """Decisions on duplicates, which cost nothing, among the items of `work`. The first one is kept."""
        seen, seeds = Seen(self.config.select.near_duplicate), dict[str, str]()
        duplicates: dict[int, Decision] = {}
        for number, record in enumerate(self.inputs()):
            if isinstance(record, RecordError):
                continue
            seed = str(record.provenance.get("seed", record.id))
            text = asked(record)
            found = seen.find(text)
            # instructions that were made of one request share its words, but not what they ask for
            if found and (found.similarity == 1 or seeds[found.of] != seed):
                reason = "exact duplicate" if found.similarity == 1 else "near-duplicate"
                duplicates[number] = Numbered(number, record).dropped(reason, id=record.id, **found._asdict())
            else:
                seen.add(record.id, text)
                seeds[record.id] = seed
        for each in todo:
            yield each._replace(item=duplicates.get(each.number, each.item))

    async def work(self, each: Numbered) -> Decision:
        if isinstance(each.item, Decision):
            return each.item
        record: Instruction = each.item
        if record.then:
            return await self._conversation(each, record)
        found = [self._built_in(record)] if self._chat is None else await self._bought(self._chat, record)
        useful = [one.model_dump() for one in found if isinstance(one, Expert)]
        if not useful:
            reasons = sorted({one for one in found if isinstance(one, str)})
            return each.dropped(f"no answer: {', '.join(reasons)}", id=record.id)
        added = {ANSWERS: useful, BOUGHT: len(found)}
        return each.kept(record.model_copy(update={"provenance": record.provenance | added}))

    async def _conversation(self, each: Numbered, record: Instruction) -> Decision:
        """Each turn is answered after the answers before it, which passed: they are the experts'."""
        if self._chat is None:
            return each.dropped("the built-in responder answers one turn", id=record.id)
        experts = list[Expert]()
        for _ in range(1 + len(record.then)):
            turn = at_turn(record, [one.answer for one in experts])
            *_, last = await self._bought(self._chat, turn)
            if isinstance(last, str):
                return each.dropped(f"no answer: {last}", id=turn.id)
            if verify(turn, last.answer, loose=False).followed is False:
                return each.dropped("no answer to a turn passes its checks", id=turn.id, answer=last.answer)
            experts.append(last)
        first, *others = experts
        then = [
            turn.model_copy(update={"expert": one}) for turn, one in zip(record.then, others, strict=True)
        ]
        return each.kept(record.model_copy(update={"expert": first, "then": tuple(then)}))

    async def _bought(self, chat: ChatClient, record: Instruction) -> list[Expert | str]:
        """Answers up to the first that code doesn't fail. For an unusable reply, why it is unusable."""
        own, found = self.config.respond, list[Expert | str]()
        assert self.model
        for number in range(own.answers):
            try:
                last = await answer(
                    chat, record, number, self.model.think, self.config.seed, own.need_thinking
                )
            except FailedRequest:
                if not any(isinstance(one, Expert) for one in found):
                    raise
                break  # `check` asks for it again, should the others fail
            found.append(last)
            if isinstance(last, Expert) and verify(record, last.answer, loose=False).followed is not False:
                break
        return found

    def _built_in(self, record: Instruction) -> Expert | str:
        """The built-in responder's answer, or why it has none."""
        seed = packaged(str(record.provenance.get("request", record.prompt)))
        if record.questions:
            return "the built-in responder can't answer questions for a judge"
        if seed is None:
            return "the built-in responder can only answer packaged requests"
        rng = random.Random(f"respond {self.config.seed} {record.id}")
        counted = compose.active_of(record.constraints, record.composition)
        remark = str(record.provenance.get("remark", ""))
        expert = respond(seed, counted, rng, rng.choice(list(LEVELS)), remark)
        return expert or "no choice of sentences meets it"


async def answer(
    chat: ChatClient, record: Instruction, number: int, think: Style, seed: int, need_thinking: bool = False
) -> Expert | str:
    """An answer, sampled with the seed `seed` + `number`, or why the reply has none that can be used."""
    messages = asked_to_think(record.messages) if think == "tagged" else record.messages
    found = said(await chat.reply(messages, seed=seed + number), think)
    if found.fault:
        return found.fault
    if need_thinking and not found.thinking:
        return "no thinking"
    return Expert(thinking=found.thinking, answer=found.text)


STAGES.add(Respond.name, Respond)
