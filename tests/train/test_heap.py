"""What the C library's heap keeps of freed memory."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest
import torch

from raif.train.heap import trim

MB = 2**20


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_the_holes_between_live_tensors_are_given_back() -> None:
    tensors = [torch.ones(64 * 1024, dtype=torch.uint8) for _ in range(64 * 16)]
    tensors[::2] = [torch.empty(0)] * (len(tensors) // 2)
    before = _resident()
    trim()
    assert before - _resident() > 24 * MB
    assert all(t.all() for t in tensors)


def _resident() -> int:
    """Bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
