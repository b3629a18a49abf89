"""The stage `respond`: answers to instructions, by the teacher or by the built-in responder.

Thinking is kept apart from the answer.
"""

from __future__ import annotations

import asyncio
import random

from raif.client.chat import ChatClient, Reply
from raif.config.builtin import LEVELS
from raif.config.models import ModelConfig
from raif.data.builtin import compose
from raif.data.builtin.respond import respond
from raif.data.staged.drawing import packaged
from raif.data.staged.stage import STAGES, AskingStage, Clients, Decision, Numbered
from raif.reasoning import Style, asked_to_think, split
from raif.types import Expert, Instruction

ANSWERS = "answers"
"""The key of a record's provenance that has its answers until one of them is checked."""


class Respond(AskingStage):
    """Puts the answers into `provenance.answers`: none is the expert's until it is checked."""

    name = "respond"

    @property
    def model(self) -> ModelConfig | None:
        return self.config.teacher

    def connect(self, clients: Clients) -> None:
        own = self.config.respond
        self._chat = clients.chat(self.model, own.sampling) if self.model else None

    async def work(self, each: Numbered) -> Decision:
        record: Instruction = each.item
        if self._chat is None or self.model is None:
            found = self._built_in(record)
        else:
            own = self.config.respond
            found = await answers(self._chat, record, own.answers, self.model.think, self.config.seed)
            if own.need_thinking:
                found = [one if isinstance(one, str) or one.thinking else "no thinking" for one in found]
        useful = [one.model_dump() for one in found if isinstance(one, Expert)]
        if not useful:
            reasons = sorted({one for one in found if isinstance(one, str)})
            return each.dropped(f"no answer: {', '.join(reasons)}", id=record.id)
        return each.kept(record.model_copy(update={"provenance": record.provenance | {ANSWERS: useful}}))

    def _built_in(self, record: Instruction) -> list[Expert | str]:
        """The built-in responder's answer, or why it has none."""
        seed = packaged(str(record.provenance.get("request", record.prompt)))
        if record.questions:
            return ["the built-in responder can't answer questions for a judge"]
        if seed is None:
            return ["the built-in responder can only answer packaged requests"]
        rng = random.Random(f"respond {self.config.seed} {record.id}")
        counted = compose.active_of(record.constraints, record.composition)
        remark = str(record.provenance.get("remark", ""))
        expert = respond(seed, counted, rng, rng.choice(list(LEVELS)), remark)
        return [expert or "no choice of sentences meets it"]


async def answers(
    chat: ChatClient, record: Instruction, count: int, think: Style, seed: int
) -> list[Expert | str]:
    """`count` answers, sampled with the seeds from `seed` on. For an unusable reply, why it is unusable."""
    messages = asked_to_think(record.messages) if think == "tagged" else record.messages
    replies = await asyncio.gather(*(chat.reply(messages, seed=seed + n) for n in range(count)))
    return [taken_apart(reply, think) for reply in replies]


def taken_apart(reply: Reply, think: Style) -> Expert | str:
    """The thinking and answer of a reply, or why it has no answer."""
    if reply.truncated:
        return "cut off"
    found = split(reply.text, "none" if reply.reasoning is not None and think == "deepseek" else think)
    thinking = found.thinking or reply.reasoning or ""
    answer = (found.answer or "").strip()
    return Expert(thinking=thinking.strip(), answer=answer) if answer else "empty"


STAGES.add(Respond.name, Respond)
