"""Seeds: read from their sources, cleaned, in the wanted languages, each once, tagged, and sampled."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from raif.config.models import ModelConfig, SamplingConfig
from raif.config.staged import SeedSourceConfig, StagedConfig
from raif.data.staged import sources
from raif.data.staged.asking import AskingStage
from raif.data.staged.clean import clean, language_of
from raif.data.staged.clients import Clients
from raif.data.staged.duplicates import Seen
from raif.data.staged.sample import left_out
from raif.data.staged.stage import STAGES, Numbered, Outcome
from raif.data.staged.tagging import tagged
from raif.data.staged.tags import OTHER, Tags, tag
from raif.errors import ConfigError
from raif.prompts import choose
from raif.types import Instruction, Message

_SHOWN = 200
"""Characters of a dropped prompt that are shown."""


class _Read(NamedTuple):
    source: SeedSourceConfig
    position: int
    row: sources.Row


class Select(AskingStage):
    """Rows of any layout -> records that have a prompt, its language and tags, and no checks yet."""

    name = "select"

    def __init__(self, config: StagedConfig, folder: Path, source: Path | None) -> None:
        super().__init__(config, folder, source)
        self._own = config.select
        if not self._own.sources:
            raise ConfigError(
                "select.sources: none", "Set select.sources=[{path: FILE}] or [{dataset: NAME}]."
            )

    @property
    def model(self) -> ModelConfig | None:
        return self.config.tagger

    def connect(self, clients: Clients) -> None:
        sampling = SamplingConfig(max_tokens=self._own.max_tokens)
        self._chat = clients.chat(self.model, sampling) if self.model else None

    def inputs(self) -> Iterator[_Read]:
        for source in self._own.sources:
            for position, row in enumerate(sources.rows(source)):
                yield _Read(source, position, row)

    def process(self, todo: Iterator[Numbered], done: Sequence[Outcome]) -> Iterator[Outcome]:
        return super().process(self._unique(todo, done), done)

    def _unique(self, todo: Iterator[Numbered], done: Sequence[Outcome]) -> Iterator[Numbered]:
        """In place of each row what became of it so far, in order: of duplicates the first is kept."""
        seen, before = Seen(self._own.near_duplicate), deque(done)
        for each in todo:
            while before and before[0].number < each.number:
                if record := before.popleft().record:
                    seen.add(record.id, record.prompt)
            yield each._replace(item=self._once(each, self._cleaned(each), seen))

    async def work(self, each: Numbered) -> Outcome:
        """Tags what is left: nothing is paid for a row that is dropped."""
        outcome: Outcome = each.item
        if outcome.record is None:
            return outcome
        record, tags = outcome.record, tag(outcome.record.prompt)
        if self._chat:
            tags = await tagged(self._chat, choose(self.prompts, record.language), record.prompt)
        return each.kept(record.model_copy(update={"provenance": record.provenance | tags._asdict()}))

    def _once(self, each: Numbered, outcome: Outcome, seen: Seen) -> Outcome:
        """The outcome, unless its record duplicates one that came before."""
        if outcome.record is None:
            return outcome
        if found := seen.find(outcome.record.prompt):
            reason = "exact duplicate" if found.similarity == 1 else "near-duplicate"
            return each.dropped(reason, **_shown(outcome.record), **found._asdict())
        seen.add(outcome.record.id, outcome.record.prompt)
        return outcome

    def _cleaned(self, each: Numbered) -> Outcome:
        """The row as a record, unless there is something wrong with it alone."""
        source, position, row = each.item
        request = sources.request(row, source.layout)
        if request is None:
            return each.dropped("no request of a user first", source=sources.name_of(source), row=position)
        text = clean(request.text)
        where = {"source": sources.name_of(source), "row": position, "prompt": text[:_SHOWN]}
        if reason := request.flag or self._wrong_length(text):
            return each.dropped(reason, **where)
        language = language_of(text, request.language)
        if language not in self._own.languages:
            return each.dropped("another language", language=language, **where)
        return each.kept(_record(text, language or "", where["source"]))

    def _wrong_length(self, text: str) -> str | None:
        if len(text) < self._own.min_characters:
            return "too short"
        return "too long" if len(text) > self._own.max_characters else None

    def settle(self, outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
        """Keep a random sample of the wanted topics in which no tag has more than its cap."""
        over = left_out(outcomes, self._own, random.Random(f"select {self.config.seed}"))
        return [_without(outcome, over.get(outcome.number)) for outcome in outcomes]

    def notes(self, kept: Sequence[Instruction]) -> dict[str, str]:
        if self.model is None:
            return {"tags": "by rules"}
        unknown = sum(record.provenance["topic"] == OTHER for record in kept)
        return {"kept without a known topic": str(unknown)} | self.prompt_notes()


def _record(text: str, language: str, source: str) -> Instruction:
    id = f"{language}-{sha256(text.encode()).hexdigest()[:12]}"
    return Instruction(
        id=id,
        messages=(Message(role="user", content=text),),
        language=language,
        provenance={"seed": id, "source": source},
    )


def _without(outcome: Outcome, reason: str | None) -> Outcome:
    if reason is None or outcome.record is None:
        return outcome
    tags = {name: outcome.record.provenance[name] for name in Tags._fields}
    return Outcome(number=outcome.number, dropped=reason, detail=_shown(outcome.record) | tags)


def _shown(record: Instruction) -> dict[str, str]:
    return {"id": record.id, "prompt": record.prompt[:_SHOWN]}


STAGES.add(Select.name, Select)
