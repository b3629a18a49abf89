"""What ends a run early, and keeps it whole: a signal, or the end of its time.

Before a step has changed anything it is given up at once; once weights change, it ends first. Known without
torch, so that signals are heard while it is imported.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
INTERRUPTED, TERMINATED, TIME_UP = 130, 143, 5
SIGNALS = {
    signal.SIGINT: ("Ctrl-C", INTERRUPTED),
    signal.SIGTERM: ("SIGTERM", TERMINATED),
    signal.SIGUSR1: ("SIGUSR1", TERMINATED),
}
"""The signals that stop a run, and its exit codes then."""
GRACE = 25
"""Seconds that a rank takes for a step after SIGTERM: torchrun kills it after 30."""


class Stopped(BaseException):
    """The run ends early, as it was told to. Like KeyboardInterrupt, it is no error, and nothing handles it
    on the way."""

    def __init__(self, why: str, code: int, how: str = "To resume: the same command with --resume.") -> None:
        """`how`: how to go on."""
        super().__init__(why)
        self.why, self.code, self.how = why, code, how


class GivenUp(Stopped):
    """A launcher ends the processes, and the step has not ended in time: another may be dead, or too slow."""

    def __init__(self) -> None:
        super().__init__(
            "SIGTERM in the middle of a step, most often because another rank ended",
            TERMINATED,
            "The checkpoints are whole: the same command with --resume continues from the newest, on any "
            "number of ranks.",
        )


class Agreeing(Protocol):
    """The processes that have to stop together."""

    size: int

    def gather(self, value: T) -> list[T]:
        """Every process's value."""
        ...


class Stop:
    """Whether the run is to stop. While it is `held`, it only remembers that."""

    def __init__(self, hours: float | None = None, *, alone: bool = True) -> None:
        """`hours`: the run's time. `alone`: no launcher waits for this process."""
        self._started, self._hours, self._alone = time.monotonic(), hours, alone
        self.held = self._hurried = False
        self._reason: tuple[str, int] | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals inside the block."""
        before = {number: signal.signal(number, self._signalled) for number in (*SIGNALS, signal.SIGALRM)}
        if self._hours:
            signal.setitimer(signal.ITIMER_REAL, self._hours * 3600)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _signalled(self, number: int, frame: Any) -> None:
        if number == signal.SIGALRM and self._hurried:
            raise GivenUp
        known = SIGNALS.get(signal.Signals(number))
        self._reason = self._reason or known or self._time_up
        if number == signal.SIGINT:
            signal.signal(number, signal.default_int_handler)  # a second one doesn't wait
        if number == signal.SIGTERM and not self._alone:
            self._hurried = True
            signal.setitimer(signal.ITIMER_REAL, GRACE)
        if not self.held:
            raise Stopped(*self._reason)

    @property
    def _time_up(self) -> tuple[str, int]:
        return f"--max-hours {self._hours:g}", TIME_UP

    def check(self, ranks: Agreeing, seconds: float = 0.0) -> None:
        """Raise Stopped on all ranks if one of them is to stop, or has no `seconds` left."""
        late = self._hours and time.monotonic() - self._started + seconds > self._hours * 3600
        reasons: Sequence[tuple[str, int] | None] = ranks.gather(
            self._reason or (self._time_up if late else None)
        )
        for reason in filter(None, reasons):
            raise Stopped(*reason)
