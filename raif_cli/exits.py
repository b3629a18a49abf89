"""The exit codes of all commands. 1 is a bug, which keeps its traceback."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    USAGE = 2
    INVALID_ROWS = 3
    UNHEALTHY = 4
    TIME_UP = 5
    BELOW_THRESHOLD = 6
    INTERRUPTED = 130
    PIPE_CLOSED = 141
    TERMINATED = 143
