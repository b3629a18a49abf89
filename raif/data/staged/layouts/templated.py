"""Layouts with the columns `input` and `target`: the paper's released data, whose input is a whole chat in a
model's template, and data with a plain text there.
"""

from __future__ import annotations

import re

from raif.data.staged.layouts.chats import opening
from raif.data.staged.layouts.layout import LAYOUTS, Layout, Row, UserRequest, language_of, text_of
from raif.records import released

_MARK = re.compile(r"<\|\w+\|>|<｜\w+｜>|\[INST\]")
"""What chat templates put around a turn."""


def _templated(row: Row) -> UserRequest | None:
    try:
        turns = released.messages(text_of(row, "input"))
    except ValueError:
        return None
    return opening(row, turns)


def _plain(row: Row) -> UserRequest | None:
    text = text_of(row, "input")
    return UserRequest(text, language=language_of(row)) if text else None


def _in_template(row: Row) -> bool:
    return _MARK.search(text_of(row, "input")) is not None


LAYOUTS.add("released", Layout(("input", "target"), _templated, _in_template))
LAYOUTS.add("input", Layout(("input", "target"), _plain, lambda row: not _in_template(row)))
