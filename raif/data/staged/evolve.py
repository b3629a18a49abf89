"""The stage `evolve`: requests become instructions with checks, first drawn, then put into fluent words."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from raif.config.models import ModelConfig
from raif.config.staged import StagedConfig
from raif.data.builtin import compose
from raif.data.builtin.respond import kinds_for
from raif.data.builtin.seeds import Seed
from raif.data.staged.drawing import Drawn, Spec, about, draw, material
from raif.data.staged.stage import STAGES, AskingStage, Clients, Decision, Numbered
from raif.data.staged.writer import Requirement, Writer
from raif.errors import ConfigError, did_you_mean
from raif.types import Instruction, Message, Question

WORDY = {
    "keywords:existence",
    "keywords:frequency",
    "keywords:forbidden_words",
    "length_constraints:nth_paragraph_first_word",
}
"""Kinds with kwargs that are words of the request's topic."""


class Variant(NamedTuple):
    """One of several instructions to make of a request."""

    record: Instruction
    number: int


class Evolve(AskingStage):
    """Records with a prompt and no checks -> instructions with constraints, questions and a composition."""

    name = "evolve"

    def __init__(self, config: StagedConfig, folder: Path, source: Path | None) -> None:
        super().__init__(config, folder, source)
        self._own = config.evolve
        known = {id for language in ("en", "zh") for id in kinds_for(language)}
        for id in self._own.kinds:
            if id not in known:
                raise ConfigError(f"evolve.kinds: no witness for {id!r}", did_you_mean(id, known))

    @property
    def model(self) -> ModelConfig | None:
        return self.config.teacher

    def connect(self, clients: Clients) -> None:
        self._chat = clients.chat(self.model, self._own.sampling) if self.model else None
        self._drawing = asyncio.Lock()

    def inputs(self) -> Iterator[Variant]:
        for record in super().inputs():
            for number in range(self._own.per_seed):
                yield Variant(record, number)

    async def work(self, each: Numbered) -> Decision:
        record, number = each.item
        if record.language not in self.prompts:
            return each.dropped("no prompts in its language", id=record.id, language=record.language)
        rng = random.Random(f"evolve {self.config.seed} {record.id} {number}")
        writer = Writer(self._chat, self.prompts[record.language], record.language) if self._chat else None
        kinds = [id for id in kinds_for(record.language) if not self._own.kinds or id in self._own.kinds]
        weights = {name: weight for name, weight in self._own.compositions.items() if weight}
        (composition,) = rng.choices(list(weights), list(weights.values()))
        count = compose.fitted(composition, rng.randint(self._own.min_checks, self._own.max_checks))
        judged = sum(rng.random() < self._own.judged for _ in range(count)) if self._chat else 0
        spec = Spec(composition, count - judged, judged)
        return await Evolution(each, kinds, writer, self._own.keywords, rng, self._drawing).decision(spec)

    def notes(self, kept: Sequence[Instruction]) -> dict[str, str]:
        refused: Counter[str] = Counter()
        for record in kept:
            refused.update(record.provenance["evolve"]["refused"])
        draws = "; ".join(f"{count} {reason}" for reason, count in refused.most_common(8)) or "none"
        if self.model is None:
            return {"rejected draws": draws}
        fused = sum(record.provenance["evolve"]["fused"] for record in kept)
        words = f"{fused} by the teacher, {len(kept) - fused} by templates, after incomplete replies"
        return {"rejected draws": draws, "worded": words} | self.prompt_notes()


class Evolution:
    """One request on its way to an instruction. `rng` decides everything that the teacher doesn't.

    `keywords`: how many words of the topic to ask for. `drawing`: held while constraints are drawn.
    """

    def __init__(
        self,
        each: Numbered,
        kinds: list[str],
        writer: Writer | None,
        keywords: int,
        rng: random.Random,
        drawing: asyncio.Lock,
    ) -> None:
        self._each, self._kinds, self._writer, self._keywords = each, kinds, writer, keywords
        self._rng, self._drawing = rng, drawing
        self._record: Instruction = each.item.record
        self._seed = rng.getrandbits(31)
        """Of the requests to the teacher."""

    async def decision(self, spec: Spec) -> Decision:
        record, refused = self._record, Counter[str]()
        seed, kinds = await self._words(spec)
        drawn = None
        if len(kinds) >= spec.coded:
            # In a thread, so that replies to other requests are handled meanwhile. One draw at a time: more
            # threads would compete with the event loop for the interpreter, and draw no faster.
            async with self._drawing:
                drawn = await asyncio.to_thread(draw, seed, kinds, spec, self._rng, refused)
        if drawn is None:
            reason = "found no constraints that can be met together"
            return self._each.dropped(reason, id=record.id, prompt=record.prompt, refused=dict(refused))
        requirements: tuple[Requirement, ...] | None = ()
        if self._writer and spec.judged:
            requirements = await self._writer.requirements(record.prompt, spec.judged, self._seed)
        if requirements is None:
            reason = "no sub-instructions in the teacher's reply"
            return self._each.dropped(reason, id=record.id, prompt=record.prompt)
        text, fused = await self._text(seed, drawn, requirements)
        provenance = {
            **record.provenance,
            "request": record.prompt,
            "composition": spec.composition,
            "remark": drawn.plan.condition.thought if drawn.plan.condition else "",
            "witness": drawn.witness,
            "evolve": {"fused": fused, "refused": dict(refused)},
        }
        instruction = Instruction(
            id=f"{record.id}-{self._each.item.number}",
            task="complex" if requirements else "ifeval",
            messages=(*record.messages[:-1], Message(role="user", content=text)),
            language=record.language,
            constraints=drawn.constraints,
            questions=tuple(Question(text=requirement.question) for requirement in requirements),
            composition=drawn.plan.composition,
            reference=record.reference,
            provenance=provenance,
        )
        return self._each.kept(instruction)

    async def _words(self, spec: Spec) -> tuple[Seed, list[str]]:
        """The seed to draw for, and the kinds: wordy kinds only if there are words of the topic."""
        seed = material(self._record, self._rng)
        if self._writer is None:
            return seed, self._kinds
        found: tuple[str, ...] = ()
        if WORDY & set(self._rng.sample(self._kinds, min(spec.coded, len(self._kinds)))):
            found = await self._writer.keywords(self._record.prompt, self._keywords, self._seed)
        if found:
            return about(seed, found), self._kinds
        return seed, [id for id in self._kinds if id not in WORDY]

    async def _text(self, seed: Seed, drawn: Drawn, requirements: Sequence[Requirement]) -> tuple[str, bool]:
        """The instruction, and whether the teacher worded it.

        The request itself is never rewritten: a selection's condition is about its exact text.
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


STAGES.add(Evolve.name, Evolve)
