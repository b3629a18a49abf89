"""Answers to instructions, their thinking kept apart: the teacher's, or those of the built-in responder."""

from __future__ import annotations

import random

from raif.config.models import ModelConfig
from raif.data.builtin import compose
from raif.data.builtin.respond import respond
from raif.data.staged.answers import answers
from raif.data.staged.asking import AskingStage
from raif.data.staged.clients import Clients
from raif.data.staged.drawing import SENTENCES
from raif.data.staged.material import packaged
from raif.data.staged.stage import STAGES, Numbered, Outcome
from raif.types import Expert, Instruction

ANSWERS = "answers"
"""Where a record's provenance keeps them until one is checked."""


class Respond(AskingStage):
    """Leaves the answers in `provenance.answers`: none of them is an expert's before it is checked."""

    name = "respond"

    @property
    def model(self) -> ModelConfig | None:
        return self.config.teacher

    def connect(self, clients: Clients) -> None:
        own = self.config.respond
        self._chat = clients.chat(self.model, own.sampling) if self.model else None

    async def work(self, each: Numbered) -> Outcome:
        record: Instruction = each.item
        if self._chat is None or self.model is None:
            return self._built_in(each)
        count = self.config.respond.answers
        found = await answers(self._chat, record, count, self.model.think, self.config.seed)
        whole = [one for one in found if isinstance(one, Expert)]
        useful = [one for one in whole if one.thinking or not self.config.respond.need_thinking]
        if not useful:
            reasons = sorted({one if isinstance(one, str) else "no thinking" for one in found})
            return each.dropped(f"no answer: {', '.join(reasons)}", id=record.id)
        return each.kept(_answered(record, useful))

    def _built_in(self, each: Numbered) -> Outcome:
        record: Instruction = each.item
        seed = packaged(str(record.provenance.get("request", record.prompt)))
        if seed is None or record.questions:
            why = "a request of its own" if record.questions else "this request"
            return each.dropped(f"the built-in responder can't answer {why}", id=record.id)
        rng = random.Random(f"respond {self.config.seed} {record.id}")
        counted = compose.active_of(record.constraints, record.composition)
        remark = str(record.provenance.get("remark", ""))
        expert = respond(seed, counted, rng, rng.randint(*SENTENCES), remark)
        if expert is None:
            return each.dropped("no answer: too few sentences fit", id=record.id)
        return each.kept(_answered(record, [expert]))


def _answered(record: Instruction, found: list[Expert]) -> Instruction:
    kept = [one.model_dump() for one in found]
    return record.model_copy(update={"provenance": record.provenance | {ANSWERS: kept}})


STAGES.add(Respond.name, Respond)
