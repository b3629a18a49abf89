"""Columns that the user names."""

from __future__ import annotations

from typing import Any

import pytest

from raif.config.staged import Columns
from raif.data.staged.layouts import UserRequest
from raif.data.staged.layouts.mapped import mapped
from raif.errors import ConfigError

ASKED = "How do bees find their way home?"
TURNS = [{"role": "user", "content": ASKED}]


@pytest.mark.parametrize(
    ("columns", "row", "request_"),
    [
        ({"prompt": "q"}, {"q": ASKED, "prompt": "another"}, UserRequest(ASKED)),
        ({"prompt": "q", "system": "s"}, {"q": ASKED, "s": "Be kind."}, UserRequest(ASKED, "Be kind.")),
        ({"prompt": "q", "reference": "a"}, {"q": ASKED, "a": 42}, UserRequest(ASKED, reference="42")),
        ({"prompt": "q"}, {"q": TURNS}, UserRequest(ASKED)),
        (
            {"messages": "chat", "system": "s"},
            {"chat": TURNS, "s": "Be kind."},
            UserRequest(ASKED, "Be kind."),
        ),
        ({"prompt": "body.question"}, {"body": {"question": ASKED}}, UserRequest(ASKED)),
        ({"prompt": "turns.0"}, {"turns": [ASKED, "And at night?"]}, UserRequest(ASKED)),
        ({"prompt": "a.b"}, {"a.b": ASKED, "a": {"b": "another"}}, UserRequest(ASKED)),
        ({"prompt": "q"}, {"q": ASKED, "language": "en"}, UserRequest(ASKED, language="en")),
        ({"prompt": "q"}, {"q": None}, None),
        ({"prompt": "q"}, {"other": ASKED}, None),
        ({"prompt": "turns.2"}, {"turns": [ASKED]}, None),
    ],
)
def test_columns(columns: dict[str, str], row: dict[str, Any], request_: UserRequest | None) -> None:
    assert mapped(row, Columns(**columns)) == request_


@pytest.mark.parametrize("columns", ["{system: s}", "{prompt: p, messages: m}", "{promt: p}"])
def test_one_column_has_the_request(columns: str) -> None:
    from raif.config.staged import load_either

    with pytest.raises(ConfigError, match="columns"):
        load_either(overrides=["mode=staged", f"select.sources=[{{path: x.jsonl, columns: {columns}}}]"])
