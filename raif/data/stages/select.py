"""Seeds: read from their sources, cleaned, in the wanted languages, each once, tagged, and sampled."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from raif.config.pipeline import PipelineConfig, SeedSourceConfig, SelectConfig
from raif.data.stages import sources
from raif.data.stages.clean import clean, language_of
from raif.data.stages.duplicates import Seen
from raif.data.stages.stage import STAGES, Numbered, Outcome, Stage
from raif.data.stages.tags import names, tag
from raif.errors import ConfigError, did_you_mean
from raif.types import Instruction, Message

_SHOWN = 200
"""Characters of a dropped prompt that are shown."""


class _Read(NamedTuple):
    source: SeedSourceConfig
    position: int
    row: sources.Row


class Select(Stage):
    """Rows of any layout -> records that have a prompt, its language and tags, and no checks yet."""

    name = "select"

    def __init__(self, config: PipelineConfig, folder: Path, source: Path | None) -> None:
        super().__init__(config, folder, source)
        self._own = config.select
        if not self._own.sources:
            raise ConfigError(
                "select.sources: none", "Set select.sources=[{path: FILE}] or [{dataset: NAME}]."
            )
        for topic in self._own.topics:
            if topic not in names("topics"):
                raise ConfigError(f"select.topics: no topic {topic!r}", did_you_mean(topic, names("topics")))

    def inputs(self) -> Iterator[_Read]:
        for source in self._own.sources:
            for position, row in enumerate(sources.rows(source)):
                yield _Read(source, position, row)

    def process(self, todo: Iterator[Numbered], done: Sequence[Outcome]) -> Iterator[Outcome]:
        seen = Seen(self._own.near_duplicate)
        for outcome in done:
            if outcome.record:
                seen.add(outcome.record.id, outcome.record.prompt)
        for each in todo:
            yield self._once(each, self._cleaned(each), seen)

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
        return self._tagged(each, text, language or "", where["source"])

    def _wrong_length(self, text: str) -> str | None:
        if len(text) < self._own.min_characters:
            return "too short"
        return "too long" if len(text) > self._own.max_characters else None

    def _tagged(self, each: Numbered, text: str, language: str, source: object) -> Outcome:
        id = f"{language}-{sha256(text.encode()).hexdigest()[:12]}"
        tags = tag(text)
        if self._own.topics and tags.topic not in self._own.topics:
            return each.dropped("another topic", topic=tags.topic, prompt=text[:_SHOWN])
        return each.kept(
            Instruction(
                id=id,
                messages=(Message(role="user", content=text),),
                language=language,
                provenance={"seed": id, "source": source, **tags._asdict()},
            )
        )

    def settle(self, outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
        """Keep a random sample in which no tag has more than its cap."""
        over = _left_out(outcomes, self._own, random.Random(f"select {self.config.seed}"))
        return [_without(outcome, over.get(outcome.number)) for outcome in outcomes]


def _left_out(outcomes: Sequence[Outcome], config: SelectConfig, rng: random.Random) -> dict[int, str]:
    """The numbers of the kept ones that don't get into the sample, each with the reason."""
    left: dict[int, str] = {}
    counts: Counter[tuple[str, ...]] = Counter()
    kept = [(outcome.number, outcome.record) for outcome in outcomes if outcome.record]
    rng.shuffle(kept)
    for number, record in kept:
        tags = [(kind, record.provenance[kind], record.language) for kind in ("task", "topic")]
        full = next((each for each in tags if counts[each] == config.cap), None)
        if full:
            left[number] = f"over the cap of a {full[0]}"
        elif counts[()] == config.count:
            left[number] = "not in the sample"
        else:
            counts.update([*tags, ()])
    return left


def _without(outcome: Outcome, reason: str | None) -> Outcome:
    if reason is None or outcome.record is None:
        return outcome
    return Outcome(number=outcome.number, dropped=reason, detail=_shown(outcome.record))


def _shown(record: Instruction) -> dict[str, str]:
    return {"id": record.id, "prompt": record.prompt[:_SHOWN]}


STAGES.add(Select.name, Select)
