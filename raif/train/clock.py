"""Times: the learning rate of each update, and the seconds that the phases of a step take."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager


def warmed_up(lr: float, done: int, total: int, ratio: float) -> float:
    """The learning rate of update `done`: rises linearly over the first `ratio` of all, then stays."""
    return lr * min(1.0, (done + 1) / max(1, math.ceil(ratio * total)))


class Clock:
    """Seconds by phase of a step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start
