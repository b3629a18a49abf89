"""How far a command is: a bar for each piece of work on a terminal, plain lines in pipes and logs."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from raif_cli.console import err

EVERY = 10.0
"""Seconds between two lines about the same piece of work."""


class Work:
    """One piece of work. Call it with (things done, all things, tokens written since the last call)."""

    def __init__(self, name: str, shown: Callable[[Work], None]) -> None:
        self.name, self.done, self.note = name, 0, ""
        self.total: int | None = None
        self._shown, self._tokens = shown, 0
        self._start, self._first = 0.0, 0

    def __call__(self, done: int, total: int | None = None, tokens: int = 0, *, note: str = "") -> None:
        if not self._start:
            self._start, self._first = time.monotonic(), done
        self.done, self.total, self.note = done, total, note
        self._tokens += tokens
        self._shown(self)

    @property
    def ended(self) -> bool:
        return self.done == self.total

    def pace(self) -> str:
        """Tokens a second and the time that is left, or that it took, as far as they are known.

        The first hundredth says too little about the rest: answers of a local model come a batch at a time.
        """
        seconds, new = time.monotonic() - self._start, self.done - self._first
        parts = [self.note] if self.note else []
        if self._tokens and seconds:
            parts.append(f"{self._tokens / seconds:,.0f} tokens/s")
        if self.ended:
            parts.append(f"took {timedelta(seconds=round(seconds))}")
        elif self.total is not None and new >= max(1, self.total / 100):
            parts.append(f"{timedelta(seconds=round(seconds / new * (self.total - self.done)))} left")
        return ", ".join(parts)


class Watched:
    """The pieces of work of a command, shown while it is entered."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(20), MofNCompleteColumn())
        pace = TextColumn("{task.fields[pace]}")
        self._bars = Progress(*columns, pace, console=err, transient=True) if err.is_terminal else None
        self._tasks: dict[str, TaskID] = {}
        self._said: dict[str, float] = {}
        self._unsaid: dict[str, Work] = {}

    def __enter__(self) -> Self:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars:
            self._bars.stop()
        for work in [*self._unsaid.values()]:
            self._say(work)

    def work(self, name: str) -> Work:
        """It is shown from its first call on."""
        return Work(name, self._show)

    def _show(self, work: Work) -> None:
        if self._bars:
            if work.name not in self._tasks:
                self._tasks[work.name] = self._bars.add_task(work.name, total=None, pace="")
            task = self._tasks[work.name]
            self._bars.update(task, completed=work.done, total=work.total, pace=work.pace())
            return
        self._unsaid[work.name] = work
        since = self._said.setdefault(work.name, time.monotonic())
        if work.ended or time.monotonic() - since >= EVERY:
            self._say(work)

    def _say(self, work: Work) -> None:
        del self._unsaid[work.name]
        self._said[work.name] = time.monotonic()
        of = "" if work.total is None else f" of {work.total:,}"
        pace = f", {found}" if (found := work.pace()) else ""
        err.print(f"{work.name}: {work.done:,}{of}{pace}", markup=False, highlight=False, soft_wrap=True)
