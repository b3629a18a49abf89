import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from raif.client.background import as_completed


class Client:
    async def close(self) -> None:
        """Nothing is open."""


Work = Callable[[Client], Coroutine[Any, Any, str]]


def answers(text: str) -> Work:
    async def work(client: Client) -> str:
        return text

    return work


async def fails(client: Client) -> str:
    raise ValueError("refused")


async def interrupted(client: Client) -> str:
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep(60)
    return "too late"


@pytest.mark.parametrize(("wrong", "error"), [(fails, ValueError), (interrupted, KeyboardInterrupt)])
def test_what_has_arrived_is_handed_over_before_an_error_or_an_interrupt(
    wrong: Work, error: type[BaseException]
) -> None:
    found = list[tuple[int, str]]()
    with pytest.raises(error):
        found.extend(as_completed(Client, [wrong, answers("one"), answers("two")]))

    assert sorted(found) == [(1, "one"), (2, "two")]


def test_what_is_in_flight_is_cancelled_when_nothing_more_is_wanted() -> None:
    cancelled = []

    async def endless(client: Client) -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise
        return "too late"

    results = as_completed(Client, [answers("one"), endless])

    assert next(results) == (0, "one")
    results.close()
    assert cancelled == [True]
