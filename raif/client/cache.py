"""Judgments on disk. Threads and processes may share a file, and a killed one loses none that it put."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from raif.client.judgment import Judgment
from raif.errors import RaifError

PATIENCE = 60.0
"""Seconds to wait while another process writes."""


class Cache:
    """Judgments by key. RaifError where the file can't be used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Each statement is a transaction of its own, and SQLite itself keeps threads apart.
            self._db = sqlite3.connect(path, PATIENCE, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS judgments"
                " (key TEXT PRIMARY KEY, passed INTEGER NOT NULL, reason TEXT NOT NULL, margin REAL)"
            )

    def get(self, key: str) -> Judgment | None:
        with self._explained():
            query = "SELECT passed, reason, margin FROM judgments WHERE key = ?"
            row = self._db.execute(query, (key,)).fetchone()
        return Judgment(bool(row[0]), row[1], row[2]) if row else None

    def put(self, key: str, judgment: Judgment) -> None:
        """Keep a judgment that is one; the first to be kept under a key stays."""
        row = (key, judgment.passed, judgment.reason, judgment.margin)
        with self._explained():
            self._db.execute("INSERT OR IGNORE INTO judgments VALUES (?, ?, ?, ?)", row)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise RaifError(
                f"{self._path}: can't be used as the judge's cache: {error}", "Name another file, or none."
            ) from error
