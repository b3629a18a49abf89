"""The output head, and the memory that it returns before it makes logits."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest
import torch

from raif.models import head
from raif.models.load import Model

MB = 2**20


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_the_holes_between_live_tensors_are_returned() -> None:
    tensors = [torch.ones(64 * 1024, dtype=torch.uint8) for _ in range(64 * 16)]
    tensors[::2] = [torch.empty(0)] * (len(tensors) // 2)
    before = _resident()
    head.trim()
    assert before - _resident() > 24 * MB
    assert all(t.all() for t in tensors)


@pytest.mark.parametrize("held", [True, False])
def test_a_head_trims_the_heap_where_activations_are_held(
    held: bool, tiny: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    trims: list[None] = []
    monkeypatch.setattr(head, "trim", lambda: trims.append(None))
    states = torch.ones(3, tiny.net.config.hidden_size, requires_grad=held)
    head.Head(tiny.net)(lambda logits_of, part, _: (logits_of(part)[:, 0],), states, torch.zeros(3))
    assert len(trims) == held


def _resident() -> int:
    """How many bytes of this process are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
