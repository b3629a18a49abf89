"""`raif verify`: parse, call the library, draw the tally."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from raif.dialect import Dialect
from raif.reasoning import Style
from raif_cli import judging
from raif_cli.kinds_view import print_kinds

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from raif.judge.judge import Judge
    from raif.verdicts.stream import Count, Tally


File = Annotated[Path, typer.Argument(metavar="[FILE|-]", help="JSONL of records, each with its `response`.")]
Responses = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="JSONL of answers kept apart: `key`, `id` or `prompt`."),
]
Think = Annotated[Style, typer.Option(help="How the thinking is marked that comes before the answer.")]
Semantics = Annotated[
    Dialect | None,
    typer.Option("--dialect", help="Whose meaning of the kinds holds, whatever a record says."),
]
FailUnder = Annotated[
    float | None, typer.Option(min=0, max=1, help="Exit 1 where the strict prompt-level rate is lower.")
]
ListKinds = Annotated[bool, typer.Option("--list", help="Print all kinds, in all semantics, with examples.")]
Selftest = Annotated[bool, typer.Option("--selftest", help="Check every kind on its examples.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="How many processes check; order is kept.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No summary.")]


def verify(
    file: File = Path("-"),
    responses: Responses = None,
    think: Think = "none",
    dialect: Semantics = None,
    fail_under: FailUnder = None,
    jobs: Jobs = 1,
    list_kinds: ListKinds = False,
    selftest: Selftest = False,
    quiet: Quiet = False,
    judge_url: judging.Url = None,
    judge_model: judging.Model = None,
    judge_cache: judging.Cache = None,
    judge_concurrency: judging.Concurrency = 16,
    judge_prompts: judging.Prompts = None,
    judge_audit: judging.AuditFile = None,
) -> None:
    """Check responses against the constraints of their records; the records come out with their verdicts.

    Takes our records and IFEval's. A line that can't be used stays in its place with an `error`; the exit
    code is then 3.
    """
    named = judging.judging(judge_url, judge_model, judge_cache, judge_concurrency, judge_prompts)
    if list_kinds:
        print_kinds()
    elif selftest:
        from raif_cli.selftest import show_selftest

        show_selftest()
    elif judge_audit:
        with named as judge:
            judging.run_audit(judge_audit, judge, quiet=quiet)
    else:
        with named as judge:
            tally = _checked(file, responses, jobs, judge, think=think, dialect=dialect)
        _conclude(tally, fail_under, quiet)


def _checked(file: Path, responses: Path | None, jobs: int, judge: Judge | None, **how: Any) -> Tally:
    """What the records add up to, which go to standard output with their verdicts."""
    from raif.files import jsonl
    from raif.verdicts.stream import Tally, read_answers, verified

    if jobs > 1 and judge:
        raise typer.BadParameter(
            "leave it out with a judge, who is asked side by side anyway", param_hint="--jobs"
        )
    tally, source = Tally(), _source(file, own=judge is not None)
    how["answers"] = read_answers(responses) if responses else None
    if jobs == 1:
        jsonl.write(sys.stdout.buffer, verified(source, tally, judge=judge, **how))
    else:
        _write_in_parallel(source, tally, jobs, how)
    return tally


def _write_in_parallel(source: Path | BinaryIO, tally: Tally, jobs: int, how: dict[str, Any]) -> None:
    from raif.verdicts.parallel import verified_lines

    for lines in verified_lines(source, tally, jobs=jobs, **how):
        sys.stdout.buffer.write(lines)
        sys.stdout.buffer.flush()


def _conclude(tally: Tally, fail_under: float | None, quiet: bool) -> None:
    """The summary, and the exit code."""
    if not quiet:
        from raif_cli.console import err

        err.print(_summary(tally))
        if tally.errors:
            err.print(f"{tally.errors} bad lines: see their `error`", highlight=False)
    if tally.errors:
        raise typer.Exit(3)
    if fail_under is not None and (tally.prompts.rate(tally.prompts.strict) or 0) < fail_under:
        raise typer.Exit(1)


def _source(file: Path, *, own: bool) -> Path | BinaryIO:
    if str(file) != "-":
        return file
    if sys.stdin.isatty():
        raise typer.BadParameter("give a FILE, or pipe records in", param_hint="FILE")
    return judging.own_stdin() if own else sys.stdin.buffer


def _summary(tally: Tally) -> Table:
    from rich.table import Table

    table = Table(box=None)
    table.add_column("kind")
    for heading in ("n", "strict", "loose", "unjudged"):
        table.add_column(heading, justify="right")
    for name in sorted(tally.kinds):
        table.add_row(*_row(name, tally.kinds[name]))
    table.add_section()
    table.add_row(*_row("instructions", tally.instructions))
    table.add_row(*_row("prompts", tally.prompts))
    return table


def _row(name: str, count: Count) -> list[Text]:
    from rich.text import Text

    rates = [count.rate(count.strict), count.rate(count.loose)]
    shown = ["-" if rate is None else f"{rate:.1%}" for rate in rates]
    return [Text(cell) for cell in (name, str(count.n), *shown, str(count.unjudged))]
