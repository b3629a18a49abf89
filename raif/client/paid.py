"""A chat that is paid for: each reply is on disk the moment it comes, and counts against a budget."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from raif.client.budget import Budget
from raif.client.chat import Chat, Reply, Usage
from raif.client.ledger import Ledger, Spent
from raif.client.slots import Slots
from raif.config.models import ModelConfig, SamplingConfig
from raif.types import Message


class Account(NamedTuple):
    """Where replies are kept, what limits them, and what they are for."""

    ledger: Ledger
    budget: Budget
    purpose: str


class PaidChat(Chat):
    """Asks only for what the ledger doesn't have. The same request, made twice at once, is sent once."""

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
        """The reply on disk, else the server's. BudgetSpent where another request might exceed the budget."""
        request = json.dumps(self._request(messages, top_logprobs, temperature, seed), sort_keys=True)
        key = hashlib.sha256(request.encode()).hexdigest()
        async with self._asking[key]:
            if known := self._account.ledger.get(key):
                return known
            read = sum(estimated_tokens(message.content) for message in messages)
            async with self._account.budget.room(self._price(Usage(read, self._sampling.max_tokens))):
                found = await super().reply(
                    messages, top_logprobs=top_logprobs, temperature=temperature, seed=seed
                )
                self._pay(key, found, read)
        return found

    def _pay(self, key: str, reply: Reply, read: int) -> None:
        """Keep and count the reply, by an estimate where the server gives no count."""
        written = estimated_tokens((reply.reasoning or "") + reply.text)
        spent = self._price(reply.usage or Usage(read, written))
        self._account.ledger.put(key, self._account.purpose, reply, spent)
        self._account.budget.add(spent)

    def _price(self, usage: Usage) -> Spent:
        prices = self.config.prices
        cost = (usage.read * prices.read + usage.written * prices.written) / 1e6
        return Spent(1, usage.read, usage.written, cost)


def estimated_tokens(text: str) -> int:
    """Rather too many than too few: one for three letters, or for a Chinese character."""
    return len(text.encode(errors="replace")) // 3 + 1
