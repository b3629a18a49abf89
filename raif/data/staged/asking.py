"""A stage that asks models about many records at once; offline where it is given none."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from raif.config.models import ModelConfig
from raif.config.staged import StagedConfig
from raif.data.card import StageFunnel
from raif.data.staged.clients import Clients, ledger
from raif.data.staged.concurrent import concurrently
from raif.data.staged.stage import Numbered, Outcome, Stage
from raif.errors import RefusedRequest
from raif.prompts import load_languages
from raif.types import Instruction


class AskingStage(Stage):
    """`model` is the one that it asks most."""

    def __init__(self, config: StagedConfig, folder: Path, source: Path | None) -> None:
        super().__init__(config, folder, source)
        self.prompts = load_languages("data", config.prompts)

    @property
    @abstractmethod
    def model(self) -> ModelConfig | None: ...

    @abstractmethod
    def connect(self, clients: Clients) -> None:
        """Make the clients that `work` asks."""

    @abstractmethod
    async def work(self, each: Numbered) -> Outcome:
        """What becomes of one thing read."""

    def process(self, todo: Iterator[Numbered], done: Sequence[Outcome]) -> Iterator[Outcome]:
        width = self.model.endpoint.concurrency if self.model else 1
        with Clients(self.folder, self.budget, self.name, self.config.prompts) as clients:
            self.connect(clients)
            yield from concurrently(todo, self._worked, clients.run, width)

    async def _worked(self, each: Numbered) -> Outcome:
        try:
            return await self.work(each)
        except RefusedRequest as error:
            return each.dropped("refused by the server", error=error.message)

    def save(self, kept: Sequence[Instruction], funnel: StageFunnel) -> None:
        super().save(kept, funnel)
        funnel.notes |= self.notes(kept)
        if self.model:
            with closing(ledger(self.folder)) as paid:
                funnel.notes |= {"model": self.model.model, "spent": str(paid.spent(self.name))}

    def notes(self, kept: Sequence[Instruction]) -> dict[str, str]:
        """What the card says of the stage besides."""
        return {}

    def prompt_notes(self) -> dict[str, str]:
        """Which prompts were used."""
        return {f"prompts {language}": each.digest for language, each in self.prompts.items()}
