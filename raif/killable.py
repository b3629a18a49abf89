"""Computations that may never finish, in child processes that are killed when their time is up.

Python's usual time limit is a signal handler: it works in no thread, and interrupts no C code. Here nothing
handles the timer's signal, so it ends the child whatever that is doing; the next question starts another
child. The time is the processor's: how busy the machine is changes no answer.

This file is also the program of the child, and imports nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from queue import LifoQueue
from typing import Any

PROCESSES = min(8, os.cpu_count() or 1)
STARTUP_SECONDS = 120


class Crashed(RuntimeError):
    """The child ended before it answered, though its time was not up."""


class Killable:
    """Up to `PROCESSES` children that answer questions, each started when it is first needed.

    `file` is Python source that defines `answer`. Its arguments and result must be JSON, and one call may
    take `seconds`. `flags` are Python's own, `memory` is a limit in bytes; a `silent` child has no stderr.
    """

    def __init__(
        self,
        file: Path,
        *,
        seconds: float,
        memory: int = 0,
        flags: tuple[str, ...] = (),
        silent: bool = False,
    ) -> None:
        self._command = [sys.executable, "-P", *flags, __file__, str(file), str(seconds), str(memory)]
        self._stderr = subprocess.DEVNULL if silent else None
        self._forget()
        os.register_at_fork(after_in_child=self._forget)  # it must not talk to its parent's children

    def _forget(self) -> None:
        self._idle: LifoQueue[subprocess.Popen[bytes] | None] = LifoQueue()  # the last used is asked first
        for _ in range(PROCESSES):
            self._idle.put(None)

    def ask(self, *question: Any) -> Any:
        """The answer. Raises TimeoutError if it took too long, Crashed if the child ended otherwise."""
        child = self._idle.get()
        answered = False
        try:
            if child is None or child.poll() is not None:
                pipe = subprocess.PIPE  # in a session of its own: out of an interrupt's reach
                child = subprocess.Popen(
                    self._command, stdin=pipe, stdout=pipe, stderr=self._stderr, start_new_session=True
                )
            reply = _exchange(child, question)
            answered = bool(reply)
        finally:
            self._idle.put(child if answered else None)
            if child and not answered:  # it is dead, or nobody waited for its reply
                child.kill()
                with suppress(BrokenPipeError), child:
                    pass
        if reply:
            return json.loads(reply)
        if child.returncode == -signal.SIGPROF:
            raise TimeoutError("out of time")
        raise Crashed(f"the child process ended with {child.returncode}: {' '.join(self._command)}")


def _exchange(child: subprocess.Popen[bytes], question: tuple[Any, ...]) -> bytes:
    """The reply to a question, empty if the child ends."""
    assert child.stdin, "it was started with pipes"
    assert child.stdout, "it was started with pipes"
    with suppress(BrokenPipeError):
        child.stdin.write(json.dumps(question).encode() + b"\n")
        child.stdin.flush()
    reply = child.stdout.readline()
    if reply.endswith(b"\n"):
        return reply
    child.wait()
    return b""


def _serve(file: str, seconds: float, memory: int) -> None:
    """What the child does until its input ends."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, STARTUP_SECONDS)
    if memory and sys.platform == "linux":  # macOS refuses a limit below the space that is mapped already
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    found: dict[str, Any] = {}
    exec(compile(Path(file).read_text("utf-8"), file, "exec"), found)  # runpy takes as long as all the rest
    answer = found["answer"]
    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        reply = answer(*json.loads(line))
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
