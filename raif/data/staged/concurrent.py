"""Many things at once, for stages that ask models: outcomes come as they are ready."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from raif.data.staged.stage import Numbered, Outcome
from raif.errors import RaifError

Work = Callable[[Numbered], Coroutine[Any, Any, Outcome]]
Run = Callable[[Coroutine[Any, Any, Outcome]], "Future[Outcome]"]
"""Starts a coroutine in the event loop of the models' clients."""


def concurrently(todo: Iterator[Numbered], work: Work, run: Run, width: int) -> Iterator[Outcome]:
    """The outcomes of `work` on each of `todo`, `width` of them in hand at once.

    Where one fails, the others in hand are still waited for: what they have asked is paid, and has to be
    kept.
    """
    begun: set[Future[Outcome]] = set()
    try:
        for each in todo:
            begun.add(run(work(each)))
            while len(begun) >= width:
                yield from _finished(begun)
        while begun:
            yield from _finished(begun)
    except RaifError:
        wait(begun)
        raise


def _finished(begun: set[Future[Outcome]]) -> Iterator[Outcome]:
    """Those that are done, taken out of `begun`; waits until there is one."""
    done, _ = wait(begun, return_when=FIRST_COMPLETED)
    begun -= done
    for future in done:
        yield future.result()
