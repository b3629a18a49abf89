"""How far a command is: plain lines where there is no terminal, and how long it will take."""

from __future__ import annotations

import pytest
from rich.console import Console

from raif_cli import progress
from raif_cli.progress import Watched


class Clock:
    """Seconds that pass when a test says so."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(progress, "time", found)
    return found


def steps(clock: Clock, seconds: float) -> None:
    """Four things, 50 tokens each; one was done before."""
    with Watched() as watched:
        work = watched.work("answers")
        work(1, 5)
        for done in range(2, 6):
            clock.now += seconds
            work(done, 5, 50)


def test_a_pipe_gets_a_line_every_ten_seconds_and_the_last(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    steps(clock, 6)
    assert capsys.readouterr().err.splitlines() == [
        "answers: 3 of 5, 8 tokens/s, 0:00:12 left",
        "answers: 5 of 5, 8 tokens/s, took 0:00:24",
    ]


def test_the_first_answers_of_many_say_nothing_about_the_rest(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with Watched() as watched:
        work = watched.work("answers")
        work(0, 300)
        for done in (1, 192, 300):
            clock.now += 192
            work(done, 300)
    assert capsys.readouterr().err.splitlines() == [
        "answers: 1 of 300",
        "answers: 192 of 300, 0:03:36 left",
        "answers: 300 of 300, took 0:09:36",
    ]


def test_what_ends_early_says_how_far_it_came(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        with Watched() as watched:
            watched.work("tag")(3, note="12 calls")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert capsys.readouterr().err == "tag: 3, 12 calls\n"


def test_a_terminal_gets_a_bar_that_goes_away(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Console(force_terminal=True, color_system=None, width=100)
    monkeypatch.setattr(progress, "err", terminal)
    with terminal.capture() as said:
        steps(clock, 6)
    assert "5/5 8 tokens/s, took 0:00:24" in said.get()
    assert "answers: 5 of 5" not in said.get()
