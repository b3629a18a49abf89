"""The stream of `verified` by several processes: blocks of lines come out in the order in which they came in.

A thread reads a few blocks ahead and no more: memory stays flat, and no answer waits for further input.
Results come back as files: if a process died while sending through a pipe, half a result would stay in it,
and the other half would be waited for in vain.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import IO, Any, NamedTuple

from raif.errors import RaifError
from raif.files import formats, jsonl
from raif.files.rows import Found, everywhere, files_of, of_stream
from raif.verdicts.answers import Answers
from raif.verdicts.stream import DEFAULT, Rules, verified
from raif.verdicts.tally import Tally

_BYTES = 1 << 19
_ROWS = 256
_AHEAD = 3  # blocks for each process: one being checked, two waiting


class _Block(NamedTuple):
    """Whole lines of the source called `name`, and the number of the first; or rows, and any number."""

    name: str
    first: int
    lines: bytes | list[Found]


_Done = tuple[Path, Tally]
"""The file of the verified lines, and what they add up to."""
_Waiting = SimpleQueue[Future[_Done] | BaseException | None]


def verified_lines(
    source: jsonl.Source,
    tally: Tally,
    *,
    jobs: int,
    answers: Answers | None = None,
    rules: Rules = DEFAULT,
) -> Iterator[bytes]:
    """What `jsonl.write` would write of `verified`, as blocks of lines. RaifError if a process dies."""
    with TemporaryDirectory(prefix="raif-verify-") as folder, _blocks_of(source) as blocks:
        pool = ProcessPoolExecutor(jobs, initializer=_worker, initargs=_Given(Path(folder), answers, rules))
        try:
            _start(pool)
            waiting: _Waiting = SimpleQueue()
            slots = threading.Semaphore(_AHEAD * jobs)
            threading.Thread(target=_feed, args=(blocks, pool, waiting, slots), daemon=True).start()
            yield from _results(waiting, slots, tally)
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _blocks_of(source: jsonl.Source) -> Iterator[Iterator[_Block]]:
    """The blocks of a stream, or of the files that a path stands for."""
    if isinstance(source, Path | str):
        files = files_of(source)
        if len(files) > 1 or not formats.is_lines(files[0]):
            yield (_Block("", number, rows) for number, rows in enumerate(_batches(everywhere(source))))
            return
    # unbuffered: a read returns what is available, and holds no lock that an interrupt can't break
    with jsonl.opened(getattr(source, "raw", source), buffering=0) as stream:
        yield _blocks(stream, jsonl.name_of(source))


def _batches(found: Iterator[Found]) -> Iterator[list[Found]]:
    while rows := list(islice(found, _ROWS)):
        yield rows


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
    rules: Rules


_given: _Given


def _worker(*given: Any) -> None:
    global _given
    _given = _Given(*given)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # so that the pool can end it despite an inherited handler
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process once its parent is gone, however that ended, and remove what it left."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        shutil.rmtree(_given.folder, ignore_errors=True)
        os._exit(1)


def _rows(block: _Block) -> Iterable[Found]:
    if isinstance(block.lines, list):
        return block.lines
    stream = io.BytesIO(block.lines)
    stream.name = block.name
    return of_stream(stream, block.first)


def _verified_block(block: _Block) -> _Done:
    target, tally = io.BytesIO(), Tally()
    jsonl.write(target, verified(_rows(block), tally, answers=_given.answers, rules=_given.rules))
    file = _given.folder / str(block.first)
    file.write_bytes(target.getvalue())
    return file, tally
