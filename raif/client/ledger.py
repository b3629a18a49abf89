"""Every reply that was paid for, on disk by the hash of its request: none is asked for twice."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import NamedTuple

from raif.client.chat import Reply, Usage
from raif.client.store import Store


class Spent(NamedTuple):
    """What was asked for: calls, tokens read and written, money."""

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
    """Replies by the hash of their request, each with what it cost and what it was for."""

    table = (
        "replies (key TEXT PRIMARY KEY, purpose TEXT NOT NULL, read INTEGER NOT NULL,"
        " written INTEGER NOT NULL, cost REAL NOT NULL, reply TEXT NOT NULL)"
    )
    purpose = "the ledger of paid replies"

    def get(self, key: str) -> Reply | None:
        found = self.rows("SELECT reply FROM replies WHERE key = ?", (key,))
        return _reply(found[0][0]) if found else None

    def put(self, key: str, purpose: str, reply: Reply, spent: Spent) -> None:
        row = (key, purpose, spent.read, spent.written, spent.cost, json.dumps(asdict(reply)))
        self.rows("INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?, ?)", row)

    def spent(self, purpose: str = "") -> Spent:
        """All that was paid for a purpose; without one, for any."""
        sums = "SELECT COUNT(*), TOTAL(read), TOTAL(written), TOTAL(cost) FROM replies"
        calls, read, written, cost = self.rows(f"{sums} WHERE ? IN ('', purpose)", (purpose,))[0]
        return Spent(calls, int(read), int(written), cost)


def _reply(text: str) -> Reply:
    fields = json.loads(text)
    usage = fields["usage"] and Usage(*fields["usage"])
    return Reply(**fields | {"first": tuple(map(tuple, fields["first"])), "usage": usage})
