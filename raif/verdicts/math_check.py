"""Are two answers equal as mathematics? math-verify says so, in processes of their own.

Its time limit is a signal handler, which works in no thread and interrupts no C code. Here a comparison that
takes too long ends its process. It has no verdict then: it is neither right nor wrong.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from queue import SimpleQueue
from typing import NamedTuple

from raif.errors import require
from raif.text.final_answer import equal as equal_text

SECONDS = 10
"""Of processor time, for one comparison; most take milliseconds."""
WORKERS = min(8, os.cpu_count() or 1)


class Checked(NamedTuple):
    """equal: None where it can't be said, and `reason` says why."""

    equal: bool | None
    reason: str


def equal(answer: str, reference: str) -> Checked:
    """Whether what was boxed is the reference answer. MissingDependency where that takes math-verify."""
    if equal_text(answer, reference):
        return Checked(True, "the same text")
    require("math_verify", extra="math")
    return _compared(answer, reference)


def equal_all(pairs: Iterable[tuple[str, str]]) -> list[Checked]:
    """The same for many pairs side by side."""
    with ThreadPoolExecutor(WORKERS) as threads:
        return list(threads.map(lambda pair: equal(*pair), pairs))


@lru_cache(maxsize=4096)
def _compared(answer: str, reference: str) -> Checked:
    worker = _idle.get()
    try:
        return worker.ask(answer, reference)
    finally:
        _idle.put(worker)


class Worker:
    """One process, started when it is first asked, and anew after it has ended."""

    def __init__(self, seconds: int = SECONDS) -> None:
        self._seconds = seconds
        self._process: subprocess.Popen[str] | None = None

    def ask(self, answer: str, reference: str) -> Checked:
        """Compare in the process, waiting for it."""
        process = self._running()
        assert process.stdin, "it was started with pipes"
        assert process.stdout, "it was started with pipes"
        with suppress(BrokenPipeError):  # it has just died, as the missing reply says too
            process.stdin.write(json.dumps([answer, reference]) + "\n")
            process.stdin.flush()
        reply = process.stdout.readline()
        if not reply:
            late = process.wait() == -signal.SIGPROF
            return Checked(None, "math check timed out" if late else "math check crashed")
        return _CHECKED[json.loads(reply)]

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "raif.verdicts.math_worker", str(self._seconds)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        return self._process


_CHECKED = {
    True: Checked(True, "equal"),
    False: Checked(False, "not equal"),
    None: Checked(None, "the reference answer can't be read as mathematics"),
}
_idle: SimpleQueue[Worker] = SimpleQueue()
for _ in range(WORKERS):
    _idle.put(Worker())
