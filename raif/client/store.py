"""A table on disk. Threads and processes can share its file; a killed one loses nothing it has written."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from raif.errors import RaifError

PATIENCE = 60.0
"""Seconds to wait while another process writes."""


class Store:
    """One SQLite table, defined by a subclass. Raises RaifError if the file can't be used."""

    table: ClassVar[str]
    """Its name and columns, as CREATE TABLE takes them."""
    purpose: ClassVar[str]
    """What the file is used as, for errors."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Each statement is its own transaction, and SQLite itself locks between threads.
            self._db = sqlite3.connect(path, PATIENCE, isolation_level=None, check_same_thread=False)
            self._write_ahead()
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute(f"CREATE TABLE IF NOT EXISTS {self.table}")

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows that the statement finds; empty for one that writes."""
        with self._explained():
            return self._db.execute(statement, values).fetchall()

    def close(self) -> None:
        self._db.close()

    def _write_ahead(self) -> None:
        """Turn to the write-ahead log. SQLite itself gives up at once if another process is doing so too."""
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                # the lowest byte is the code without its extension
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    raise
            time.sleep(0.01)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise RaifError(
                f"{self._path}: can't be used as {self.purpose}: {error}",
                "Name another file, or leave it out.",
            ) from error
