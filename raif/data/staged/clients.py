"""The clients of the models that a stage asks: one event loop, one ledger, one limit for each server."""

from __future__ import annotations

from collections.abc import Coroutine
from concurrent.futures import Future
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

from raif.client.background import Background
from raif.client.chat import Slots
from raif.client.paid import Account, Budget, Ledger, PaidClient
from raif.config.judge import JudgeConfig
from raif.config.models import ModelConfig, SamplingConfig
from raif.judge.judge import Judge

T = TypeVar("T")
LEDGER = "replies.sqlite"


def ledger(folder: Path) -> Ledger:
    """All that a run in `folder` has paid for."""
    return Ledger(folder / LEDGER)


class Clients:
    """Use it in a `with` block. `budget` goes on from what the run has spent before.

    `prompts`: the folder of one's own prompts, where `judge` may hold those of the judge.
    """

    def __init__(self, folder: Path, budget: Budget, stage: str, prompts: Path | None) -> None:
        self._folder, self._budget, self._stage, self._prompts = folder, budget, stage, prompts
        self._background = Background()
        self._slots: dict[str | None, Slots] = {}
        self._chats: list[PaidClient] = []

    def chat(self, model: ModelConfig, sampling: SamplingConfig) -> PaidClient:
        server = model.endpoint.base_url
        slots = self._slots.setdefault(server, Slots(model.endpoint.concurrency))
        self._chats.append(PaidClient(model, sampling, self._account, slots))
        return self._chats[-1]

    def judge(self, model: ModelConfig, max_tokens: int) -> Judge:
        """Not to be closed by itself."""
        own = self._prompts / "judge" if self._prompts else None
        prompts = own if own and own.is_dir() else None
        if isinstance(model, JudgeConfig) and model.prompts:
            prompts = model.prompts
        sampling = SamplingConfig(max_tokens=max_tokens)
        config = JudgeConfig(model=model.model, endpoint=model.endpoint, sampling=sampling, prompts=prompts)
        return Judge(config, self.chat(model, sampling), self._background)

    @cached_property
    def _account(self) -> Account:
        """Opened for the first model: a run that asks none has no ledger."""
        opened = ledger(self._folder)
        self._budget.spent = opened.spent()
        return Account(opened, self._budget, self._stage)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run what asks in the clients' event loop."""
        return self._background.run(coroutine)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._background.close(self._close_chats())
        if self._chats:
            self._account.ledger.close()

    async def _close_chats(self) -> None:
        for chat in self._chats:
            await chat.close()
