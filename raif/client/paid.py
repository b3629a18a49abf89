"""Paid requests: each reply is saved on disk at once and counts against a budget. None is ever repeated."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import NamedTuple

from raif.client.chat import ChatClient, Reply, Slots, Usage
from raif.client.store import Store
from raif.config.models import ModelConfig, SamplingConfig
from raif.errors import RaifError
from raif.types import Message

_LOOK = 0.05
"""Seconds between checks whether the requests in flight have left room for another one."""


class Spent(NamedTuple):
    """What was used: calls, tokens read and written, money."""

    calls: int = 0
    read: int = 0
    written: int = 0
    cost: float = 0.0

    @property
    def tokens(self) -> int:
        return self.read + self.written

    def plus(self, other: Spent) -> Spent:
        return Spent(
            self.calls + other.calls,
            self.read + other.read,
            self.written + other.written,
            self.cost + other.cost,
        )

    def __str__(self) -> str:
        return f"{self.calls:,} calls, {self.tokens:,} tokens, cost {self.cost:.4f}"


class Ledger(Store):
    """Replies by the hash of their request, each with its cost and its purpose."""

    table = (
        "replies (key TEXT PRIMARY KEY, purpose TEXT NOT NULL, read INTEGER NOT NULL,"
        " written INTEGER NOT NULL, cost REAL NOT NULL, reply TEXT NOT NULL)"
    )
    purpose = "the ledger of paid replies"

    def get(self, key: str) -> Reply | None:
        found = self.rows("SELECT reply FROM replies WHERE key = ?", (key,))
        if not found:
            return None
        fields = json.loads(found[0][0])
        usage = fields["usage"] and Usage(*fields["usage"])
        return Reply(**fields | {"first": tuple(map(tuple, fields["first"])), "usage": usage})

    def put(self, key: str, purpose: str, reply: Reply, spent: Spent) -> None:
        row = (key, purpose, spent.read, spent.written, spent.cost, json.dumps(asdict(reply)))
        self.rows("INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?, ?)", row)

    def spent(self, purpose: str = "") -> Spent:
        """The total for one purpose, or for all of them."""
        sums = "SELECT COUNT(*), TOTAL(read), TOTAL(written), TOTAL(cost) FROM replies"
        calls, read, written, cost = self.rows(f"{sums} WHERE ? IN ('', purpose)", (purpose,))[0]
        return Spent(calls, int(read), int(written), cost)


class BudgetSpent(RaifError):
    """The limit is reached. Everything paid for so far is saved."""


class Budget:
    """Limits on what a run spends in total (None: no limit), and what it has spent.

    A request that might exceed them is not sent.
    """

    def __init__(self, *, max_cost: float | None = None, max_tokens: int | None = None) -> None:
        self.spent = Spent()
        self._max_cost, self._max_tokens = max_cost, max_tokens
        self._promised: list[Spent] = []
        """The most that each request in flight can cost."""

    @property
    def limits_cost(self) -> bool:
        return self._max_cost is not None

    @asynccontextmanager
    async def room(self, most: Spent) -> AsyncIterator[None]:
        """Wait while the requests in flight may use up what is left.

        Raises BudgetSpent if there isn't enough left without them either.
        """
        while not self._fits(most):
            if not self._promised:
                raise BudgetSpent(
                    f"the budget is spent: {self.spent}; the next request may take {most.tokens:,} tokens",
                    "Resume with --resume and a higher --max-cost or --max-tokens: no request is repeated.",
                )
            await asyncio.sleep(_LOOK)
        self._promised.append(most)
        try:
            yield
        finally:
            self._promised.remove(most)

    def _fits(self, most: Spent) -> bool:
        total = self.spent.plus(most)
        for promised in self._promised:
            total = total.plus(promised)
        return (self._max_cost is None or total.cost <= self._max_cost) and (
            self._max_tokens is None or total.tokens <= self._max_tokens
        )


class Account(NamedTuple):
    """Where replies are kept, what limits them, and what they are for."""

    ledger: Ledger
    budget: Budget
    purpose: str


class PaidClient(ChatClient):
    """Sends only requests that are not in the ledger; the same request made twice at once is sent once."""

    def __init__(
        self, config: ModelConfig, sampling: SamplingConfig, account: Account, slots: Slots | None = None
    ) -> None:
        super().__init__(config.endpoint, sampling, config.model, slots)
        self.config, self._account = config, account
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        top_logprobs: int = 0,
        temperature: float | None = None,
        seed: int | None = None,
    ) -> Reply:
        """The reply on disk, else the server's. Raises BudgetSpent if a request might exceed the budget."""
        request = json.dumps(self._request(messages, top_logprobs, temperature, seed), sort_keys=True)
        key = hashlib.sha256(request.encode()).hexdigest()
        ledger, budget, purpose = self._account
        async with self._asking[key]:
            if known := ledger.get(key):
                return known
            read = sum(estimated_tokens(message.content) for message in messages)
            async with budget.room(self._price(Usage(read, self._sampling.max_tokens))):
                found = await super().reply(
                    messages, top_logprobs=top_logprobs, temperature=temperature, seed=seed
                )
                estimate = Usage(read, estimated_tokens((found.reasoning or "") + found.text))
                spent = self._price(found.usage or estimate)
                ledger.put(key, purpose, found, spent)
                budget.spent = budget.spent.plus(spent)
        return found

    def _price(self, usage: Usage) -> Spent:
        prices = self.config.prices
        cost = (usage.read * prices.read + usage.written * prices.written) / 1e6
        return Spent(1, usage.read, usage.written, cost)


def estimated_tokens(text: str) -> int:
    """An estimate on the high side: one token for three letters, or for one Chinese character."""
    return len(text.encode(errors="replace")) // 3 + 1
