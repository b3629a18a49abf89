import threading
import time
from collections.abc import Iterator

import pytest

from raif.verdicts.stream import ahead


def test_items_come_in_order() -> None:
    assert list(ahead(iter(range(100)), 7)) == list(range(100))


def test_an_item_comes_before_the_next_one_is_there() -> None:
    second = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        assert second.wait(10)
        yield 2

    found = ahead(items(), 4)
    assert next(found) == 1
    second.set()
    assert list(found) == [2]


def test_no_more_items_are_fetched_than_allowed() -> None:
    fetched = 0

    def items() -> Iterator[int]:
        nonlocal fetched
        while fetched < 100:
            fetched += 1
            yield fetched

    found = ahead(items(), 5)
    next(found)
    time.sleep(0.2)
    assert fetched <= 1 + 5 + 1  # taken, waiting, and the one for which there is no room yet


def test_an_error_comes_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("here")

    found = ahead(items(), 5)
    assert next(found) == 1
    with pytest.raises(ValueError, match="here"):
        next(found)


def test_leaving_early_ends_the_thread() -> None:
    before = threading.active_count()
    found = ahead(iter(range(10**9)), 3)
    next(found)
    time.sleep(0.1)  # until it waits for room
    found.close()  # type: ignore[attr-defined]
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before
