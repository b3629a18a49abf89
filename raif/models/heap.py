"""The C library's heap, which keeps what tensors on a CPU no longer need."""

from __future__ import annotations

import ctypes
import sys

_trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None


def trim() -> None:
    """Give the heap's free pages back to the system; where the C library isn't glibc, nothing happens.

    glibc keeps the holes between live tensors, and tensors, being aligned, seldom fit into a hole that one
    of their own size has left: without this a process grows while much of its heap is free.
    """
    if _trim:
        _trim(0)
