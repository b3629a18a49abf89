"""The live view of a training run on stderr, and its closing table."""

from __future__ import annotations

from types import TracebackType
from typing import Self

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
)
RECENT = 12
COLUMNS = (
    "constraints\nfollowed",
    "prompts\nfollowed",
    "prompts\n(loose)",
    "format",
    "fluency",
    "words",
    "repeated",
)


class TrainingView(Events):
    """A bar for the phase and a table of the latest steps; plain lines where there is no terminal."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=err,
        )
        self._task = self._bar.add_task("starting", total=None)
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
        if not err.is_terminal:
            err.print(name, markup=False)

    def progress(self, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total)

    def step(self, step: Step, total: int) -> None:
        self._steps = [*self._steps[1 - RECENT :], step]
        self.progress(step.metrics["step"], max(total, step.metrics["step"]))
        if not err.is_terminal:
            cells = [f"{title} {_cell(step, key, form)}" for key, title, form in SHOWN if key in step.metrics]
            err.print("  ".join(cells), markup=False, soft_wrap=True)

    def finding(self, finding: Finding) -> None:
        err.print(Text(f"{finding.name}: {finding.what}\n  {finding.advice}", style="yellow"))

    def _render(self) -> Lines:
        table = Table(*(title for _, title, _ in SHOWN), box=None)
        for step in self._steps:
            table.add_row(*(_cell(step, key, form) for key, _, form in SHOWN))
        return Lines(table, self._bar) if self._steps else Lines(self._bar)


def _cell(step: Step, key: str, form: str) -> str:
    return format(step.metrics[key], form) if key in step.metrics else ""


def table(report: Report) -> Table:
    """Before and after, on held-out seeds, with 95% intervals."""
    shown = Table(title="Held-out prompts, greedy answers, 95% intervals", box=SIMPLE, padding=(0, 1, 0, 0))
    shown.add_column("", no_wrap=True)
    for title in COLUMNS:
        shown.add_column(title, justify="right", no_wrap=True)
    for row in report.rows.values():
        shown.add_row(row.name, *_cells(row))
    return shown


def _cells(row: HeldOutRow) -> list[str]:
    fluency = "" if row.fluency is None else f"{row.fluency:.2f}"
    rates = [_interval(i) for i in (row.constraints, row.followed, row.followed_loose)]
    return [*rates, f"{row.format_share:.0%}", fluency, f"{row.words:.0f}", f"{row.repetition:.1%}"]


def _interval(interval: Interval | None) -> str:
    if interval is None:
        return ""
    return f"{interval.value:.1%}\n{interval.low:.0%} to {interval.high:.0%}"
