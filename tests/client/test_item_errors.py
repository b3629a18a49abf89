"""Which errors end a run, and what is said of them then."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from raif.client.chat import Halted
from raif.client.item_errors import REASONS, ItemErrors, by_words, worst
from raif.errors import EndpointError, FailedRequest, RefusedRequest


def halted(errors: ItemErrors) -> bool:
    slots = errors.slots(1)
    errors.add("last", RefusedRequest("too long", reason="HTTP 400"))
    try:
        asyncio.run(slots.open())
    except Halted:
        return True
    return False


@pytest.mark.parametrize(("most", "ends"), [(0, True), (1, True), (2, False), (None, False)])
def test_more_failures_than_are_allowed_end_a_run(most: int | None, ends: bool) -> None:
    errors = ItemErrors(most=most)
    errors.add("first", RefusedRequest("too long", reason="HTTP 400"))
    assert halted(errors) is ends
    if ends:
        with pytest.raises(EndpointError, match="2 items failed"):
            errors.check()
    else:
        errors.check()


def test_an_error_of_all_requests_ends_a_run_whatever_is_allowed() -> None:
    errors = ItemErrors(most=None)
    errors.add("first", EndpointError("no such key", "Give one."))
    assert halted(errors)
    with pytest.raises(
        EndpointError, match=r"^no such key\nGive one\.\nAll replies so far are kept\. Go on with"
    ):
        errors.check()


def test_an_error_of_all_requests_is_what_is_said_even_if_others_came_before() -> None:
    errors = ItemErrors(most=0)
    errors.add("first", FailedRequest("too long"))
    errors.add("second", EndpointError("no such key"))
    with pytest.raises(EndpointError, match=r"^no such key"):
        errors.check()


def test_each_error_is_on_disk_at_once(tmp_path: Path) -> None:
    errors = ItemErrors("judge", tmp_path / "errors.jsonl", None)
    errors.add("a", RefusedRequest("HTTP 400: too long", reason="HTTP 400"))
    (line,) = (tmp_path / "errors.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line) == {
        "asked": "judge",
        "id": "a",
        "reason": "HTTP 400",
        "error": "HTTP 400: too long",
    }


def test_words_that_differ_in_numbers_alone_are_counted_together() -> None:
    said = ["no", "9000 tokens\n  are too many", "9001 tokens are too many"]
    assert by_words(said) == {"9000 tokens are too many": 2, "no": 1}
    assert list(by_words(said)) == ["9000 tokens are too many", "no"]


def test_of_many_words_the_most_frequent_are_listed() -> None:
    said = [letter * 2 for letter in "abcdefghijklmnop"] + ["aa"]
    found = by_words(said)
    assert (len(found), found["aa"], found["for other reasons"]) == (REASONS + 1, 2, 16 - REASONS)
    assert sum(found.values()) == len(said)


def test_a_bug_is_worse_than_an_error_and_an_error_than_what_was_not_sent() -> None:
    bug, every, one, unsent = ValueError(), EndpointError("all"), RefusedRequest("one"), Halted()
    assert worst([unsent, one, every, bug]) is bug
    assert worst([unsent, one, every]) is every
    assert worst([unsent, one]) is one
