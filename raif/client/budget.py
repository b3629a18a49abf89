"""How much may be spent: a request that might go beyond it is not sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from raif.client.ledger import Spent
from raif.errors import RaifError

_LOOK = 0.05
"""Seconds between two looks whether the requests in flight have left room for another."""


class BudgetSpent(RaifError):
    """The limit is reached. All that was paid for is kept."""


class Budget:
    """Limits on what a run spends in all, None for no limit; and what it has spent."""

    def __init__(self, *, max_cost: float | None = None, max_tokens: int | None = None) -> None:
        self.spent = Spent()
        self._max_cost, self._max_tokens = max_cost, max_tokens
        self._promised: list[Spent] = []
        """The most that each request in flight may come to."""

    @property
    def limits_cost(self) -> bool:
        return self._max_cost is not None

    @asynccontextmanager
    async def room(self, most: Spent) -> AsyncIterator[None]:
        """Waits while the requests in flight may need what is left; BudgetSpent where they don't, either."""
        while not self._fits(most):
            if not self._promised:
                raise BudgetSpent(
                    f"the budget is spent: {self.spent}; the next request may take {most.tokens:,} tokens",
                    "Go on with --resume and a higher --max-cost or --max-tokens: nothing is asked again.",
                )
            await asyncio.sleep(_LOOK)
        self._promised.append(most)
        try:
            yield
        finally:
            self._promised.remove(most)

    def add(self, spent: Spent) -> None:
        self.spent = self.spent.plus(spent)

    def _fits(self, most: Spent) -> bool:
        total = self.spent.plus(most)
        for promised in self._promised:
            total = total.plus(promised)
        return _within(total.cost, self._max_cost) and _within(total.tokens, self._max_tokens)


def _within(amount: float, limit: float | None) -> bool:
    return limit is None or amount <= limit
