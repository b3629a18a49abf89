"""What a server says of its model, and what replies took."""

from __future__ import annotations

import pytest

from raif.client.card import card
from raif.client.chat import Reply, Usage
from raif.client.used import Used, total
from raif.config.models import EndpointConfig
from tests.chat_server import chat_server


def test_the_models_own_entry_is_found() -> None:
    with chat_server() as server:
        endpoint = EndpointConfig(base_url=server.base_url)
        assert card(endpoint, "m") == {"id": "m", "max_model_len": 4096}
        assert card(endpoint, "another") is None


@pytest.mark.parametrize("path", ["", "/nowhere"])
def test_a_server_without_a_list_has_said_nothing(path: str) -> None:
    with chat_server() as server:
        base_url = f"http://127.0.0.1:{server.server_port}{path}" if path else "http://127.0.0.1:1/v1"
        assert card(EndpointConfig(base_url=base_url), "other") is None


def test_a_key_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    with chat_server() as server:
        card(EndpointConfig(base_url=server.base_url), "m")
        assert server.keys == ["Bearer secret"]


def test_what_one_reply_left_open_is_open_for_all() -> None:
    one = Used.by(Reply("x", None, False, usage=Usage(3, 2), seconds=1.5))
    assert one == Used(read=3, written=2, seconds=1.5)
    assert total([one, one]) == Used(replies=2, read=6, written=4, seconds=3)
    assert total([one, Used(seconds=1)]) == Used(replies=2, seconds=2.5)
    assert total([one, None]) is None
    assert total([]) is None
