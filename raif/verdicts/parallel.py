"""The stream of `verified` by several processes: blocks of lines come out in the order in which they came in.

A thread reads a few blocks ahead and no more: memory stays flat, and no answer waits for further input.
Results come back as files: if a process died while sending through a pipe, half a result would stay in it,
and the other half would be waited for in vain.
"""

from __future__ import annotations

import io
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import IO, Any, NamedTuple

from raif.dialect import Dialect
from raif.errors import RaifError
from raif.files import jsonl
from raif.reasoning import Marks
from raif.verdicts.stream import Answers, Tally, verified

_BYTES = 1 << 19
_AHEAD = 3  # blocks for each process: one being checked, two waiting


class _Block(NamedTuple):
    """Whole lines of the source called `name`; `first` is the number of the first."""

    name: str
    first: int
    lines: bytes


_Done = tuple[Path, Tally]
"""The file of the verified lines, and what they add up to."""
_Waiting = SimpleQueue[Future[_Done] | BaseException | None]


def verified_lines(
    source: jsonl.Source,
    tally: Tally,
    *,
    jobs: int,
    answers: Answers | None = None,
    think: Marks = "none",
    dialect: Dialect | None = None,
) -> Iterator[bytes]:
    """What `jsonl.write` would write of `verified`, as blocks of lines. RaifError if a process dies."""
    with TemporaryDirectory(prefix="raif-verify-") as folder:
        given = _Given(Path(folder), answers, think, dialect)
        pool = ProcessPoolExecutor(jobs, initializer=_worker, initargs=given)
        try:
            _start(pool)
            # unbuffered: a read returns what is available, and holds no lock that an interrupt can't break
            with jsonl.opened(getattr(source, "raw", source), buffering=0) as stream:
                waiting: _Waiting = SimpleQueue()
                slots = threading.Semaphore(_AHEAD * jobs)
                blocks = _blocks(stream, jsonl.name_of(source))
                threading.Thread(target=_feed, args=(blocks, pool, waiting, slots), daemon=True).start()
                yield from _results(waiting, slots, tally)
        finally:
            pool.shutdown(cancel_futures=True)


def _start(pool: ProcessPoolExecutor) -> None:
    """Start all processes before there is a second thread here. Interrupts are left to this process."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        pool.submit(int).result()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _results(waiting: _Waiting, slots: threading.Semaphore, tally: Tally) -> Iterator[bytes]:
    while (found := waiting.get()) is not None:
        if isinstance(found, BaseException):
            raise found
        try:
            file, counted = found.result()
        except BrokenProcessPool:
            raise RaifError(
                "a process of --jobs died, perhaps out of memory", "--jobs 1 shows at which line."
            ) from None
        slots.release()
        tally.include(counted)
        yield file.read_bytes()
        file.unlink()


def _feed(
    blocks: Iterator[_Block],
    pool: ProcessPoolExecutor,
    waiting: _Waiting,
    slots: threading.Semaphore,
) -> None:
    """Submit the blocks. An error is raised again by the thread that waits for the results."""
    try:
        for block in blocks:
            slots.acquire()
            waiting.put(pool.submit(_verified_block, block))
        waiting.put(None)
    except BaseException as error:
        waiting.put(error)


def _blocks(stream: IO[bytes], name: str) -> Iterator[_Block]:
    """As much as can be read at once, up to the last line's end; the rest begins the next block."""
    first, parts = 1, []
    for data in iter(partial(stream.read, _BYTES), b""):
        whole, end, rest = data.rpartition(b"\n")
        parts.append(whole + end or rest)
        if end:
            lines = b"".join(parts)
            yield _Block(name, first, lines)
            first, parts = first + lines.count(b"\n"), [rest]
    if any(parts):
        yield _Block(name, first, b"".join(parts))


class _Given(NamedTuple):
    """What a process keeps for all its blocks. It puts results into `folder`."""

    folder: Path
    answers: Answers | None
    think: Marks
    dialect: Dialect | None


_given: _Given


def _worker(*given: Any) -> None:
    global _given
    _given = _Given(*given)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # so that the pool can end it despite an inherited handler


def _verified_block(block: _Block) -> _Done:
    source, target, tally = io.BytesIO(block.lines), io.BytesIO(), Tally()
    source.name = block.name
    folder, answers, think, dialect = _given
    found = verified(source, tally, answers=answers, think=think, dialect=dialect, first=block.first)
    jsonl.write(target, found)
    file = folder / str(block.first)
    file.write_bytes(target.getvalue())
    return file, tally
