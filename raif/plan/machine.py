"""What this machine has: the memory that a rank can fill, and how fast it multiplies."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

_LIMIT = Path("/sys/fs/cgroup/memory.max")
_SIZE = 1024


@dataclass(frozen=True, slots=True)
class Device:
    name: str
    bytes: float


def device(wanted: str) -> Device | None:
    """The device that `model.device` selects. None if a GPU is wanted and there is none."""
    found = None if wanted == "cpu" else _gpu()
    return found if found or wanted == "cuda" else Device("CPU", machine_bytes())


def _gpu() -> Device | None:
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    name, _, mebibytes = listed.stdout.partition("\n")[0].rpartition(", ")
    return Device(name, float(mebibytes) * 2**20) if listed.returncode == 0 and name else None


def machine_bytes() -> float:
    """The machine's memory, or the container's limit."""
    whole = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    limit = _LIMIT.read_text().strip() if _LIMIT.is_file() else "max"
    return whole if limit == "max" else min(whole, float(limit))


def processor_rate() -> float:
    """Operations per second of float32 matrix products on all cores, the best of three."""
    import numpy as np

    matrix = np.ones((_SIZE, _SIZE), np.float32)
    seconds: list[float] = []
    for _ in range(3):
        start = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - start)
    return 2 * _SIZE**3 / min(seconds)
