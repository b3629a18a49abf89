"""Judgments on disk, for later runs and other processes."""

from __future__ import annotations

from raif.client.store import Store
from raif.judge.judgment import Judgment


class Cache(Store):
    """Judgments by key."""

    table = "judgments (key TEXT PRIMARY KEY, passed INTEGER NOT NULL, reason TEXT NOT NULL, margin REAL)"
    purpose = "the judge's cache"

    def get(self, key: str) -> Judgment | None:
        found = self.rows("SELECT passed, reason, margin FROM judgments WHERE key = ?", (key,))
        return Judgment(bool(found[0][0]), *found[0][1:]) if found else None

    def put(self, key: str, judgment: Judgment) -> None:
        """Keep a judgment that is one; the first to be kept under a key stays."""
        row = (key, judgment.passed, judgment.reason, judgment.margin)
        self.rows("INSERT OR IGNORE INTO judgments VALUES (?, ?, ?, ?)", row)
