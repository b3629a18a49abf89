"""Whether two answers are equal as mathematics, according to math-verify in child processes.

A comparison that takes too long, or crashes its process, has no verdict: it is neither right nor wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from raif.errors import require
from raif.killable import PROCESSES, Crashed, Killable
from raif.text.final_answer import equal as equal_text

SECONDS = 10
"""Of processor time, for one comparison; most take milliseconds."""
MEMORY = 4 << 30
"""Bytes of address space: a power of powers ends the child, not the machine."""


class Checked(NamedTuple):
    """`equal` is None if that can't be said, and `reason` says why."""

    equal: bool | None
    reason: str


_CHECKED = {
    True: Checked(True, "equal"),
    False: Checked(False, "not equal"),
    None: Checked(None, "the reference answer can't be read as mathematics"),
}
_children = Killable(Path(__file__).with_name("math_worker.py"), seconds=SECONDS, memory=MEMORY, silent=True)


def equal(answer: str, reference: str) -> Checked:
    """Whether a boxed answer equals the reference. Raises MissingDependency if that takes math-verify."""
    if equal_text(answer, reference):
        return Checked(True, "the same text")
    require("math_verify", extra="math")
    return _compared(answer, reference)


def equal_all(pairs: Iterable[tuple[str, str]]) -> list[Checked]:
    """The same for many pairs in parallel."""
    with ThreadPoolExecutor(PROCESSES) as threads:
        return list(threads.map(lambda pair: equal(*pair), pairs))


@lru_cache(maxsize=4096)
def _compared(answer: str, reference: str) -> Checked:
    try:
        return _CHECKED[_children.ask(answer, reference)]
    except TimeoutError:
        return Checked(None, "math check timed out")
    except Crashed:
        return Checked(None, "math check crashed")
