"""How code that waits uses asynchronous clients: a loop in a thread, or a loop that runs while it waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator, Sequence
from concurrent.futures import Future
from threading import Thread
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Background:
    """An event loop in its own thread: blocking and asynchronous callers share one client."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine, from any thread."""
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:  # closed in the meantime
            coroutine.close()
            raise

    def finish(self) -> None:
        """Wait for all that is running, and for what that starts."""

        async def others() -> None:
            while running := asyncio.all_tasks() - {asyncio.current_task()}:
                await asyncio.wait(running)

        self.run(others()).result()

    def close(self, last: Coroutine[Any, Any, None]) -> None:
        """Cancel what is still running, run `last`, and end the thread."""

        async def cancel_others() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.run(cancel_others()).result()
        self.run(last).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Closing(Protocol):
    async def close(self) -> None: ...


C = TypeVar("C", bound=Closing)


def as_completed(
    connect: Callable[[], C], work: Sequence[Callable[[C], Coroutine[Any, Any, T]]]
) -> Generator[tuple[int, T], None, None]:
    """(position in `work`, result) as the pieces of work finish; all share the client that `connect` opens.

    Raises what the first failing one raises, or KeyboardInterrupt: after the results that are there by then,
    which may have been paid for. The event loop runs only while the caller waits for the next result. Closing
    the iterator cancels what is in flight.
    """
    with asyncio.Runner() as runner:
        loop, client = runner.get_loop(), connect()
        finished: asyncio.Queue[asyncio.Task[T]] = asyncio.Queue()
        tasks = {loop.create_task(piece(client)): n for n, piece in enumerate(work)}
        for task in tasks:
            task.add_done_callback(finished.put_nowait)

        async def abandon() -> None:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await client.close()

        try:
            while tasks:
                try:
                    task = runner.run(finished.get())
                    result = task.result()
                except BaseException:
                    while not finished.empty():
                        other = finished.get_nowait()
                        if not other.cancelled() and other.exception() is None:
                            yield tasks.pop(other), other.result()
                    raise
                yield tasks.pop(task), result
        finally:
            runner.run(abandon())
