"""The child process of `math_check`: pairs of answer and reference in, whether they are equal out.

It catches nothing and handles no signal: a timer ends it whatever it is doing, and its parent sees that. The
time is the processor's, so that a busy machine changes no verdict.
"""

from __future__ import annotations

import json
import logging
import resource
import signal
import sys

MEMORY = 4 << 30
"""Bytes of address space: a power of powers ends this process, not the machine."""
STARTUP_SECONDS = 120


def main(seconds: int) -> None:
    """Answer line by line; a comparison may take `seconds`."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, STARTUP_SECONDS)
    logging.disable()  # math-verify warns that its own time limits are off
    from math_verify import parse, verify

    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        answer, reference = (
            parse(f"\\boxed{{{text}}}", parsing_timeout=None, raise_on_error=True)
            for text in json.loads(line)
        )
        # a reference that can't be read equals nothing, which is no fault of the answer
        equal = verify(reference, answer, timeout_seconds=None, raise_on_error=True) if reference else None
        print(json.dumps(equal), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
