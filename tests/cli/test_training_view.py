"""What a run shows: a line a step in a plain log, and the closing table in 80 columns."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from types import SimpleNamespace

import pytest
from rich.console import Console

from raif.stats import Interval
from raif.train.doctor import Finding
from raif.train.heldout import HeldOutRow, Report
from raif.train.loop import Step
from raif_cli import training_view
from raif_cli.training_view import COLUMNS, TrainingView, table

METRICS = {
    "step": 3,
    "phase": "grpo",
    "reward": 0.5,
    "tokens_per_second": 123.4,
    "seconds_left": 3723.0,
    "memory_gb": 2.04,
    "time_sync": 0.001,
    "time_rollout": 6.0,
    "time_update": 4.0,
}


@pytest.mark.parametrize("terminal", [True, False])
def test_a_step_shows_its_pace_memory_and_the_shares_of_its_parts(
    monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    console = Console(file=StringIO(), force_terminal=terminal, color_system=None, width=80)
    monkeypatch.setattr(training_view, "err", console)
    with TrainingView() as view:
        view.phase("training")
        view.step(Step(METRICS), 10)
    assert isinstance(console.file, StringIO)
    shown = console.file.getvalue()
    assert "tok/s 123  left 1:02:03  GB 2.0  rollout 60%  update 40%" in " ".join(shown.split("\n"))
    if not terminal:
        assert shown.splitlines()[1:] == [
            "step 3  reward +0.50  tok/s 123  left 1:02:03  GB 2.0  rollout 60%  update 40%"
        ]


def test_a_log_says_every_ten_seconds_how_far_a_phase_is(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter((100.0, 105.0, 110.0, 110.0, 119.0, 121.0, 121.0))
    monkeypatch.setattr(training_view, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    console = Console(file=StringIO(), width=80)
    monkeypatch.setattr(training_view, "err", console)
    view = TrainingView()
    view.phase("held-out answers: untrained")
    for done in (1, 20, 30, 1200):
        view.progress(done, 2000)
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue().splitlines() == [
        "held-out answers: untrained",
        "held-out answers: untrained: 20 of 2,000",
        "held-out answers: untrained: 1,200 of 2,000",
    ]


def test_a_log_has_each_sentence_of_a_finding_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=StringIO(), width=40)
    monkeypatch.setattr(training_view, "err", console)
    what, advice = "the same four words " * 5, "See samples/. " * 5
    TrainingView().finding(3, Finding("answers become alike", what, advice))
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue() == f"step 3: answers become alike: {what}\n  {advice}\n"


def test_the_closing_table_is_whole_in_80_columns(tmp_path_factory: pytest.TempPathFactory) -> None:
    report = Report(tmp_path_factory.mktemp("run"), writes=False)
    share = Interval(1.0, 0.971, 1.0)
    for name in ("untrained", "whole recipe", "thinking where it helps", "expert answers"):
        report.rows[name] = HeldOutRow(
            name, 200, share, share, share, share, 1.0, 0.0, -12.34, 12345.0, 1.0, {}
        )
        measured = {"relevant": share, "relevance_gain": 12.34, "followed_relevant": share}
        measured |= {"alike": 1.0, "echoed": 1.0}
        report.rows[name] = replace(report.rows[name], **measured)
    console = Console(file=StringIO(), width=80)
    console.print(table(report))
    assert isinstance(console.file, StringIO)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in "".join(lines)
    words = " ".join(lines).split()
    assert all(word in words for title in COLUMNS for word in title.split())
    assert words.count("100.0%") == 28  # four rates, repetition, likeness and echoes, in each of four rows
    assert words.count("97–100%") == 12
    assert [line.split()[0] for line in lines if "it helps" in line] == ["it"]
    assert sum("expert answers" in line for line in lines) == 1
