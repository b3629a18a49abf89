"""How fast a run is: the seconds of a step's parts, tokens per second, the time left, memory."""

from __future__ import annotations

import resource
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from raif.plan.machine import machine_bytes

WINDOW = 20
"""From how many of the latest steps the time left is estimated."""
MEASURED = ("tokens_per_second", "seconds_left", "memory_gb")
"""Metrics of a step that depend on the machine, in addition to those that start with `time_`."""


class Clock:
    """The seconds that the parts of a step take."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start


class Pace:
    """What the latest steps of one phase tell about the time left, with all that happened between them."""

    def __init__(self) -> None:
        self._phase, self._ends = "", deque[float](maxlen=WINDOW + 1)

    def left(self, phase: str, steps: int, seconds: float) -> float:
        """Seconds until the end, right after a step of `phase` that took `seconds`; `steps` are left."""
        now = time.perf_counter()
        if phase != self._phase:  # another kind of step takes another time
            self._phase = phase
            self._ends.clear()
            self._ends.append(now - seconds)
        self._ends.append(now)
        return steps * (now - self._ends[0]) / (len(self._ends) - 1)


def memory_gb(device: torch.device) -> float:
    """The most memory held so far: the device's by PyTorch on a GPU, the process's on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e9
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1e9 if sys.platform == "darwin" else 1e9 / 1024)


def device_bytes(where: torch.device) -> float:
    """The whole memory of the device: a GPU's, or on a CPU the machine's."""
    if where.type == "cuda":
        return float(torch.cuda.get_device_properties(where).total_memory)
    return machine_bytes()
