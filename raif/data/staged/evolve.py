"""Requests become instructions with checks: the tree is drawn first, then put into fluent words."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from raif.config.models import ModelConfig
from raif.config.staged import StagedConfig
from raif.data.builtin import compose
from raif.data.builtin.respond import kinds_for
from raif.data.staged.asking import AskingStage
from raif.data.staged.clients import Clients
from raif.data.staged.drawing import Shape
from raif.data.staged.evolution import Asked, Evolution
from raif.data.staged.stage import STAGES, Numbered, Outcome
from raif.data.staged.writer import Writer
from raif.errors import ConfigError, did_you_mean
from raif.types import Instruction


class Evolve(AskingStage):
    """Records that have a prompt and no checks -> instructions with constraints, questions, composition."""

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

    def inputs(self) -> Iterator[Asked]:
        for record in super().inputs():
            for variant in range(self._own.per_seed):
                yield Asked(record, variant)

    async def work(self, each: Numbered) -> Outcome:
        record, variant = each.item
        if record.language not in self.prompts:
            return each.dropped("no prompts for its language", id=record.id, language=record.language)
        rng = random.Random(f"evolve {self.config.seed} {record.id} {variant}")
        writer = Writer(self._chat, self.prompts[record.language], record.language) if self._chat else None
        kinds = [id for id in kinds_for(record.language) if not self._own.kinds or id in self._own.kinds]
        shape = self._shape(rng)
        return await Evolution(each, kinds, writer, self._own.keywords, rng).outcome(shape)

    def _shape(self, rng: random.Random) -> Shape:
        weights = {name: weight for name, weight in self._own.compositions.items() if weight}
        (name,) = rng.choices(list(weights), list(weights.values()))
        count = compose.fitted(name, rng.randint(self._own.min_checks, self._own.max_checks))
        judged = sum(rng.random() < self._own.judged for _ in range(count)) if self._chat else 0
        return Shape(name, count - judged, judged)

    def notes(self, kept: Sequence[Instruction]) -> dict[str, str]:
        refused: Counter[str] = Counter()
        for record in kept:
            refused.update(record.provenance["evolve"]["refused"])
        shown = "; ".join(f"{count} {reason}" for reason, count in refused.most_common(8))
        if self.model is None:
            return {"draws refused": shown or "none"}
        fused = sum(record.provenance["evolve"]["fused"] for record in kept)
        words = f"{fused} by the teacher, {len(kept) - fused} by templates, where it left something out"
        return {"draws refused": shown or "none", "put into words": words} | self.prompt_notes()


STAGES.add(Evolve.name, Evolve)
