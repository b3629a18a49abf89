"""Reports on a terminal: no number is broken over lines, however narrow it is."""

from __future__ import annotations

import re

import pytest
from rich.console import Console

from raif.eval.rates import Row, Table
from raif.stats import Interval
from raif_cli import eval_view

COLUMNS = ("prompts, strict", "instructions, strict", "prompts, loose", "instructions, loose", "mean")
VALUES = tuple(Interval(n / 10, n / 10 - 0.05, n / 10 + 0.05) for n in range(1, 6))
INTERVALS = ["[5.0, 15.0]", "[15.0, 25.0]", "[25.0, 35.0]", "[35.0, 45.0]", "[45.0, 55.0]"]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_intervals_are_whole(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    terminal = Console(width=width, record=True)
    monkeypatch.setattr(eval_view, "out", terminal)
    name = "language:a-very-long-name of many words"
    with terminal.capture() as said:
        eval_view._print_rates(Table("kind", COLUMNS, (Row(name, 10, 20, VALUES),)), intervals=True)
    assert re.findall(r"\[[\d., ]+\]", said.get()) == INTERVALS
    assert max(map(len, said.get().splitlines())) <= width
    assert "…" not in said.get()
    assert ("10.00 [5.0, 15.0]" in said.get()) is (width == 200)
