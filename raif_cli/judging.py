"""The judge options of `raif verify`, and the audit of a judge."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

if TYPE_CHECKING:
    from raif.judge.judge import Judge
    from raif.types import Instruction, Relevance
    from raif.verdicts.stream import Measure

PANEL = "Questions"
Url = Annotated[
    str | None,
    typer.Option(
        "--judge-url",
        help="Have the model on this server judge the records' questions, e.g. http://127.0.0.1:8000/v1.",
        rich_help_panel=PANEL,
    ),
]
Model = Annotated[
    str | None,
    typer.Option("--judge-model", help="The server's name for the judge.", rich_help_panel=PANEL),
]
Cache = Annotated[
    Path | None,
    typer.Option(
        "--judge-cache",
        help="SQLite file that keeps the judgments, so that no question is asked twice.",
        rich_help_panel=PANEL,
    ),
]
Concurrency = Annotated[
    int, typer.Option("--judge-concurrency", min=1, help="Requests in flight at once.", rich_help_panel=PANEL)
]
Prompts = Annotated[
    Path | None,
    typer.Option(
        "--judge-prompts",
        help="Folder with your own en.yaml (and zh.yaml) instead of the shipped prompts.",
        rich_help_panel=PANEL,
    ),
]
AuditFile = Annotated[
    Path | None,
    typer.Option(
        "--judge-audit",
        metavar="FILE",
        help="Compare the judge with labels instead of checking responses. JSONL with `prompt`, `response`, "
        "`question`, `label` (true if yes is right) and optionally `language` (en, zh). Prints precision, "
        "recall, agreement, kappa and the share left unjudged, with 95% intervals, as JSON.",
        rich_help_panel=PANEL,
    ),
]


@contextmanager
def judging(
    url: str | None, model: str | None, cache: Path | None, concurrency: int, prompts: Path | None
) -> Iterator[Judge | None]:
    """The judge that the options name, closed at the end; None if they name none."""
    if url is None and model is None:
        yield None
        return
    if url is None or model is None:
        raise typer.BadParameter("--judge-url and --judge-model go together")
    from raif.config.base import validate
    from raif.config.judge import JudgeConfig
    from raif.judge.judge import Judge

    endpoint = {"base_url": url, "concurrency": concurrency}
    keys = {"model": model, "endpoint": endpoint, "cache": cache, "prompts": prompts}
    with Judge(validate(JudgeConfig, keys, {}, "--judge-url")) as judge:
        yield judge


def measuring(named: str | None, judge: Judge | None) -> Measure | None:
    """What measures relevance: the judge, or the model at a path, loaded when it is needed."""
    if named is None:
        return None
    if named == "judge":
        if judge is None:
            raise typer.BadParameter("judge needs --judge-url and --judge-model", param_hint="--relevance")
        asking = judge
        return lambda answered: asking.relevance([(i.prompt, i.language, text) for i, text in answered])

    def measure(answered: Sequence[tuple[Instruction, str]]) -> Sequence[Relevance]:
        from raif.errors import require

        require("torch", "transformers", extra="train")
        from raif.models.relevance import Asked, open_meter

        pairs = [(Asked(instruction.messages, instruction.language), text) for instruction, text in answered]
        asked = [one for one, _ in pairs]
        return open_meter(named, asked, dtype="float32", device="auto").of(pairs) if pairs else []

    return measure


def own_stdin() -> BinaryIO:
    """Standard input with its own buffer.

    A thread that reads ahead can still be waiting for input when the program ends. Python would abort if that
    were the buffer of `sys.stdin`, which is closed then.
    """
    return os.fdopen(sys.stdin.fileno(), "rb", closefd=False)


def run_audit(file: Path, judge: Judge | None, *, quiet: bool) -> None:
    """Ask the judge about all pairs; print JSON on stdout and a table on stderr."""
    from rich.table import Table

    from raif.files import jsonl
    from raif.judge.audit import MEASURES, audit, read
    from raif_cli.console import err

    if judge is None:
        raise typer.BadParameter("--judge-audit needs --judge-url and --judge-model")
    found = audit(judge, read(file))
    jsonl.write(sys.stdout.buffer, [found])
    if quiet:
        return
    table = Table(box=None)
    for heading in ("judge", f"{found.pairs} pairs", "95% interval"):
        table.add_column(heading, justify="left" if heading == "judge" else "right")
    for name in MEASURES:
        rate = getattr(found, name)
        shown = ("-", "") if rate is None else (f"{rate.value:.3f}", f"{rate.low:.3f} to {rate.high:.3f}")
        table.add_row(name, *shown)
    err.print(table)
