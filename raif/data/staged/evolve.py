"""The stage `evolve`: requests become instructions with checks, first drawn, then put into fluent words.

What drops cheaply comes first: words, constraints, sub-instructions, the fused text, and last the question
whether an answer is possible at all.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from raif.config.builtin import CompositionName
from raif.config.models import ModelConfig, SamplingConfig
from raif.config.staged import EvolveConfig, StagedConfig
from raif.data.builtin import compose
from raif.data.builtin.respond import ON_REQUEST, kinds_for
from raif.data.builtin.seeds import Seed
from raif.data.card import without_values
from raif.data.staged.drawing import Layout, about, draw, layout, material
from raif.data.staged.fusion import rules
from raif.data.staged.replies import Speaker
from raif.data.staged.stage import STAGES, AskingStage, Clients, Decision, Numbered
from raif.data.staged.writer import Fusion, Requirement, Try, Writer
from raif.errors import ConfigError, RecordError, did_you_mean
from raif.prompts import Prompts
from raif.types import Constraint, Instruction, Message, Question
from raif.verdicts.questions import asked

WORDY = {
    "keywords:existence",
    "keywords:frequency",
    "keywords:forbidden_words",
    "length_constraints:nth_paragraph_first_word",
}
"""Kinds with kwargs that are words of the request's topic."""
MATERIALS = 3
"""How often another seed's sentences are borrowed for a witness: some don't suit the kinds."""


class Variant(NamedTuple):
    """One of several instructions to make of a request."""

    record: Instruction
    number: int


class Asking(NamedTuple):
    """Who is asked: the teacher writes, the judge decides; in the words of `prompts`."""

    teacher: Speaker
    judge: Speaker
    prompts: Prompts


class Evolve(AskingStage):
    """Records with a prompt and no checks -> instructions with constraints, questions and a composition."""

    name = "evolve"

    def __init__(self, config: StagedConfig, folder: Path, source: Path | None) -> None:
        super().__init__(config, folder, source)
        self._own = config.evolve
        known = {id for language in ("en", "zh") for id in [*kinds_for(language), *ON_REQUEST]}
        for id in self._own.kinds:
            if id not in known:
                raise ConfigError(f"evolve.kinds: no witness for {id!r}", did_you_mean(id, known))

    @property
    def model(self) -> ModelConfig | None:
        return self.config.teacher

    def connect(self, clients: Clients) -> None:
        self._speakers: tuple[Speaker, Speaker] | None = None
        if self.config.teacher:
            judge = self.config.judge or self.config.teacher
            sampling = SamplingConfig(max_tokens=self.config.check.max_tokens)
            self._speakers = (
                Speaker(clients.chat(self.config.teacher, self._own.sampling), self.config.teacher.think),
                Speaker(clients.chat(judge, sampling), judge.think),
            )
        self._drawing = asyncio.Lock()

    def inputs(self) -> Iterator[Variant | RecordError]:
        for record in super().inputs():
            if isinstance(record, RecordError):
                yield record
            else:
                yield from (Variant(record, number) for number in range(self._own.per_seed))

    async def work(self, each: Numbered) -> Decision:
        record, number = each.item
        if record.language not in self.prompts:
            return each.dropped("no prompts in its language", id=record.id, language=record.language)
        rng = random.Random(f"evolve {self.config.seed} {record.id} {number}")
        asking = Asking(*self._speakers, self.prompts[record.language]) if self._speakers else None
        kinds = kinds_for(record.language, self._own.kinds)
        weights = {name: weight for name, weight in self._own.compositions.items() if weight}
        (composition,) = rng.choices(list(weights), list(weights.values()))
        count = compose.fitted(composition, rng.randint(self._own.min_checks, self._own.max_checks))
        return await Evolution(each, kinds, asking, self._own, rng, self._drawing).decision(
            composition, count
        )

    def notes(self, kept: Sequence[Instruction]) -> dict[str, str]:
        refused: Counter[str] = Counter()
        faults: Counter[str] = Counter()
        for record in kept:
            refused.update(record.provenance["evolve"]["refused"])
            faults.update(without_values(each["fault"]) for each in record.provenance["evolve"]["tries"])
        del faults[""]
        draws = _listed(refused)
        if self.model is None:
            return {"rejected draws": draws}
        fused = sum(record.provenance["evolve"]["fused"] for record in kept)
        return {
            "rejected draws": draws,
            "worded": f"{fused} by the teacher, {len(kept) - fused} by templates",
            "rejected fusions": _listed(faults),
        } | self.prompt_notes()


def _listed(counts: Counter[str]) -> str:
    return "; ".join(f"{count} {reason}" for reason, count in counts.most_common(8)) or "none"


class Evolution:
    """One request on its way to an instruction. `rng` decides everything that the models don't.

    `drawing`: held while constraints are drawn.
    """

    def __init__(
        self,
        each: Numbered,
        kinds: list[str],
        asking: Asking | None,
        config: EvolveConfig,
        rng: random.Random,
        drawing: asyncio.Lock,
    ) -> None:
        self._each, self._kinds, self._asking, self._own = each, kinds, asking, config
        self._rng, self._drawing = rng, drawing
        self._record: Instruction = each.item.record
        self._writer = Writer(*asking, self._record.language) if asking else None
        self._seed = rng.getrandbits(31)
        """Of the requests to the teacher."""

    async def decision(self, composition: CompositionName, count: int) -> Decision:
        refused, drawn = Counter[str](), None
        judged = self._own.judged if self._writer else 0.0
        for _ in range(MATERIALS):
            seed = material(self._record, self._rng)
            plan = layout(composition, seed, self._kinds, count, judged, self._rng)
            seed, kinds = await self._words(seed, plan)
            if len(kinds) >= plan.coded:
                # In a thread, so that replies to other requests are handled meanwhile. One draw at a time:
                # more threads would compete with the event loop for the interpreter, and draw no faster.
                async with self._drawing:
                    drawn = await asyncio.to_thread(draw, seed, kinds, plan, self._rng, refused)
            if drawn:
                break
        if drawn is None:
            return self._dropped("found no constraints that can be met together", refused=dict(refused))
        requirements = await self._requirements(plan)
        if requirements is None:
            return self._dropped("no sub-instructions in the teacher's reply")
        text, fusion = await self._text(seed, plan, drawn.constraints, requirements)
        judgment = await self._possible(text)
        if judgment and judgment["possible"] is not True:
            known = judgment["possible"] is False
            reason = "impossible, says the judge" if known else "possibility could not be judged"
            return self._dropped(reason, text=text, **judgment)
        condition = plan.plan.condition
        provenance = {
            **self._record.provenance,
            "request": self._record.prompt,
            "composition": composition,
            "remark": condition.thought if condition else "",
            **({"condition": {"form": condition.form, "holds": condition.holds}} if condition else {}),
            "witness": drawn.witness,
            "evolve": {
                "fused": bool(fusion and fusion.text),
                "tries": [_shown(each) for each in fusion.tries] if fusion else [],
                "refused": dict(refused),
                **judgment,
            },
        }
        instruction = Instruction(
            id=f"{self._record.id}-{self._each.item.number}",
            task="complex" if requirements else "ifeval",
            messages=(*self._record.messages[:-1], Message(role="user", content=text)),
            language=self._record.language,
            constraints=drawn.constraints,
            questions=tuple(Question(text=requirement.question) for requirement in requirements),
            composition=plan.plan.composition,
            reference=self._record.reference,
            provenance=provenance,
        )
        return self._each.kept(instruction)

    def _dropped(self, reason: str, **detail: Any) -> Decision:
        return self._each.dropped(reason, id=self._record.id, prompt=self._record.prompt, **detail)

    async def _words(self, seed: Seed, plan: Layout) -> tuple[Seed, list[str]]:
        """The seed to draw for, and the kinds: wordy kinds only if there are words of the topic."""
        if self._writer is None:
            return seed, self._kinds
        found: tuple[str, ...] = ()
        if WORDY & set(self._rng.sample(self._kinds, min(plan.coded, len(self._kinds)))):
            found = await self._writer.keywords(self._record.prompt, self._own.keywords, self._seed)
        if found:
            return about(seed, found), self._kinds
        return seed, [id for id in self._kinds if id not in WORDY]

    async def _requirements(self, plan: Layout) -> tuple[Requirement, ...] | None:
        """The judged checks in the order of their positions; None if the teacher wrote too few."""
        if self._writer is None or not plan.judged:
            return ()
        request, found = self._record.prompt, dict[int, Requirement]()
        judged = range(plan.coded, plan.coded + plan.judged)
        single, chained = ([n for n in judged if (n in plan.steps) is chain] for chain in (False, True))
        for places, steps in ((single, False), (chained, True)):
            if places:
                made = await self._writer.requirements(request, len(places), self._seed, steps=steps)
                if made is None:
                    return None
                found |= zip(places, made, strict=True)
        return tuple(found[place] for place in sorted(found))

    async def _text(
        self,
        seed: Seed,
        plan: Layout,
        constraints: Sequence[Constraint],
        requirements: Sequence[Requirement],
    ) -> tuple[str, Fusion | None]:
        """The instruction, and how the teacher worded it.

        The request itself is never rewritten: a selection's condition is about its exact text.
        """
        wordings = [compose.worded(item, seed.language, self._rng) for item in constraints]
        wordings += [requirement.text for requirement in requirements]
        fusion = None
        if self._writer:
            outline = compose.outline(wordings, plan.plan, seed.language).strip()
            parts = rules(plan.plan, wordings, constraints)
            fusion = await self._writer.fused(self._record.prompt, outline, plan.plan, parts, self._seed)
            if fusion.text:
                return f"{self._record.prompt}\n\n{fusion.text}", fusion
        return compose.prompt(seed, wordings, plan.plan, self._rng), fusion

    async def _possible(self, text: str) -> dict[str, Any]:
        """Whether the judge finds that an answer is possible, and why; empty if it isn't asked."""
        if self._asking is None or not self._own.possible:
            return {}
        _, judge, prompts = self._asking
        messages = (*self._record.messages[:-1], Message(role="user", content=text))
        instruction = asked(self._record.model_copy(update={"messages": messages}))
        verdict = await judge.verdict(prompts.turn("possible", instruction=instruction), prompts)
        return {"possible": {"yes": True, "no": False}.get(verdict.word or ""), "why": verdict.reason}


def _shown(each: Try) -> dict[str, Any]:
    return {"fault": each.fault, "parts": [finding._asdict() for finding in each.findings]}


STAGES.add(Evolve.name, Evolve)
