"""The stage `select`: seeds are read from their sources, cleaned, deduplicated, tagged and sampled."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from raif.config.models import ModelConfig, SamplingConfig
from raif.config.staged import SelectConfig, StagedConfig
from raif.data.staged import sources, tags
from raif.data.staged.language import language_of, length_of
from raif.data.staged.replies import Speaker
from raif.data.staged.similarity import Seen
from raif.data.staged.stage import BROKEN, SHOWN, STAGES, AskingStage, Clients, Decision, Numbered
from raif.errors import ConfigError, RecordError
from raif.prompts import choose
from raif.types import Instruction, Message

_INVISIBLE = re.compile("[\u200b\u2060\ufeff\ufffe\uffff\ufffc]")


class Select(AskingStage):
    """Rows of any layout -> records with a prompt, its language and tags, and no checks yet."""

    name = "select"

    def __init__(self, config: StagedConfig, folder: Path, source: Path | None) -> None:
        super().__init__(config, folder, source)
        self._own = config.select
        if not self._own.sources:
            raise ConfigError(
                "select.sources is empty", "Set select.sources=[{path: FILE}] or [{dataset: NAME}]."
            )
        for each in self._own.sources:
            sources.check_layout(each)
        self._layouts: Counter[tuple[str, str]] = Counter()
        """How many rows of each source are in each layout."""

    @property
    def model(self) -> ModelConfig | None:
        return self.config.tagger

    def connect(self, clients: Clients) -> None:
        sampling = SamplingConfig(max_tokens=self._own.max_tokens)
        self._tagger = Speaker(clients.chat(self.model, sampling), self.model.think) if self.model else None

    def inputs(self) -> Iterator[sources.Read]:
        self._layouts.clear()
        for source in self._own.sources:
            name = sources.name_of(source)
            for read in sources.requests(source):
                if not self._layouts[name, read.layout]:
                    self.said(f"select: {read.where}: {_first(read)}")
                self._layouts[name, read.layout] += 1
                yield read

    def process(self, todo: Iterator[Numbered], done: Sequence[Decision]) -> Iterator[Decision]:
        return super().process(self._unique(todo, done), done)

    def _unique(self, todo: Iterator[Numbered], done: Sequence[Decision]) -> Iterator[Numbered]:
        """The decisions before tagging, in order, as the items of `work`. The first of duplicates is kept."""
        seen, before = Seen(self._own.near_duplicate), deque(done)
        for each in todo:
            while before and before[0].number < each.number:
                if record := before.popleft().record:
                    seen.add(record.id, record.prompt)
            decision = self._cleaned(each)
            if record := decision.record:
                if found := seen.find(record.prompt):
                    reason = "exact duplicate" if found.similarity == 1 else "near-duplicate"
                    decision = each.dropped(reason, **_shown(record), **found._asdict())
                else:
                    seen.add(record.id, record.prompt)
            yield each._replace(item=decision)

    def _cleaned(self, each: Numbered) -> Decision:
        """The row as a record, unless something is wrong with the row itself."""
        read: sources.Read = each.item
        where, request = {"source": read.origin, "where": read.where}, read.found
        if isinstance(request, RecordError):
            return each.dropped(BROKEN, **where, error=request.message)
        if request is None:
            return each.dropped("doesn't start with a user's request", **where)
        text, system = clean(request.text), clean(request.system or "")
        where |= {"prompt": text[:SHOWN]}
        if request.flag:
            return each.dropped(request.flag, **where)
        if length_of(text) < self._own.min_characters:
            return each.dropped("too short", **where)
        if len(text) > self._own.max_characters:
            return each.dropped("too long", **where)
        language = language_of(text, request.language)
        if language is None or language not in self._own.languages:
            return each.dropped("language not selected", language=language, **where)
        id = f"{language}-{sha256(text.encode()).hexdigest()[:12]}"
        turns = [Message(role="system", content=system)] if system else []
        return each.kept(
            Instruction(
                id=id,
                messages=(*turns, Message(role="user", content=text)),
                language=language,
                reference=request.reference,
                provenance={"seed": id, "source": read.origin},
            )
        )

    async def work(self, each: Numbered) -> Decision:
        """Tags what is left: dropped rows cost nothing."""
        decision: Decision = each.item
        if decision.record is None:
            return decision
        record = decision.record
        if self._tagger:
            found = await tags.by_model(self._tagger, choose(self.prompts, record.language), record.prompt)
        else:
            found = tags.by_rules(record.prompt)
        return each.kept(record.model_copy(update={"provenance": record.provenance | found._asdict()}))

    def settle(self, decisions: Sequence[Decision]) -> Sequence[Decision]:
        """Keep a random sample of the wanted topics in which no tag exceeds its cap."""
        over = left_out(decisions, self._own, self.config.seed)
        settled = []
        for decision in decisions:
            if decision.record and (reason := over.get(decision.number)):
                found = {name: decision.record.provenance[name] for name in tags.Tags._fields}
                detail = _shown(decision.record) | found
                decision = Decision(number=decision.number, dropped=reason, detail=detail)
            settled.append(decision)
        return settled

    def notes(self, kept: Sequence[Instruction]) -> dict[str, str]:
        read: dict[str, str] = {}
        for (name, layout), count in self._layouts.items():
            read[name] = ", ".join(filter(None, (read.get(name), f"{layout} ({count})")))
        if self.model is None:
            return read | {"tags": "by rules"}
        unknown = sum(record.provenance["topic"] == tags.OTHER for record in kept)
        return read | {"kept with an unknown topic": str(unknown)} | self.prompt_notes()


def _first(read: sources.Read) -> str:
    """What to say of the first row of its layout in a source."""
    if isinstance(read.found, RecordError):
        return f"broken, so it is dropped, like all such lines: {read.found.message}"
    if read.found is None:
        return f"no request, by its layout: {read.layout}"
    return f"read by its layout: {read.layout}"


def _shown(record: Instruction) -> dict[str, str]:
    return {"id": record.id, "prompt": record.prompt[:SHOWN]}


def clean(text: str) -> str:
    """`text` without control and invisible characters, spaces at line ends and runs of blank lines."""
    text = re.sub(r"\r\n?|[\u2028\u2029]", "\n", text)
    text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    text = re.sub(r"[ \t\u00a0\u3000]+$", "", _INVISIBLE.sub("", text), flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def left_out(decisions: Sequence[Decision], config: SelectConfig, seed: int) -> dict[int, str]:
    """The numbers of the kept seeds that are not in the sample, each with the reason.

    Each seed has a place in a random order that doesn't depend on the others: a larger sample, or one of a
    longer source, has most seeds in common with the one before, and so most paid replies.
    """
    left: dict[int, str] = {}
    size, counts = 0, Counter[tuple[str, ...]]()
    kept = [(decision.number, decision.record) for decision in decisions if decision.record]
    kept.sort(key=lambda each: sha256(f"select {seed} {each[1].id}".encode()).digest())
    for number, record in kept:
        topic = record.provenance["topic"]
        full = (
            kind
            for kind in tags.Tags._fields
            if counts[kind, record.provenance[kind], record.language] == config.cap
        )
        if config.topics and topic not in config.topics:
            left[number] = "unknown topic" if topic == tags.OTHER else "topic not selected"
        elif kind := next(full, None):
            left[number] = f"more of its {kind} than the cap"
        elif size == config.count:
            left[number] = "not sampled"
        else:
            size += 1
            counts.update((kind, record.provenance[kind], record.language) for kind in tags.Tags._fields)
    return left


STAGES.add(Select.name, Select)
