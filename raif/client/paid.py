"""Paid requests: each reply is saved on disk at once and counts against a budget. None is ever repeated.

A request is on disk before it is sent. If its reply never arrives, because the process is killed or the
connection lost, it counts as the most that it can have cost: the bill stays below the limit.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any, NamedTuple

from raif.client.chat import ChatClient, Reply, Slots, Usage
from raif.client.failures import Failed
from raif.client.store import Store
from raif.client.tokens import estimated_tokens, most_tokens
from raif.config.models import ModelConfig, PricesConfig, SamplingConfig
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
    """Replies by the hash of their request, each with its cost and its purpose.

    Under keys that no request has there are also the requests that were sent and not answered, with the most
    that they can have cost and an empty `reply`, and those whose reply is not worth finding again.
    """

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
        changed = tuple(fields.get("changed", ()))
        first = tuple(map(tuple, fields["first"]))
        return Reply(**fields | {"first": first, "usage": usage, "changed": changed})

    def send(self, purpose: str, most: Spent) -> str:
        """Note a request that is about to be sent, and what it can cost at most. The name of the note."""
        note = f"sent {secrets.token_hex(16)}"
        row = (note, purpose, most.read, most.written, most.cost, "")
        self.rows("INSERT INTO replies VALUES (?, ?, ?, ?, ?, ?)", row)
        return note

    def receive(self, note: str, key: str, reply: Reply, spent: Spent) -> None:
        """Replace the note by the reply, and what it has cost.

        It is found again under `key`, unless it is empty, or another one is there already.
        """
        values = (spent.read, spent.written, spent.cost, json.dumps(asdict(reply)), note)
        change = "read = ?, written = ?, cost = ?, reply = ?"
        if not reply.empty:
            self.rows(f"UPDATE OR IGNORE replies SET key = ?, {change} WHERE key = ?", (key, *values))
        self.rows(f"UPDATE replies SET {change} WHERE key = ?", values)

    def take_back(self, note: str) -> None:
        """Forget a request that failed, and that nobody charges for."""
        self.rows("DELETE FROM replies WHERE key = ?", (note,))

    def spent(self, purpose: str = "") -> Spent:
        """What the replies for one purpose, or for all, have cost."""
        return self._total("reply != '' AND ? IN ('', purpose)", (purpose,))

    def lost(self) -> Spent:
        """The most that requests without a reply can have cost."""
        return self._total("reply = ''")

    def changed(self, purpose: str) -> Counter[str]:
        """How servers wanted the requests for one purpose otherwise than configured, and how often."""
        found = self.rows("SELECT reply FROM replies WHERE reply != '' AND purpose = ?", (purpose,))
        return Counter(how for (reply,) in found for how in json.loads(reply).get("changed", ()))

    def _total(self, where: str, values: Sequence[str] = ()) -> Spent:
        sums = "SELECT COUNT(*), TOTAL(read), TOTAL(written), TOTAL(cost) FROM replies"
        calls, read, written, cost = self.rows(f"{sums} WHERE {where}", values)[0]
        return Spent(calls, int(read), int(written), cost)


class BudgetSpent(RaifError):
    """The limit is reached. Everything paid for so far is saved."""


class Budget:
    """Limits on what a run spends in total (None: no limit), and what it has spent.

    A request that might exceed them is not sent.
    """

    def __init__(self, *, max_cost: float | None = None, max_tokens: int | None = None) -> None:
        self.spent = Spent()
        self.lost = Spent()
        """The most that requests without a reply can have cost. It counts, too."""
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
                lost = f", and up to {self.lost} without a reply" if self.lost.calls else ""
                raise BudgetSpent(
                    f"the budget is spent: {self.spent}{lost}; the next request may take {most.tokens:,} "
                    f"tokens, cost {most.cost:.4f}",
                    "Resume with --resume and a higher --max-cost or --max-tokens: no request is repeated.",
                )
            await asyncio.sleep(_LOOK)
        self._promised.append(most)
        try:
            yield
        finally:
            self._promised.remove(most)

    def _fits(self, most: Spent) -> bool:
        total = self.spent.plus(self.lost).plus(most)
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
        request = self._request(messages, top_logprobs, temperature, seed)
        key = _key(request)
        async with self._asking[key]:
            return self._account.ledger.get(key) or await self._retried(request)

    async def _attempt(self, request: dict[str, Any]) -> Reply:
        ledger, budget, purpose = self._account
        limit = request[self._sampling.limit_name]
        most = self._price(Usage(most_tokens(request["messages"]), limit))
        async with budget.room(most):
            note = ledger.send(purpose, most)
            try:
                found = await super()._attempt(request)
            except Failed as failed:
                if failed.charged:
                    budget.lost = budget.lost.plus(most)
                else:
                    ledger.take_back(note)
                raise
            read = sum(estimated_tokens(turn["content"]) for turn in request["messages"])
            estimate = Usage(read, estimated_tokens((found.reasoning or "") + found.text))
            spent = self._price(found.usage or estimate)
            ledger.receive(note, _key(request), found, spent)
            budget.spent = budget.spent.plus(spent)
        return found

    def _price(self, usage: Usage) -> Spent:
        return Spent(1, usage.read, usage.written, cost_of(usage, self.config.prices))


def cost_of(usage: Usage, prices: PricesConfig | None) -> float:
    """In the currency of the prices; 0 if they are unknown."""
    return (usage.read * prices.read + usage.written * prices.written) / 1e6 if prices else 0.0


def _key(request: dict[str, Any]) -> str:
    """What identifies a request: the model, the messages and the sampling."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
