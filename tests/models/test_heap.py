"""The heap: what is freed stays with the process, until it is to go."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from raif.models import heap

MB = 2**20
ALLOCATING = """\
import resource, sys, torch
from raif.models import heap

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(64, 2**20, dtype=torch.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

first = faults()
heap.keep_freed()
faults()
print(first, faults())
"""

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")


def test_the_holes_between_live_tensors_are_returned() -> None:
    tensors = [torch.ones(64 * 1024, dtype=torch.uint8) for _ in range(64 * 16)]
    tensors[::2] = [torch.empty(0)] * (len(tensors) // 2)
    before = _resident()
    heap.trim()
    assert before - _resident() > 24 * MB
    assert all(t.all() for t in tensors)


def test_pages_that_are_kept_cost_no_faults() -> None:
    run = subprocess.run([sys.executable, "-c", ALLOCATING], capture_output=True, text=True, check=True)
    before, after = map(int, run.stdout.split())
    assert before > 100  # with huge pages there are few
    assert after < before / 10


def _resident() -> int:
    """How many bytes of this process are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
