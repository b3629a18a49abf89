"""`raif gen-data`: parse, call the library, show what was kept and what was dropped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raif_cli.options import ConfigFile, DryRun, Overrides, Overwrite, Preset, Resume
from raif_cli.output import resumable

if TYPE_CHECKING:
    from raif.client.paid import Budget
    from raif.config.builtin import BuiltinConfig
    from raif.config.retell import RetellConfig
    from raif.config.staged import StagedConfig
    from raif.data.card import StageFunnel

Looked = Annotated[Path | None, typer.Argument(metavar="[FILE|RUN]", help="The records that --show prints.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="The folder to write to.")]
Stages = Annotated[str | None, typer.Option(help="Run these stages, for example select,decontaminate,pack.")]
MaxCost = Annotated[
    float | None,
    typer.Option(min=0, help="Stop before the models cost more than this, by their `prices`."),
]
MaxTokens = Annotated[
    int | None, typer.Option(min=0, help="Stop before the models read and write more tokens than this.")
]
RetryFailed = Annotated[
    bool,
    typer.Option(
        "--retry-failed",
        help="Resume, and ask again only for what had failed for good or got an empty reply.",
    ),
]
Show = Annotated[int | None, typer.Option(min=1, help="Only print this many records of FILE or RUN.")]


def gen_data(
    looked: Looked = None,
    preset: Preset = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    stages: Stages = None,
    out: Out = Path("runs/data"),
    resume: Resume = False,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    retry_failed: RetryFailed = False,
    show: Show = None,
) -> None:
    """Generate instructions with checkable constraints and verified expert answers.

    Offline from the packaged seeds, or with --stages from your own seeds and with models behind an endpoint.
    A limit covers all starts in the folder. Replies are kept there: what was asked once, with the same model,
    messages and sampling, is never asked again, also not after --overwrite.
    """
    if show is not None or looked is not None:
        from raif_cli import records_view

        records_view.show(looked or out, show or 5)
        return
    from raif.config import dump
    from raif.config.retell import RetellConfig
    from raif.config.staged import StagedConfig, load_either

    chosen = [f"stages=[{stages}]", "mode=staged"] if stages else []
    resolved = load_either(preset=preset, file=config, overrides=[*(set_ or ()), *chosen])
    if dry_run:
        typer.echo(dump(resolved), nl=False)
        if isinstance(resolved, RetellConfig):
            return
        if not isinstance(resolved, StagedConfig):
            typer.echo(f"{resolved.count} records would be written to {out}", err=True)
            return
        from raif.client.paid import Spent
        from raif.data.staged.estimate import estimate

        lines = [f"{name} would write to {out}" for name in resolved.stages]
        if found := estimate(resolved):
            together = reduce(Spent.plus, (each.most for each in found))
            lines += [*map(str, found), f"together: up to {together}"]
        typer.echo("\n".join(lines), err=True)
    elif isinstance(resolved, StagedConfig):
        from raif.client.paid import Budget

        budget = Budget(max_cost=max_cost, max_tokens=max_tokens)
        _run_stages(resolved, out, budget, resume=resume, retry_failed=retry_failed, overwrite=overwrite)
    elif isinstance(resolved, RetellConfig):
        _retell(resolved, out, resume=resume, overwrite=overwrite)
    elif resume or retry_failed:
        raise typer.BadParameter(
            "the built-in mode only takes seconds: use --overwrite", param_hint="--resume"
        )
    else:
        _generate(resolved, out, overwrite)


def _run_stages(
    config: StagedConfig, folder: Path, budget: Budget, *, resume: bool, retry_failed: bool, overwrite: bool
) -> None:
    from raif.data.staged import run
    from raif_cli.console import err
    from raif_cli.progress import Watched

    with resumable(), Watched() as watched:
        works = {str(name): watched.work(name) for name in config.stages}

        def progress(stage: str, done: int) -> None:
            works[stage](done, note=str(budget.spent) if budget.spent.calls else "")

        def said(line: str) -> None:
            err.print(line, markup=False, highlight=False, soft_wrap=True)

        funnels = run(
            config,
            folder,
            progress,
            resume=resume or retry_failed,
            retry_failed=retry_failed,
            overwrite=overwrite,
            budget=budget,
            said=said,
        )
    _table("records", (row for funnel in funnels for row in funnel.rows()))
    if budget.spent.calls:
        typer.echo(f"\nSpent in total: {budget.spent}")
    if budget.lost.calls:
        typer.echo(f"Sent without a reply, which may cost up to: {budget.lost}")
    typer.echo(f"\nFolder: {folder}")
    _check_kept(funnels, folder)


def _check_kept(funnels: Sequence[StageFunnel], folder: Path) -> None:
    """Say what had no answer. Exit code 1 if no record is left."""
    if lost := [f"{each.unanswered} in {each.stage}" for each in funnels if each.unanswered]:
        typer.echo(f"Failed for good or empty: {', '.join(lost)}. --retry-failed asks again.", err=True)
    if funnels[-1].kept:
        return
    from raif.data.card import largest_loss

    typer.echo("Error: no record was kept", err=True)
    if loss := largest_loss(funnels):
        shown = folder / f"{loss.stage}.dropped.jsonl"
        typer.echo(
            f"The largest loss: {loss.stage} dropped {loss.dropped} of {loss.read}: {loss.reason} ({shown})",
            err=True,
        )
    raise typer.Exit(1)


def _generate(config: BuiltinConfig, folder: Path, overwrite: bool) -> None:
    from raif.data import generate
    from raif_cli.progress import Watched

    with Watched() as watched:
        work = watched.work("records")
        summary = generate(config, folder, work, overwrite=overwrite)
    _table("draws", summary.funnel.rows())
    typer.echo(f"\nTraining: {summary.folder / 'train.jsonl'} ({summary.train} records)")
    typer.echo(f"Held out: {summary.folder / 'heldout.jsonl'} ({summary.heldout} records)")
    typer.echo(f"Data card: {summary.folder / 'card.md'}")


def _retell(config: RetellConfig, folder: Path, *, resume: bool, overwrite: bool) -> None:
    from raif.data.builtin.retell import RETELLINGS, asking, retell
    from raif_cli.progress import Watched

    with resumable(), Watched() as watched:
        work = watched.work("requests")
        made = retell(config, folder, asking(config), work, resume=resume, overwrite=overwrite)
    requests = len({seed.prompt for seed in made})
    typer.echo(f"{len(made)} answers to {requests} requests: {folder / RETELLINGS}")


def _table(what: str, rows: Iterable[tuple[str, int]]) -> None:
    from rich.table import Table

    from raif_cli.console import out

    table = Table(what, box=None)
    table.add_column("count", justify="right")
    for name, count in rows:
        table.add_row(name, str(count))
    out.print(table)
