"""A user's regular expressions with the semantics of `re`, and an end: `(a+)+$` can take `re` for ever.

What can't repeat or choose runs at once. Anything else runs in a process of its own, one for each thread,
which dies when a search has taken it `LIMIT` seconds of processor time. Nothing but the standard library is
imported here: that process runs this file.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from typing import Literal

How = Literal["search", "findall", "split"]
LIMIT = 0.5
_AT_ONCE = 20_000_000  # characters of the pattern times those of the text
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_REPEATS = re.compile(r"[*+?{|]")
_SPECIAL = re.compile(r"[^\w '\",;:!@#%&/<>=~`-]", re.ASCII)
_CASELESS = "ıİſ\u212a"
"""Letters beyond ASCII that `re.IGNORECASE` takes for ASCII ones."""


class TooSlow(TimeoutError):
    """A check that would take too long: it can't be judged."""


def count(how: How, pattern: str, text: str, flags: re.RegexFlag | int = 0, *, given: str = "") -> int:
    """How many items `re`'s function of that name returns; 1 or 0 for `search`. TooSlow after `LIMIT` s.

    `given` is the user's part of a pattern whose frame is fast, word for word; without it, all of the
    pattern is theirs.
    """
    given = given or pattern
    if not _SPECIAL.search(given):
        plain = _plain_count(given, text, ignore_case=bool(int(flags) & re.IGNORECASE.value))
        if plain == 0:
            return int(how == "split")  # the whole text is one part
        if plain and given == pattern and how != "split":
            return plain if how == "findall" else 1
    if len(given) * len(text) <= _AT_ONCE and not _REPEATS.search(_ESCAPED.sub("", given)):
        return _count(how, pattern, text, int(flags))
    found = _worker().ask(how, pattern, text, int(flags))
    if found is None:
        raise TooSlow(f"the regular expression {given!r} takes too long on this text")
    return found


def _plain_count(word: str, text: str, *, ignore_case: bool) -> int | None:
    """How often a word that means itself occurs, many times faster than `re`; None: only `re` knows."""
    if not ignore_case:
        return text.count(word)
    if not text.isascii() and any(letter in text for letter in _CASELESS):
        return None
    return text.lower().count(word.lower())


def _count(how: How, pattern: str, text: str, flags: int) -> int:
    found = getattr(re, how)(pattern, text, flags=flags)
    return int(bool(found)) if how == "search" else len(found)


class _Worker:
    """A process that counts; one that has died is replaced by the next question."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._start()

    def _start(self) -> None:
        command = [sys.executable, "-I", "-S", __file__]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )  # out of an interrupt's reach; it ends with its input

    def ask(self, *question: str | int) -> int | None:
        """The count, or None where the process died over it."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin
        assert stdout
        stdin.write(json.dumps(question).encode() + b"\n")
        stdin.flush()
        if answer := stdout.readline():
            return int(answer)
        stdin.close()
        stdout.close()
        if self._process.wait() != -signal.SIGPROF:
            raise RuntimeError(f"the process that searches ended with {self._process.returncode}")
        self._start()
        return None


_LOCAL = threading.local()


def _worker() -> _Worker:
    """This thread's; a forked process must not talk to its parent's."""
    worker: _Worker | None = getattr(_LOCAL, "worker", None)
    if worker is None or worker.owner != os.getpid():
        worker = _LOCAL.worker = _Worker()
    return worker


def _serve() -> None:
    for line in sys.stdin:
        question = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, LIMIT)  # nothing handles its signal, which ends the process
        answer = _count(*question)
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(answer, flush=True)


if __name__ == "__main__":
    _serve()
