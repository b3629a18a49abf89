"""The C library's heap, where the tensors of a CPU are.

glibc gives the memory of a freed tensor back to the system: each page of the next tensor then costs a fault,
and is filled with zeros. That is 8% of a training step. With another C library these functions do nothing.
"""

from __future__ import annotations

import ctypes
import sys

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
"""Parameters of glibc's mallopt."""


def keep_freed() -> None:
    """From now on the process keeps what it frees until `trim`, and takes nothing from the system by mmap."""
    if mallopt := getattr(_LIBC, "mallopt", None):
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, -1)
        mallopt(_M_TOP_PAD, 64 << 20)


def trim() -> None:
    """Return the heap's free pages to the system.

    glibc keeps the holes between live tensors. Tensors are aligned, so a new one rarely fits into the hole
    that another of its size left: without this the process grows while much of its heap is free.
    """
    if malloc_trim := getattr(_LIBC, "malloc_trim", None):
        malloc_trim(0)
