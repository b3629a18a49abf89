"""A stage of the pipeline: it reads items, decides on each of them, and writes the kept records to its file.

Decisions go to a journal, one line for each item, so that a killed stage resumes where it was. The results
are put in the order of the input: they don't depend on interruptions, nor on the order in which a stage that
works on many items at once finishes them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self, TypeVar

from pydantic import Field

from raif import records
from raif.client.background import Background
from raif.client.chat import Slots
from raif.client.paid import Account, Budget, Ledger, PaidClient
from raif.config.judge import JudgeConfig
from raif.config.models import ModelConfig, SamplingConfig
from raif.config.staged import StagedConfig
from raif.data.card import StageFunnel
from raif.data.staged.replies import Exchange, NotingClient, in_order, noted
from raif.errors import ConfigError, FailedRequest
from raif.files import jsonl
from raif.judge.judge import Judge
from raif.prompts import load_languages
from raif.registry import Registry
from raif.types import Frozen, Instruction

T = TypeVar("T")
LEDGER = "replies.sqlite"
SHOWN = 200
"""Characters of a dropped prompt to show."""
BROKEN = "broken line"
"""Why a line of a source is dropped that can't be read."""


class Decision(Frozen):
    """Whether an item is kept as a record or dropped for a reason."""

    number: int
    """The item's position in the stage's input, from 0."""
    record: Instruction | None = None
    dropped: str | None = None
    """The reason, in words that many drops share: the funnel counts them."""
    detail: dict[str, Any] = Field(default_factory=dict)
    """What else helps someone who looks at the drop."""
    failed: bool = False
    """Dropped because a request failed for good: it is set aside, and can be asked again."""
    asked: tuple[Exchange, ...] = ()
    """The requests that were made for the item, with their raw replies."""

    @property
    def unanswered(self) -> bool:
        """Dropped, and asking again may help: a request failed for good, or its reply was empty."""
        return self.failed or (self.dropped is not None and any(each.empty for each in self.asked))


class Numbered(NamedTuple):
    """One item that a stage reads, with its position."""

    number: int
    item: Any

    def kept(self, record: Instruction) -> Decision:
        return Decision(number=self.number, record=record)

    def dropped(self, reason: str, **detail: Any) -> Decision:
        return Decision(number=self.number, dropped=reason, detail=detail)

    def failed(self, error: FailedRequest) -> Decision:
        """Set aside: another start may have more luck."""
        record = getattr(self.item, "record", self.item)
        named = {"id": record.id, "prompt": record.prompt[:SHOWN]} if isinstance(record, Instruction) else {}
        detail = {**named, "error": error.message}
        reason = f"request failed: {error.reason}"
        return Decision(number=self.number, dropped=reason, detail=detail, failed=True)


class Stage(ABC):
    """One step from file to file. `folder` is the run's, `source` the file of records to read."""

    name: ClassVar[str]

    def __init__(self, config: StagedConfig, folder: Path, source: Path | None) -> None:
        self.config, self.folder, self.source = config, folder, source
        self.budget = Budget()
        """What the whole run can spend, and has spent. Without limits unless the run sets another."""
        self.said: Callable[[str], None] = lambda line: None
        """Told what a user should know while the stage runs."""

    @property
    def output(self) -> Path:
        """The file that the next stage reads."""
        return self.folder / f"{self.name}.jsonl"

    def inputs(self) -> Iterator[Any]:
        """The items, the same ones each time: by default the records of the stage before.

        What can't be read is given as its RecordError, and is not passed to `process`.
        """
        if self.source is None:
            raise ConfigError(
                f"{self.name}: no records to read", "Set input=FILE, or put the stage select first."
            )
        return records.tried(self.source)

    @abstractmethod
    def process(self, todo: Iterator[Numbered], done: Sequence[Decision]) -> Iterator[Decision]:
        """A decision on each of `todo`, in any order. `done` are the decisions from before an interruption.

        Each decision is on disk before the next one is asked for.
        """

    def settle(self, decisions: Sequence[Decision]) -> Sequence[Decision]:
        """Revise the decisions, in the order of the input, once all are known: to sample, for example."""
        return decisions

    def save(self, kept: Sequence[Instruction], funnel: StageFunnel) -> None:
        """Write the kept records. After an interruption this is done again, so it replaces its files."""
        jsonl.write(self.output, (record.model_dump(mode="json") for record in kept))

    @property
    def begun(self) -> bool:
        return any((self.folder / f"{self.name}.{kind}").exists() for kind in ("journal", "funnel.json"))

    def forget(self) -> None:
        """Delete what it wrote, so that it is done again. What says that it is finished goes first."""
        for kind in ("funnel.json", "journal", "dropped.jsonl", "asked.jsonl", "jsonl"):
            (self.folder / f"{self.name}.{kind}").unlink(missing_ok=True)


STAGES: Registry[type[Stage]] = Registry("stage", ConfigError)


class AskingStage(Stage):
    """A stage that asks models about many items at once, or works offline if it has none."""

    def __init__(self, config: StagedConfig, folder: Path, source: Path | None) -> None:
        super().__init__(config, folder, source)
        self.prompts = load_languages("data", config.prompts)

    @property
    @abstractmethod
    def model(self) -> ModelConfig | None:
        """The model that it asks most."""

    @abstractmethod
    def connect(self, clients: Clients) -> None:
        """Make the clients that `work` asks."""

    @abstractmethod
    async def work(self, each: Numbered) -> Decision:
        """Decide on one item. Runs in the event loop of the clients: what takes long goes to a thread."""

    def process(self, todo: Iterator[Numbered], done: Sequence[Decision]) -> Iterator[Decision]:
        async def worked(each: Numbered) -> Decision:
            with noted() as exchanges:
                decision = await self._decided(each)
            return decision.model_copy(update={"asked": in_order(exchanges)})

        width = self.model.endpoint.concurrency if self.model else 1
        with Clients(self.folder, self.budget, self.name, self.config.judge_prompts) as clients:
            self.connect(clients)
            yield from concurrently(todo, lambda each: clients.run(worked(each)), width)

    async def _decided(self, each: Numbered) -> Decision:
        try:
            return await self.work(each)
        except FailedRequest as error:
            return each.failed(error)

    def save(self, kept: Sequence[Instruction], funnel: StageFunnel) -> None:
        super().save(kept, funnel)
        funnel.notes |= self.notes(kept)
        if self.model:
            with closing(ledger(self.folder)) as paid:
                funnel.notes |= {"model": self.model.model, "spent": str(paid.spent(self.name))}
                if changed := paid.changed(self.name):
                    funnel.notes["asked as servers want"] = "; ".join(
                        f"{n} x {how}" for how, n in changed.items()
                    )

    def notes(self, kept: Sequence[Instruction]) -> dict[str, str]:
        """What else the card says about the stage."""
        return {}

    def prompt_notes(self) -> dict[str, str]:
        """Which prompts were used."""
        return {f"prompts {language}": each.digest for language, each in self.prompts.items()}


def concurrently(
    todo: Iterator[Numbered], start: Callable[[Numbered], Future[Decision]], width: int
) -> Iterator[Decision]:
    """The decisions on `todo` as they are made, on `width` items at once. `start` starts one of them.

    If one raises, or the caller has enough, the others in flight are still waited for: their replies are paid
    for and have to be kept.
    """
    in_flight: set[Future[Decision]] = set()

    def finished() -> Iterator[Decision]:
        nonlocal in_flight
        done, in_flight = wait(in_flight, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()

    try:
        for each in todo:
            in_flight.add(start(each))
            while len(in_flight) >= width:
                yield from finished()
        while in_flight:
            yield from finished()
    except (Exception, GeneratorExit):
        wait(in_flight)
        raise


def ledger(folder: Path) -> Ledger:
    """Everything that a run in `folder` has paid for."""
    return Ledger(folder / LEDGER)


class Clients:
    """The clients of the models that a stage asks: one event loop, one ledger, one limit for each server.

    Use it in a `with` block. `budget` includes what the run has spent before. `prompts`: a folder of your own
    prompts for the judge.
    """

    def __init__(self, folder: Path, budget: Budget, stage: str, prompts: Path | None) -> None:
        self._folder, self._budget, self._stage, self._prompts = folder, budget, stage, prompts
        self._background = Background()
        self._slots: dict[str | None, Slots] = {}
        self._chats: list[PaidClient] = []

    def chat(self, model: ModelConfig, sampling: SamplingConfig) -> PaidClient:
        server = model.endpoint.base_url
        slots = self._slots.setdefault(server, Slots(model.endpoint.concurrency))
        self._chats.append(NotingClient(model, sampling, self._account, slots))
        return self._chats[-1]

    def judge(self, model: ModelConfig, max_tokens: int) -> Judge:
        """A judge that is closed with the clients: don't close it."""
        sampling = SamplingConfig(max_tokens=max_tokens)
        config = JudgeConfig(
            model=model.model, endpoint=model.endpoint, sampling=sampling, prompts=self._prompts
        )
        return Judge(config, self.chat(model, sampling), self._background)

    @cached_property
    def _account(self) -> Account:
        """Opened for the first model: a run that asks none has no ledger."""
        opened = ledger(self._folder)
        self._budget.spent, self._budget.lost = opened.spent(), opened.lost()
        return Account(opened, self._budget, self._stage)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine in the clients' event loop."""
        return self._background.run(coroutine)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        """Wait for requests whose item has been decided without them: they are paid for. Unless the user has
        interrupted the run."""
        if kind is None or issubclass(kind, Exception | GeneratorExit):
            self._background.finish()

        async def close_chats() -> None:
            for chat in self._chats:
                await chat.close()

        self._background.close(close_chats())
        if self._chats:
            self._account.ledger.close()
