"""The live view of a training run on stderr, and its closing table."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from rich.box import SIMPLE
from rich.console import Group as Lines
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from raif.stats import Interval
from raif.train.doctor import Finding
from raif.train.heldout import HeldOutRow, Report
from raif.train.log import Events
from raif.train.loop import Step
from raif_cli.console import err
from raif_cli.progress import EVERY

SHOWN = (
    ("step", "step", "d"),
    ("reward", "reward", "+.2f"),
    ("reward_accuracy", "accuracy", "+.2f"),
    ("reward_accuracy_plain", "plain", "+.2f"),
    ("format_share", "format", ".0%"),
    ("keep_ratio", "kept", ".0%"),
    ("kl", "KL", ".3f"),
    ("entropy", "entropy", ".2f"),
    ("response_tokens", "tokens", ".0f"),
    ("truncated_share", "cut", ".0%"),
    ("cloning_loss", "cloning", ".3f"),
    ("eval/heldout/constraints", "held-out", ".1%"),
)
RECENT = 12
NAME_WIDTH = len("thinking where")  # and "expert answers"; each row has two lines anyway
COLUMNS = (
    "constraints\nfollowed",
    "prompts\nfollowed",
    "and\nrelevant",
    "relevant\n(gain)",
    "fluency\nformat",
    "alike\nechoed",
    "words\nrepeated",
)


class TrainingView(Events):
    """A table of the latest steps, their pace, and a bar for the phase. Without a terminal: a line a step,
    and in long phases one now and then."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=err,
        )
        self._task = self._bar.add_task("starting", total=None)
        self._phase, self._said = "", 0.0  # and when a line was last written
        self._steps: list[Step] = []
        self._live = Live(console=err, get_renderable=self._render, refresh_per_second=4)

    def __enter__(self) -> Self:
        if err.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def phase(self, name: str) -> None:
        self._bar.reset(self._task, description=name, total=None)
        self._phase, self._said = name, time.monotonic()
        if not err.is_terminal:
            err.print(name, markup=False)

    def note(self, line: str) -> None:
        err.print(Text(line, style="yellow"), soft_wrap=True)

    def progress(self, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total)
        if not err.is_terminal and time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            err.print(f"{self._phase}: {done:,} of {total:,}", markup=False, highlight=False)

    def step(self, step: Step, total: int) -> None:
        self._steps = [*self._steps[1 - RECENT :], step]
        done = step.metrics["step"]
        self._bar.update(self._task, completed=done, total=max(total, done))
        if not err.is_terminal:
            cells = [f"{title} {_cell(step, key, form)}" for key, title, form in SHOWN if key in step.metrics]
            err.print("  ".join([*cells, *_pace(step.metrics)]), markup=False, soft_wrap=True)

    def finding(self, step: int, finding: Finding) -> None:
        said = f"step {step}: {finding.name}: {finding.what}\n  {finding.advice}"
        err.print(Text(said, style="yellow"), soft_wrap=True)

    def _render(self) -> Lines:
        table = Table(*(title for _, title, _ in SHOWN), box=None)
        for step in self._steps:
            table.add_row(*(_cell(step, key, form) for key, _, form in SHOWN))
        if not self._steps:
            return Lines(self._bar)
        return Lines(table, Text("  ".join(_pace(self._steps[-1].metrics))), self._bar)


def _pace(metrics: Mapping[str, Any]) -> list[str]:
    """How fast the step was, how long the run will take, its memory, and the parts' shares of the step."""
    times = {key.removeprefix("time_"): value for key, value in metrics.items() if key.startswith("time_")}
    whole = sum(times.values())
    shares = [f"{name} {value / whole:.0%}" for name, value in times.items() if value >= whole / 200]
    return [
        f"tok/s {metrics['tokens_per_second']:.0f}",
        f"left {timedelta(seconds=round(metrics['seconds_left']))}",
        f"GB {metrics['memory_gb']:.1f}",
        *(shares if len(shares) > 1 else ()),
    ]


def _cell(step: Step, key: str, form: str) -> str:
    return format(step.metrics[key], form) if key in step.metrics else ""


def table(report: Report) -> Table:
    """Before and after, on held-out records, with 95% intervals. It fits into 80 columns."""
    shown = Table(title="Held-out prompts, greedy answers, 95% intervals", box=SIMPLE, padding=0)
    shown.add_column("", max_width=NAME_WIDTH)
    for title in COLUMNS:
        shown.add_column(title, justify="right", no_wrap=True)
    for row in report.rows.values():
        shown.add_row(row.name, *_cells(row))
    return shown


def _cells(row: HeldOutRow) -> list[str]:
    rates = [_interval(i) for i in (row.constraints, row.followed, row.followed_relevant)]
    relevant = "" if row.relevant is None else f"{row.relevant.value:.1%}"
    gain = "" if row.relevance_gain is None else f"\n({row.relevance_gain:.2f})"
    fluency = "" if row.fluency is None else f"{row.fluency:.2f}"
    alike, echoed = ("" if share is None else f"{share:.1%}" for share in (row.alike, row.echoed))
    length = f"{row.words:.0f}\n{row.repetition:.1%}"
    return [
        *rates,
        relevant + gain,
        f"{fluency}\n{row.format_share:.0%}",
        f"{alike}\n{echoed}",
        length,
    ]


def _interval(interval: Interval | None) -> str:
    if interval is None:
        return ""
    return f"{interval.value:.1%}\n{interval.low * 100:.0f}–{interval.high:.0%}"
