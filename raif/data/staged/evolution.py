"""One request on its way to an instruction: words of its topic, a drawn tree, sub-instructions, a text."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from raif.data.builtin import compose
from raif.data.builtin.seeds import Seed
from raif.data.staged.drawing import Drawn, Shape, draw
from raif.data.staged.material import material
from raif.data.staged.stage import Numbered, Outcome
from raif.data.staged.writer import Requirement, Writer
from raif.types import Instruction, Message, Question

WORDY = {
    "keywords:existence",
    "keywords:frequency",
    "keywords:forbidden_words",
    "length_constraints:nth_paragraph_first_word",
}
"""Kinds whose kwargs are words of the request's topic."""


class Asked(NamedTuple):
    record: Instruction
    variant: int


class Evolution:
    """One request on its way to an instruction. `rng` decides all that the teacher doesn't.

    `keywords`: how many words of the topic to ask for.
    """

    def __init__(
        self, each: Numbered, kinds: list[str], writer: Writer | None, keywords: int, rng: random.Random
    ) -> None:
        self._each, self._kinds, self._writer, self._keywords, self._rng = each, kinds, writer, keywords, rng
        self._record: Instruction = each.item.record
        self._seed = rng.getrandbits(31)
        """Of the requests to the teacher."""

    async def outcome(self, shape: Shape) -> Outcome:
        refused = Counter[str]()
        seed, kinds = await self._words(shape)
        drawn = draw(seed, kinds, shape, self._rng, refused) if len(kinds) >= shape.coded else None
        if drawn is None:
            return self._dropped("no constraints that can be met together", refused=dict(refused))
        requirements = await self._requirements(shape.judged)
        if requirements is None:
            return self._dropped("no sub-instructions in the teacher's reply")
        text, fused = await self._text(seed, drawn, requirements)
        provenance = _provenance(self._record, shape, drawn) | {
            "evolve": {"fused": fused, "refused": dict(refused)}
        }
        return self._each.kept(self._instruction(text, drawn, requirements, provenance))

    async def _words(self, shape: Shape) -> tuple[Seed, list[str]]:
        """The seed to draw for, and the kinds: those on words only with words of the topic."""
        seed = material(self._record, self._rng)
        if self._writer is None:
            return seed, self._kinds
        found: tuple[str, ...] = ()
        if WORDY & set(self._rng.sample(self._kinds, min(shape.coded, len(self._kinds)))):
            found = await self._writer.keywords(self._record.prompt, self._keywords, self._seed)
        if found:
            return seed.model_copy(update={"keywords": found}), self._kinds
        return seed, [id for id in self._kinds if id not in WORDY]

    async def _requirements(self, count: int) -> tuple[Requirement, ...] | None:
        if self._writer is None or not count:
            return ()
        return await self._writer.requirements(self._record.prompt, count, self._seed)

    async def _text(self, seed: Seed, drawn: Drawn, requirements: Sequence[Requirement]) -> tuple[str, bool]:
        """The instruction, and whether the teacher put it into words.

        The request stays as it is: whether a selection's condition holds is said of its very text.
        """
        wordings = [compose.worded(item, seed.language, self._rng) for item in drawn.constraints]
        wordings += [requirement.text for requirement in requirements]
        if self._writer:
            outline = compose.outline(wordings, drawn.plan, seed.language).strip()
            conditional = drawn.plan.condition is not None
            fused = await self._writer.fused(self._record.prompt, outline, conditional, self._seed)
            if fused:
                return f"{self._record.prompt}\n\n{fused}", True
        return compose.prompt(seed, wordings, drawn.plan, self._rng), False

    def _instruction(
        self, text: str, drawn: Drawn, requirements: Sequence[Requirement], provenance: dict[str, object]
    ) -> Instruction:
        return Instruction(
            id=f"{self._record.id}-{self._each.item.variant}",
            task="complex" if requirements else "ifeval",
            messages=(*self._record.messages[:-1], Message(role="user", content=text)),
            language=self._record.language,
            constraints=drawn.constraints,
            questions=tuple(Question(text=requirement.question) for requirement in requirements),
            composition=drawn.plan.composition,
            provenance=provenance,
        )

    def _dropped(self, reason: str, **detail: object) -> Outcome:
        return self._each.dropped(reason, id=self._record.id, prompt=self._record.prompt, **detail)


def _provenance(record: Instruction, shape: Shape, drawn: Drawn) -> dict[str, object]:
    return {
        **record.provenance,
        "request": record.prompt,
        "composition": shape.composition,
        "remark": drawn.plan.condition.thought if drawn.plan.condition else "",
        "witness": drawn.witness,
    }
