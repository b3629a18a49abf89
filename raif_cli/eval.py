"""`raif eval`: parse, call the library, render its report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raif.reasoning import Style
from raif_cli.options import ConfigFile, DryRun, Overrides, Overwrite, Preset, Resume
from raif_cli.overrides import overrides

if TYPE_CHECKING:
    from rich.table import Table

    from raif.config.eval import EvalConfig
    from raif.eval.rates import Table as Rates
    from raif.eval.report import Report

Benchmark = Annotated[str, typer.Argument(help="Which benchmark: ifeval.", show_default=False)]
Model = Annotated[
    str | None, typer.Option("--model", "-m", help="A checkpoint; with --base-url the server's name for it.")
]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", help="Ask this server, e.g. http://127.0.0.1:8000/v1.")
]
Responses = Annotated[
    Path | None, typer.Option("--responses", help="Score the stored answers of this JSONL file.")
]
Data = Annotated[
    Path | None, typer.Option("--data", help="The benchmark's file. Default: from RAIF_BENCHMARK_DATA.")
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="The run's folder. Default: runs/eval-BENCHMARK-MODEL.")
]
Think = Annotated[
    Style | None, typer.Option("--think", help="How answers hold their thinking. Default: none.")
]
Limit = Annotated[int | None, typer.Option("--limit", help="Only so many items, drawn by the seed.")]
Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]
FailUnder = Annotated[
    float | None,
    typer.Option("--fail-under", help="Exit with 1 where the first strict rate is below this, 0 to 1."),
]


BELOW_THRESHOLD = 1
"""Exit code where --fail-under isn't met."""


def evaluate(
    benchmark: Benchmark,
    model: Model = None,
    base_url: BaseUrl = None,
    responses: Responses = None,
    data: Data = None,
    out: Out = None,
    think: Think = None,
    limit: Limit = None,
    preset: Preset = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    dry_run: DryRun = False,
    resume: Resume = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
    fail_under: FailUnder = None,
) -> None:
    """Score a model, a server or stored answers on a benchmark; by default with the benchmark's preset."""
    from raif.config import load
    from raif.config.eval import EvalConfig

    given = {
        "benchmark": benchmark,
        "model": model,
        "endpoint.base_url": base_url,
        "responses": responses,
        "data": data,
        "think": think,
        "limit": limit,
    }
    preset = preset if preset or config else benchmark
    resolved = load(
        EvalConfig, "eval", preset=preset, file=config, overrides=[*overrides(given), *(set_ or ())]
    )
    if dry_run:
        _print_plan(resolved)
        return
    report = _evaluate(resolved, out or _default_folder(resolved), resume, overwrite)
    _print(report, as_json)
    if fail_under is not None and (report.headline or 0.0) < fail_under:
        raise typer.Exit(BELOW_THRESHOLD)


def _default_folder(config: EvalConfig) -> Path:
    """Named after the source: a model by the last two parts, as in RUN/model and ORGANISATION/NAME."""
    source = [config.responses.stem] if config.responses else str(config.model).strip("/").split("/")
    return Path("runs") / "-".join(["eval", config.benchmark, *source[-2:]])


def _print_plan(config: EvalConfig) -> None:
    from raif.config import dump
    from raif.eval.run import plan

    typer.echo(dump(config), nl=False)
    found = plan(config)
    typer.echo(f"{len(found.items)} items of {found.data}; nothing was asked.", err=True)


def _evaluate(config: EvalConfig, folder: Path, resume: bool, overwrite: bool) -> Report:
    from rich.progress import Progress

    from raif.eval.responders import responder
    from raif.eval.run import evaluate, plan
    from raif.runs import open_run
    from raif_cli.console import err

    chosen, source = plan(config), responder(config)
    open_run(folder, config, resume=resume, overwrite=overwrite)
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("answers", total=len(chosen.items))
        report = evaluate(
            config, chosen, source, folder, lambda done, total: bar.update(task, completed=done, total=total)
        )
    typer.echo(f"{folder}: config.yaml, responses.jsonl, verdicts.jsonl, report.json, report.md", err=True)
    return report


def _print(report: Report, as_json: bool) -> None:
    from raif.eval import report as rendering

    if as_json:
        typer.echo(rendering.as_json(report))
    else:
        _print_tables(report)


def _print_tables(report: Report) -> None:
    from rich.text import Text

    from raif.eval.report import counts
    from raif_cli.console import out

    out.print(Text(f"{report.benchmark}: {report.model}", style="bold"))
    for number, table in enumerate(report.tables):
        out.print(_table(table, intervals=number == 0))
    out.print(Text(f"{counts(report)} In percent; the other tables' intervals are in report.md."))


def _table(rates: Rates, *, intervals: bool) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from raif.eval.report import shown

    table = Table(rates.name, box=box.SIMPLE)
    for column in ("checks", *rates.columns):
        table.add_column(column, justify="right")
    for row in rates.rows:
        values = [shown(value, percent=rates.percent) for value in row.values]
        texts = values if intervals else [value.partition(" ")[0] for value in values]
        table.add_row(*map(Text, (row.name, str(row.checks), *texts)))
    return table
