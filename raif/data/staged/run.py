"""The staged pipeline: one stage after another, each reading the file of the one before.

While a stage runs, its decisions are appended to STAGE.journal, which survives `kill -9` at any moment. Its
STAGE.funnel.json is written last: it says that the stage is finished.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from raif.client.paid import Budget
from raif.config.staged import StagedConfig
from raif.data.card import StageFunnel
from raif.data.staged.stage import STAGES, Decision, Numbered, Stage
from raif.errors import ConfigError
from raif.files import jsonl
from raif.files.runs import open_run
from raif.files.whole import write_whole

Progress = Callable[[str, int], None]
"""Called with the stage's name and the number of items it has decided on."""


def run(
    config: StagedConfig,
    folder: Path,
    progress: Progress = lambda stage, done: None,
    *,
    resume: bool | Literal["auto"] = False,
    overwrite: bool = False,
    budget: Budget | None = None,
    said: Callable[[str], None] = lambda line: None,
) -> list[StageFunnel]:
    """Run the stages of `config` in `folder`; with `resume`, only what is not done yet.

    `budget` limits what all stages spend together, and tells what they have spent. `said` is told what a user
    should know meanwhile. Raises BudgetSpent when
    they reach it, and ConfigError if the folder holds another run, if a stage can't work with its config, or
    if cost is limited but no model has prices.
    """
    priced = any(model.prices.read or model.prices.written for model in config.models)
    if budget and budget.limits_cost and config.models and not priced:
        raise ConfigError(
            "a cost limit needs prices, and no model has any",
            "Set teacher.prices={read: PRICE, written: PRICE}, for a million tokens.",
        )
    source = config.input
    stages: list[Stage] = []
    for name in config.stages:
        stages.append(STAGES[name](config, folder, source))
        stages[-1].budget = budget or stages[-1].budget
        stages[-1].said = said
        source = stages[-1].output
    open_run(folder, config, resume=resume, overwrite=overwrite)
    return [run_stage(stage, progress) for stage in stages]


def run_stage(stage: Stage, progress: Progress) -> StageFunnel:
    """Run one stage to its end, unless it is finished already."""
    finished, journal = _funnel_path(stage.folder, stage.name), stage.folder / f"{stage.name}.journal"
    if not finished.exists():
        decisions = stage.settle(_decisions(stage, journal, progress))
        reasons = Counter(decision.dropped for decision in decisions if decision.dropped)
        kept = [decision.record for decision in decisions if decision.record]
        funnel = StageFunnel(stage.name, len(decisions), Counter(dict(sorted(reasons.items()))), len(kept))
        drops = (
            {"number": decision.number, "reason": decision.dropped, **decision.detail}
            for decision in decisions
            if decision.dropped
        )
        jsonl.write(stage.folder / f"{stage.name}.dropped.jsonl", drops)
        stage.save(kept, funnel)
        write_whole(finished, json.dumps(vars(funnel), ensure_ascii=False, indent=2) + "\n")
    journal.unlink(missing_ok=True)
    return _read_funnel(finished)


def _decisions(stage: Stage, journal: Path, progress: Progress) -> Sequence[Decision]:
    """All decisions in the order of the input: those in the journal, then the ones still to be made."""
    jsonl.drop_torn_line(journal)
    done = {each.number: each for each in jsonl.read(journal, Decision)} if journal.exists() else {}
    todo = (Numbered(n, item) for n, item in enumerate(stage.inputs()) if n not in done)
    with journal.open("ab") as stream:
        for decision in stage.process(todo, [done[n] for n in sorted(done)]):
            jsonl.write(stream, [decision])
            done[decision.number] = decision
            progress(stage.name, len(done))
    return [done[n] for n in sorted(done)]


def finished_funnels(folder: Path, stages: Sequence[str]) -> list[StageFunnel]:
    """The funnels of the finished stages, in their order."""
    paths = [_funnel_path(folder, name) for name in stages]
    return [_read_funnel(path) for path in paths if path.exists()]


def _funnel_path(folder: Path, stage: str) -> Path:
    return folder / f"{stage}.funnel.json"


def _read_funnel(path: Path) -> StageFunnel:
    fields = json.loads(path.read_text("utf-8"))
    return StageFunnel(**fields | {"dropped": Counter(fields["dropped"])})
