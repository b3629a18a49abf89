"""Rate limits: fewer requests at once after a refusal, more while they succeed, none while told to wait."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from openai import APIConnectionError, APIError, OpenAI

from raif.client.chat import Halted, Slots
from raif.client.failures import Failed, of_package, pause
from raif.config.models import EndpointConfig, SamplingConfig
from raif.errors import EndpointError, FailedRequest
from tests.chat_server import ChatServer, chat_server, completion, replies


def ask(server: ChatServer, count: int, **endpoint: object) -> int:
    config = EndpointConfig.model_validate({"base_url": server.base_url, **endpoint})
    return len(list(replies(config, SamplingConfig(), "m", [str(n) for n in range(count)])))


def failed(error: APIError) -> Failed:
    return of_package(error, EndpointConfig(base_url="http://127.0.0.1:9/v1"))


def refused(status: int, **headers: str) -> Failed:
    """What the client makes of a server that answers like this."""
    with (
        chat_server(lambda _: (status, {"error": "no"}, headers)) as server,
        OpenAI(base_url=server.base_url, api_key="none", max_retries=0) as client,
        pytest.raises(APIError) as caught,
    ):
        client.chat.completions.create(model="m", messages=[])
    return failed(caught.value)


def test_a_refusal_halves_the_slots_and_never_takes_the_last() -> None:
    slots = Slots(8)
    sizes = []
    for _ in range(4):
        slots.refused(0)
        sizes.append(slots.size)
    assert sizes == [4, 2, 1, 1]


def test_requests_that_are_refused_together_halve_once() -> None:
    slots = Slots(8)
    for _ in range(8):
        slots.refused(60)
    assert slots.size == 4


def test_a_round_of_answered_requests_restores_one_slot_up_to_the_limit() -> None:
    slots = Slots(8)
    slots.refused(0)
    for _ in range(4):
        slots.succeeded()
    assert 4.8 < slots.size < 5
    for _ in range(100):
        slots.succeeded()
    assert slots.size == 8


def test_no_more_are_inside_at_once_than_there_are_slots() -> None:
    slots, inside, most = Slots(4), 0, []

    async def work() -> None:
        nonlocal inside
        async with slots:
            inside += 1
            most.append(inside)
            await asyncio.sleep(0.001)
            inside -= 1

    async def run() -> None:
        slots.refused(0)
        await asyncio.gather(*(work() for _ in range(20)))

    asyncio.run(run())
    assert (max(most), len(most)) == (2, 20)


def test_a_request_waits_as_long_as_the_server_says() -> None:
    times: list[float] = []

    def once_busy(_: object) -> tuple[int, dict, dict]:
        times.append(time.monotonic())
        status, body = completion("ok") if len(times) > 1 else (429, {"error": "slow down"})
        return status, body, {"Retry-After": "0.9"}

    with chat_server(once_busy) as server:
        ask(server, 1, retries=1)
    assert times[1] - times[0] >= 0.9


def test_a_server_that_accepts_few_at_once_answers_all_in_the_end() -> None:
    def two_at_most(_: object) -> tuple[int, dict, dict]:
        crowded = server.in_flight > 2
        time.sleep(0.01)
        status, body = (429, {"error": "busy"}) if crowded else completion("ok")
        return status, body, {"Retry-After": "0.02"}

    with chat_server(two_at_most) as server:
        assert ask(server, 40, concurrency=16, retries=3) == 40


def test_time_outs_lower_the_number_of_requests_in_flight() -> None:
    """A server that takes 0.1 seconds for a request, one after another, is too slow for 16 at once."""
    one = threading.Lock()

    def slow(_: object) -> tuple[int, dict]:
        with one:
            time.sleep(0.1)
        return completion("ok")

    with chat_server(slow) as server:
        assert ask(server, 20, concurrency=16, timeout=0.7, retries=6) == 20


@pytest.mark.parametrize("status", [408, 429, 503, 504, 524, 529])
def test_a_crowded_server_gets_fewer_requests_at_once(status: int) -> None:
    assert refused(status).crowded


@pytest.mark.parametrize("status", [400, 401, 500])
def test_other_failures_are_not_due_to_the_number_of_requests(status: int) -> None:
    assert not refused(status).crowded


def test_halted_slots_send_nothing_and_wait_for_nothing() -> None:
    slots = Slots(1)

    async def run() -> None:
        slots.refused(60)
        waiting = asyncio.create_task(slots.open())
        resting = asyncio.create_task(slots.rest(60))
        await asyncio.sleep(0.01)
        slots.halt()
        await resting
        with pytest.raises(Halted):
            await waiting
        with pytest.raises(Halted):
            await slots.open()

    asyncio.run(asyncio.wait_for(run(), 5))


@pytest.mark.parametrize("closes", [True, False])
def test_slots_can_close_at_an_error_that_all_requests_would_meet(closes: bool) -> None:
    slots = Slots(1, closes=closes)
    slots.given_up(FailedRequest("one"))
    asyncio.run(slots.open())
    slots.given_up(EndpointError("all"))
    with pytest.raises(Halted) if closes else nullcontext():
        asyncio.run(slots.open())


def test_a_server_that_refuses_everything_is_given_up_after_the_retries() -> None:
    with (
        chat_server(lambda _: (429, {"error": "busy"}, {"Retry-After": "0"})) as server,
        pytest.raises(EndpointError),
    ):
        ask(server, 1, retries=2)
    assert len(server.requests) == 3


def test_a_wait_of_hours_is_left_to_the_user() -> None:
    assert pause(refused(429, **{"Retry-After": "7200"}), 0) is None


def test_a_date_says_how_long_to_wait() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 28 < (pause(refused(503, **{"Retry-After": date}), 0) or 0) <= 30


@pytest.mark.parametrize("header", ["", "soon"])
def test_waits_double_if_the_server_says_nothing(header: str) -> None:
    error = refused(500, **{"Retry-After": header})
    waits = [pause(error, attempt) or 0 for attempt in (0, 2, 9)]
    assert [0.37 < waits[0] <= 0.5, 1.5 <= waits[1] <= 2, 6 <= waits[2] <= 8] == [True] * 3


def test_a_lost_connection_is_tried_again() -> None:
    with (
        OpenAI(base_url="http://127.0.0.1:9/v1", api_key="none", max_retries=0) as client,
        pytest.raises(APIConnectionError) as caught,
    ):
        client.chat.completions.create(model="m", messages=[])
    assert pause(failed(caught.value), 0)


def test_a_wrong_request_is_not_tried_again() -> None:
    assert pause(refused(400), 0) is None
