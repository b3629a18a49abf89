"""Paid replies: saved at once, never requested twice, counted, and limited."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from raif.client.chat import Reply, Usage
from raif.client.paid import (
    Account,
    Budget,
    BudgetSpent,
    Ledger,
    PaidClient,
    Spent,
    estimated_tokens,
    most_tokens,
)
from raif.config.models import ModelConfig, SamplingConfig
from raif.types import Message
from tests.chat_server import Body, ChatServer, chat_server, completion, last_turn

Asking = Callable[[PaidClient], Awaitable[Any]]


def counted(body: Body) -> tuple[int, Body]:
    return completion(f"echo {last_turn(body)}", usage=(1000, 500), reasoning_content="hm")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = Ledger(tmp_path / "replies.sqlite")
    yield found
    found.close()


def turn(text: str) -> list[Message]:
    return [Message(role="user", content=text)]


def during(
    server: ChatServer,
    ledger: Ledger,
    work: Asking,
    budget: Budget | None = None,
    purpose: str = "respond",
    retries: int = 0,
) -> Any:
    """The result of `work`, done with its own client, as another process would do it."""
    model = ModelConfig.model_validate(
        {
            "model": "m",
            "endpoint": {"base_url": server.base_url, "retries": retries},
            "prices": {"read": 2, "written": 2},
        }
    )

    async def run() -> Any:
        chat = PaidClient(model, SamplingConfig(max_tokens=100), Account(ledger, budget or Budget(), purpose))
        try:
            return await work(chat)
        finally:
            await chat.close()

    return asyncio.run(run())


def test_a_reply_on_disk_is_not_requested_again(ledger: Ledger) -> None:
    with chat_server(counted) as server:
        first = during(server, ledger, lambda chat: chat.reply(turn("tea"), seed=1, top_logprobs=3))
        again = during(server, ledger, lambda chat: chat.reply(turn("tea"), seed=1, top_logprobs=3))
    assert first == again
    assert isinstance(again, Reply)
    assert len(server.requests) == 1


def test_a_reply_of_an_earlier_version_is_used(ledger: Ledger, tmp_path: Path) -> None:
    row = (
        "9cb9a0cd076f97d164feb8631bcd79ce24a6bf165d066168cc7b240629ca983f",
        "respond",
        3,
        4,
        0.0,
        '{"text": "warm", "reasoning": "hm", "truncated": false, "first": [], "usage": [3, 4]}',
    )
    with sqlite3.connect(tmp_path / "replies.sqlite") as db:
        db.execute("INSERT INTO replies VALUES (?, ?, ?, ?, ?, ?)", row)
    with chat_server(counted) as server:
        found = during(server, ledger, lambda chat: chat.reply(turn("tea"), seed=1, top_logprobs=3))
    assert found == Reply("warm", "hm", False, (), Usage(3, 4))
    assert not server.requests


def test_the_same_request_made_twice_at_once_is_sent_once(ledger: Ledger) -> None:
    async def both(chat: PaidClient) -> list[Reply]:
        return await asyncio.gather(chat.reply(turn("tea")), chat.reply(turn("tea")))

    with chat_server(counted) as server:
        one, other = during(server, ledger, both)
    assert one == other
    assert len(server.requests) == 1


def test_another_seed_is_another_request(ledger: Ledger) -> None:
    async def both(chat: PaidClient) -> None:
        await asyncio.gather(chat.reply(turn("tea"), seed=1), chat.reply(turn("tea"), seed=2))

    with chat_server(counted) as server:
        during(server, ledger, both)
    assert sorted(body["seed"] for body in server.requests) == [1, 2]


def test_tokens_and_money_are_counted_by_purpose(ledger: Ledger) -> None:
    with chat_server(counted) as server:
        during(server, ledger, lambda chat: chat.reply(turn("a")), purpose="evolve")
        during(server, ledger, lambda chat: chat.reply(turn("b")), purpose="check")
    assert ledger.spent("evolve") == Spent(1, 1000, 500, 0.003)
    assert ledger.spent() == Spent(2, 2000, 1000, 0.006)


def test_tokens_are_estimated_if_the_server_does_not_count_them(ledger: Ledger) -> None:
    with chat_server() as server:
        during(server, ledger, lambda chat: chat.reply(turn("x" * 300)))
    assert ledger.spent()[1:3] == (101, estimated_tokens("echo " + "x" * 300))


def test_a_refused_request_costs_nothing(ledger: Ledger) -> None:
    with chat_server(lambda _: (400, {"error": "no"})) as server, pytest.raises(Exception, match="400"):
        during(server, ledger, lambda chat: chat.reply(turn("tea")))
    assert ledger.spent() == Spent()


@pytest.mark.parametrize("limits", [{"max_tokens": 5000}, {"max_cost": 0.01}])
def test_no_request_is_sent_that_might_exceed_the_limit(ledger: Ledger, limits: dict[str, Any]) -> None:
    budget = Budget(**limits)

    async def many(chat: PaidClient) -> None:
        for n in range(9):
            await chat.reply(turn(f"{n}" * 3000))

    with chat_server(counted) as server, pytest.raises(BudgetSpent) as caught:
        during(server, ledger, many, budget)
    assert len(server.requests) == ledger.spent().calls == 2
    assert "3,000 tokens" in caught.value.message
    assert "--resume" in caught.value.hint


def test_requests_in_flight_count_against_the_limit_until_it_is_known(ledger: Ledger) -> None:
    """Four requests can take 364 + 100 tokens each but take only 15: all fit below 600, one at a time."""
    budget = Budget(max_tokens=600)

    async def four(chat: PaidClient) -> None:
        await asyncio.gather(*(chat.reply(turn(f"{n}" * 300)) for n in range(4)))

    def short(_: Body) -> tuple[int, Body]:
        return completion("ok", usage=(10, 5))

    with chat_server(short) as server:
        during(server, ledger, four, budget)
    assert server.most_in_flight == 1
    assert budget.spent == Spent(4, 40, 20, pytest.approx(0.00012))


def test_replies_on_disk_are_free(ledger: Ledger) -> None:
    with chat_server(counted) as server:
        during(server, ledger, lambda chat: chat.reply(turn("tea")))
        during(server, ledger, lambda chat: chat.reply(turn("tea")), Budget(max_tokens=1))
    assert len(server.requests) == 1


@pytest.mark.parametrize("asked", [{"temperature": 0.25}, {"seed": 7}, {"top_logprobs": 3}])
def test_each_setting_of_a_request_is_sent_and_makes_it_another_request(
    ledger: Ledger, asked: dict[str, Any]
) -> None:
    with chat_server(counted) as server:
        during(server, ledger, lambda chat: chat.reply(turn("tea")))
        during(server, ledger, lambda chat: chat.reply(turn("tea"), **asked))
    plain, other = server.requests
    (name,) = asked
    assert plain.get(name) != other[name] == asked[name]


@pytest.mark.parametrize(
    "reply",
    [
        Reply("warm", None, True, (("yes", -0.5), ("no", -1.5)), None),
        Reply("", "hm", True, (), Usage(3, 4)),
    ],
)
def test_a_saved_reply_is_read_back_as_it_was(ledger: Ledger, reply: Reply) -> None:
    assert ledger.get("key") is None
    keep(ledger, reply)
    assert ledger.get("key") == reply


def keep(ledger: Ledger, reply: Reply) -> None:
    """As if the request with the key `key` had been sent and answered."""
    ledger.receive(ledger.send("respond", Spent(1, 30, 40, 5.0)), "key", reply, Spent(1, 3, 4, 0.5))


def test_of_two_replies_to_one_request_both_are_paid_for_and_the_first_is_found(ledger: Ledger) -> None:
    first, second = (Reply(text, None, False) for text in ("first", "second"))
    for reply in (first, second):
        keep(ledger, reply)
    assert ledger.get("key") == first
    assert ledger.spent() == ledger.spent("respond") == Spent(2, 6, 8, 1.0)
    assert ledger.spent("check") == Spent()


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_reply_is_paid_for_but_not_found_again(ledger: Ledger, text: str) -> None:
    keep(ledger, Reply(text, "hm", False))
    assert ledger.get("key") is None
    assert ledger.spent() == Spent(1, 3, 4, 0.5)
    keep(ledger, Reply("warm", None, False))
    assert ledger.get("key") == Reply("warm", None, False)
    assert ledger.spent() == Spent(2, 6, 8, 1.0)


def test_a_request_without_a_reply_counts_as_the_most_it_can_cost(ledger: Ledger) -> None:
    ledger.send("respond", Spent(1, 30, 40, 5.0))
    assert (ledger.spent(), ledger.lost()) == (Spent(), Spent(1, 30, 40, 5.0))


def broken(answers: list[tuple[int, Any]]) -> Callable[[Body], tuple[int, Any]]:
    """Gives these answers first, then good ones."""
    return lambda body: answers.pop(0) if answers else counted(body)


GARBAGE = (200, '{"choices": [{"mess')


@pytest.mark.parametrize(
    ("answer", "lost"),
    [
        (GARBAGE, Spent(1, 67, 100, 0.000334)),
        ((504, {"error": "gateway"}), Spent(1, 67, 100, 0.000334)),
        ((500, {"error": "down"}), Spent()),
        ((200, {"error": {"message": "overloaded", "code": 503}}), Spent()),
    ],
)
def test_what_the_server_may_charge_for_without_a_reply_counts(
    ledger: Ledger, answer: tuple[int, Any], lost: Spent
) -> None:
    budget = Budget()
    with chat_server(broken([answer])) as server:
        during(server, ledger, lambda chat: chat.reply(turn("tea")), budget, retries=1)
    assert len(server.requests) == 2
    assert budget.lost == ledger.lost() == pytest.approx(lost)
    assert budget.spent == ledger.spent() == Spent(1, 1000, 500, 0.003)


def test_lost_requests_leave_no_room_in_the_budget(ledger: Ledger) -> None:
    """Each can take 67 + 100 tokens, so that two fit, and there is no third attempt."""
    budget = Budget(max_tokens=334)
    with chat_server(lambda _: GARBAGE) as server, pytest.raises(BudgetSpent) as caught:
        during(server, ledger, lambda chat: chat.reply(turn("tea")), budget, retries=9)
    assert len(server.requests) == 2
    assert "and up to 2 calls, 334 tokens, cost 0.0007 without a reply" in caught.value.message


def test_a_reply_that_is_waited_for_when_the_process_ends_counts(ledger: Ledger) -> None:
    async def leave(chat: PaidClient) -> None:
        waiting = asyncio.create_task(chat.reply(turn("tea")))
        while not server.requests:
            await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    def slow(body: Body) -> tuple[int, Body]:
        time.sleep(0.3)
        return counted(body)

    with chat_server(slow) as server:
        during(server, ledger, leave)
    assert ledger.lost().tokens == 167


@pytest.mark.parametrize("text", ["", "tea", "红茶", "🍵" * 50, "0123456789" * 9])
def test_no_tokenizer_makes_more_tokens_than_bytes(text: str) -> None:
    assert most_tokens([{"role": "user", "content": text}]) >= len(text.encode()) + 32


def test_thinking_is_paid_for_too(ledger: Ledger) -> None:
    def thoughtful(_: Body) -> tuple[int, Body]:
        return completion("ok", reasoning_content="h" * 300)

    with chat_server(thoughtful) as server:
        during(server, ledger, lambda chat: chat.reply(turn("tea")))
    assert ledger.spent()[1:3] == (2, 101)


@pytest.mark.parametrize(("text", "tokens"), [("", 1), ("ab", 1), ("abc", 2), ("红茶", 3), ("\ud800", 1)])
def test_an_estimate_counts_three_bytes_as_a_token_and_one_more(text: str, tokens: int) -> None:
    assert estimated_tokens(text) == tokens


def test_what_was_spent_is_said_in_calls_tokens_and_money() -> None:
    assert str(Spent(1200, 1000, 500, 0.003)) == "1,200 calls, 1,500 tokens, cost 0.0030"


async def reserve(budget: Budget, most: Spent, error: type[Exception] | None = None) -> None:
    async with budget.room(most):
        if error:
            raise error


@pytest.mark.parametrize("limits", [{"max_tokens": 30}, {"max_cost": 0.5}])
def test_the_budget_can_be_used_up_exactly(limits: dict[str, Any]) -> None:
    budget = Budget(**limits)
    budget.spent = Spent(1, 10, 5, 0.25)
    asyncio.run(reserve(budget, Spent(1, 10, 5, 0.25)))
    with pytest.raises(BudgetSpent, match=r"1 calls, 15 tokens, cost 0\.2500; .* may take 16 tokens"):
        asyncio.run(reserve(budget, Spent(1, 10, 6, 0.26)))


@pytest.mark.parametrize("most", [Spent(1, 10, 5, 0.6), Spent(1, 26, 5, 0.5)])
def test_either_limit_stops_a_request(most: Spent) -> None:
    with pytest.raises(BudgetSpent):
        asyncio.run(reserve(Budget(max_tokens=30, max_cost=0.5), most))


def test_without_limits_everything_fits() -> None:
    asyncio.run(reserve(Budget(), Spent(1, 10**9, 10**9, 1e9)))


def test_a_request_that_fails_gives_its_room_back() -> None:
    budget, most = Budget(max_tokens=20), Spent(1, 10, 5)
    with pytest.raises(ValueError):  # noqa: PT011
        asyncio.run(reserve(budget, most, ValueError))
    asyncio.run(reserve(budget, most))


@pytest.mark.parametrize(("cost", "limits"), [(None, False), (0.0, True), (1.0, True)])
def test_a_limit_on_cost_is_known_even_if_it_is_zero(cost: float | None, limits: bool) -> None:
    assert Budget(max_cost=cost).limits_cost is limits
