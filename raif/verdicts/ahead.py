"""Reading ahead: an item is handed on as soon as it is there, while a thread already fetches the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from queue import Empty, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterable[T], size: int) -> Iterator[T]:
    """The same items in order, at most `size` of them fetched before they are asked for.

    `items` runs in the thread. It is a daemon: one that waits for input keeps no program from ending.
    """
    ready: Queue[tuple[T] | BaseException | None] = Queue(size)
    left = Event()
    Thread(target=_fetch, args=(items, ready, left), daemon=True).start()
    try:
        while (found := ready.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found[0]
    finally:
        left.set()
        with suppress(Empty):
            ready.get_nowait()  # room for the one that the thread may be waiting to put


def _fetch(items: Iterable[T], ready: Queue[tuple[T] | BaseException | None], left: Event) -> None:
    try:
        for item in items:
            ready.put((item,))
            if left.is_set():
                return
    except BaseException as error:  # whatever it is, the caller's thread raises it
        ready.put(error)
    else:
        ready.put(None)
