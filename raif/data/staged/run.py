"""The staged pipeline: one stage after the other, each from the file of the one before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from raif.client.paid import Budget
from raif.config.staged import StagedConfig
from raif.data.card import StageFunnel
from raif.data.staged import journal
from raif.data.staged.run_files import funnel_path, read_funnel, write_funnel
from raif.data.staged.stage import STAGES, Numbered, Outcome, Stage
from raif.errors import ConfigError
from raif.files import jsonl
from raif.files.runs import open_run

Progress = Callable[[str, int], None]
"""Hears the stage's name and how many things it is done with."""


def run(
    config: StagedConfig,
    folder: Path,
    progress: Progress = lambda stage, done: None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    budget: Budget | None = None,
) -> list[StageFunnel]:
    """Run the stages of `config` in `folder`; with `resume`, only what is not done yet.

    `budget` limits what all stages spend together, and tells what they have spent. BudgetSpent where they
    reach it. ConfigError where the folder holds another run, a stage can't work with its config, or money is
    limited that nobody counts.
    """
    if budget and budget.limits_cost:
        _check_prices(config)
    source = config.input
    stages: list[Stage] = []
    for name in config.stages:
        stages.append(STAGES[name](config, folder, source))
        stages[-1].budget = budget or stages[-1].budget
        source = stages[-1].output
    open_run(folder, config, resume=resume, overwrite=overwrite)
    return [run_stage(stage, progress) for stage in stages]


def _check_prices(config: StagedConfig) -> None:
    if config.models and not any(model.prices.read or model.prices.written for model in config.models):
        raise ConfigError(
            "a limit on cost, and no model has prices",
            "Set teacher.prices={read: PRICE, written: PRICE}, for a million tokens.",
        )


def run_stage(stage: Stage, progress: Progress) -> StageFunnel:
    """Run one stage to its end; nothing where its funnel, which is written last, is there."""
    finished, log = funnel_path(stage.folder, stage.name), stage.folder / f"{stage.name}.journal"
    if not finished.exists():
        outcomes = stage.settle(_outcomes(stage, log, progress))
        funnel = _funnel(stage.name, outcomes)
        jsonl.write(stage.folder / f"{stage.name}.dropped.jsonl", _drops(outcomes))
        stage.save([outcome.record for outcome in outcomes if outcome.record], funnel)
        write_funnel(finished, funnel)
    log.unlink(missing_ok=True)
    return read_funnel(finished)


def _outcomes(stage: Stage, log: Path, progress: Progress) -> list[Outcome]:
    """All outcomes in the order of the input: those in the journal, then those that are still to come."""
    done = {outcome.number: outcome for outcome in journal.read(log)}
    todo = (Numbered(n, item) for n, item in enumerate(stage.inputs()) if n not in done)
    for outcome in journal.appended(log, stage.process(todo, [done[n] for n in sorted(done)])):
        done[outcome.number] = outcome
        progress(stage.name, len(done))
    return [done[n] for n in sorted(done)]


def _funnel(name: str, outcomes: Sequence[Outcome]) -> StageFunnel:
    dropped = Counter(outcome.dropped for outcome in outcomes if outcome.dropped)
    kept = sum(outcome.record is not None for outcome in outcomes)
    return StageFunnel(name, len(outcomes), Counter(dict(sorted(dropped.items()))), kept)


def _drops(outcomes: Sequence[Outcome]) -> Iterator[dict[str, object]]:
    return (
        {"number": outcome.number, "reason": outcome.dropped, **outcome.detail}
        for outcome in outcomes
        if outcome.dropped
    )
