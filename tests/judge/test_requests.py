"""Requests to a judge in rounds, each saved as its reply comes. Over a whole evaluation: tests/eval."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from raif.config.judge import JudgeConfig
from raif.config.models import EndpointConfig, SamplingConfig
from raif.judge.requests import JudgeRequest, Replies, Rounds
from raif.types import Message
from tests.chat_server import chat_server, completion

LINE: dict[str, Any] = {
    "id": "a",
    "key": "1",
    "model": "j",
    "settings": {"attempts": 3, "temperature": 0.0, "max_tokens": 2048},
    "prompt_hash": "5d92ea58ab998cd7",
    "reply": "kept",
    "reasoning": None,
    "truncated": False,
    "attempts": 1,
    "readable": True,
    "refused": None,
}
"""A line as it has always been written: the reply of this judge to the request `first`."""


def rounds(path: Path, base_url: str, **how: Any) -> Rounds:
    endpoint = EndpointConfig(base_url=base_url, retries=0)
    config = JudgeConfig(model="j", endpoint=endpoint, sampling=SamplingConfig(max_tokens=2048))
    return Rounds(config, path, **how)


def replies(path: Path, base_url: str, ask: Any) -> Replies:
    return rounds(path, base_url).replies({"a": ask}, lambda done, total: None)["a"]


def two_rounds(replies: Replies) -> list[JudgeRequest]:
    """Two questions in one growing dialogue."""
    turns = [Message(role="user", content="first")]
    if "1" in replies:
        turns += [Message(role="assistant", content=replies["1"]), Message(role="user", content="second")]
    return [JudgeRequest(str(n), tuple(turns[: 2 * n - 1])) for n in range(1, len(turns) // 2 + 2)]


def test_rounds_build_on_the_replies_before(tmp_path: Path) -> None:
    with chat_server() as server:
        found = replies(tmp_path / "judgments.jsonl", server.base_url, two_rounds)
    assert found == {"1": "echo first", "2": "echo second"}
    assert [len(body["messages"]) for body in server.requests] == [1, 3]


def test_a_file_of_an_earlier_version_is_used(tmp_path: Path) -> None:
    (tmp_path / "judgments.jsonl").write_text(json.dumps(LINE) + "\n")
    with chat_server() as server:
        found = replies(tmp_path / "judgments.jsonl", server.base_url, two_rounds)
    assert found == {"1": "kept", "2": "echo second"}
    assert server.asked == ["second"]


@pytest.mark.parametrize(
    ("readable", "later", "now", "reply", "outlasting"),
    [
        (True, None, "new", "new", 0),
        (True, None, "?", "kept", 1),
        (False, None, "?", "?", 0),
        (True, False, "?", "kept", 1),  # as a file of an earlier run has it
        (True, False, "new", "new", 0),
    ],
)
def test_a_reply_is_replaced_by_one_that_can_be_read(
    readable: bool, later: bool | None, now: str, reply: str, outlasting: int, tmp_path: Path
) -> None:
    known = [LINE | {"readable": readable}]
    if later is not None:
        known.append(LINE | {"readable": later, "reply": "??"})
    path = tmp_path / "judgments.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in known))

    def ask(replies: Replies) -> list[JudgeRequest]:
        return [JudgeRequest("1", (Message(role="user", content="first"),), lambda text: text == "new")]

    with chat_server(lambda body: completion(now)) as server:
        again = rounds(path, server.base_url, again=True)
        assert again.replies({"a": ask}, lambda done, total: None) == {"a": {"1": reply}}
        assert again.outlasting == outlasting
        server.requests = []
        after = rounds(path, server.base_url)
        assert after.replies({"a": ask}, lambda done, total: None) == {"a": {"1": reply}}
    assert (after.outlasting, server.requests) == (outlasting, [])


@pytest.mark.parametrize(
    "other", [{"model": "k"}, {"prompt_hash": "0"}, {"settings": LINE["settings"] | {"attempts": 2}}]
)
def test_another_judge_request_or_setting_is_not_reused(tmp_path: Path, other: dict[str, Any]) -> None:
    (tmp_path / "judgments.jsonl").write_text(json.dumps(LINE | other) + "\n")
    with chat_server() as server:
        assert replies(tmp_path / "judgments.jsonl", server.base_url, two_rounds)["1"] == "echo first"
