"""The staged pipeline: one stage after another, each reading the file of the one before.

While a stage runs, its decisions are appended to STAGE.journal, which survives `kill -9` at any moment. Its
STAGE.funnel.json is written last: it says that the stage is finished.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from raif.client.paid import Budget
from raif.config.resume import DECIDE, STAGED_FREE
from raif.config.staged import StagedConfig
from raif.data.card import StageFunnel
from raif.data.staged.inputs import inputs
from raif.data.staged.stage import BROKEN, LEDGER, STAGES, Decision, Numbered, Stage
from raif.data.staged.tolerance import Tolerance
from raif.errors import ConfigError, RecordError
from raif.files import jsonl
from raif.files.runs import INPUTS_NAME, Change, open_run, said_of, under
from raif.files.whole import read_whole, replacing, write_whole

Progress = Callable[[str, int], None]
"""Called with the stage's name and the number of items it has decided on."""
Said = Callable[[str], None]
"""Told what the user should know."""


def run(
    config: StagedConfig,
    folder: Path,
    progress: Progress = lambda stage, done: None,
    *,
    resume: bool | Literal["auto"] = False,
    retry_failed: bool = False,
    overwrite: bool = False,
    budget: Budget | None = None,
    said: Said = lambda line: None,
) -> list[StageFunnel]:
    """Run the stages of `config` in `folder`; with `resume`, only what is not done yet.

    A resumed run may change keys and sources: the first stage that they decide, and all later ones, are done
    again. `retry_failed`: so are requests that failed for good or got an empty reply. Either way, as with
    `overwrite`, replies are found again by what was asked. `budget` limits what is spent in the folder, and
    tells it; `said` is told what the user should know. Raises BudgetSpent when the limits are reached,
    TooManyFailed, and ConfigError if the folder holds another run, if a stage can't work with its config, or
    if cost is limited but a model has no prices.
    """
    if budget and budget.limits_cost:
        _check_prices(config)
    source = config.input
    stages: list[Stage] = []
    for name in config.stages:
        stages.append(STAGES[name](config, folder, source))
        stages[-1].budget = budget or stages[-1].budget
        stages[-1].said = said
        source = stages[-1].output
    before = read_whole(folder / INPUTS_NAME, {})
    decisive = [key for keys in DECIDE.values() for key in keys]
    open_run(
        folder,
        config,
        resume=resume,
        overwrite=overwrite,
        free=[*STAGED_FREE, *decisive, "stages"],
        inputs=inputs(config, before),
        free_inputs=[*decisive, "rows of input"],
        kept=[f"{LEDGER}{end}" for end in ("", "-wal", "-shm")],
        changed=lambda changes: _do_again(stages, changes, said),
    )
    if retry_failed:
        _forget_failed(stages, said)
    return [run_stage(stage, progress) for stage in stages]


def _check_prices(config: StagedConfig) -> None:
    unknown = [key for key, model in config.models.items() if model.prices is None]
    if unknown:
        named = ", ".join(f"{key} ({config.models[key].model})" for key in unknown)
        raise ConfigError(
            f"a cost limit needs the price of each model that is used, and these have none: {named}",
            f"Set {unknown[0]}.prices={{read: PRICE, written: PRICE}}, per million tokens; 0 if it is free.",
        )


def _do_again(stages: Sequence[Stage], changes: Sequence[Change], said: Said) -> None:
    """Make the stages that a change decides, and those after them, start again."""
    said(said_of(changes))
    true = _still_true(stages, changes)
    begun = [stage for stage in stages[true:] if stage.begun]
    for stage in stages[true:]:
        stage.forget()
    if begun:
        said(f"{', '.join(stage.name for stage in begun)}: done again, from the replies that are kept")


def _still_true(stages: Sequence[Stage], changes: Sequence[Change]) -> int:
    """How many stages, from the first on, no change decides."""
    true = len(stages)
    for change in changes:
        if change.key == "stages":
            same = [old == new.name for old, new in zip(change.before, stages, strict=False)]
            true = min(true, [*same, False].index(False))
        elif change.key == "rows of input":
            true = 0
        elif not under(change.key, STAGED_FREE):
            decides = (n for n, stage in enumerate(stages) if under(change.key, DECIDE[stage.name]))
            true = min(true, next(decides, true))
    return true


def _forget_failed(stages: Sequence[Stage], said: Said) -> None:
    """Make the first stage with requests that failed or got an empty reply, and those after it, decide again:
    the rest has replies.
    """
    for position, stage in enumerate(stages):
        journal, finished = _journal(stage), _funnel_path(stage.folder, stage.name)
        if finished.exists() and (count := _read_funnel(finished).unanswered):
            for each in stages[position:]:
                each.forget()
        elif not finished.exists() and journal.exists():
            jsonl.drop_torn_line(journal)
            decisions = list(jsonl.read(journal, Decision))
            count = sum(decision.unanswered for decision in decisions)
            with replacing(journal) as part:
                jsonl.write(part, (decision for decision in decisions if not decision.unanswered))
        else:
            continue
        if count:
            said(f"{stage.name}: {count} had failed or got an empty reply, and are asked again")
            return
    said("no request had failed or got an empty reply")


def run_stage(stage: Stage, progress: Progress) -> StageFunnel:
    """Run one stage to its end, unless it is finished already."""
    finished = _funnel_path(stage.folder, stage.name)
    if not finished.exists():
        decisions = stage.settle(_decisions(stage, progress))
        reasons = Counter(decision.dropped for decision in decisions if decision.dropped)
        kept = [decision.record for decision in decisions if decision.record]
        funnel = StageFunnel(stage.name, len(decisions), Counter(dict(sorted(reasons.items()))), len(kept))
        funnel.unanswered = sum(decision.unanswered for decision in decisions)
        drops = (
            {"number": decision.number, "reason": decision.dropped, **decision.detail}
            for decision in decisions
            if decision.dropped
        )
        jsonl.write(stage.folder / f"{stage.name}.dropped.jsonl", drops)
        asked = [_asked(decision) for decision in decisions if decision.asked]
        if asked:
            jsonl.write(stage.folder / f"{stage.name}.asked.jsonl", asked)
        stage.save(kept, funnel)
        write_whole(finished, json.dumps(vars(funnel), ensure_ascii=False, indent=2) + "\n")
    _journal(stage).unlink(missing_ok=True)
    return _read_funnel(finished)


def _asked(decision: Decision) -> dict[str, Any]:
    """What was asked for one item, and what came back: to be looked at."""
    id = decision.record.id if decision.record else decision.detail.get("id", "")
    exchanges = [each.model_dump(mode="json", exclude_defaults=True) for each in decision.asked]
    return {"number": decision.number, "id": id, "dropped": decision.dropped, "asked": exchanges}


def _decisions(stage: Stage, progress: Progress) -> Sequence[Decision]:
    """All decisions in the order of the input: those in the journal, then the ones still to be made."""
    journal = _journal(stage)
    jsonl.drop_torn_line(journal)
    done = {each.number: each for each in jsonl.read(journal, Decision)} if journal.exists() else {}
    tolerance = Tolerance(stage.config, stage.name)
    for decision in done.values():
        tolerance.count(decision)
    before = [done[n] for n in sorted(done)]
    with jsonl.appending(journal) as stream:

        def decided(decision: Decision) -> None:
            jsonl.write(stream, [decision])
            done[decision.number] = decision
            progress(stage.name, len(done))
            tolerance.count(decision)
            tolerance.check()

        def todo() -> Iterator[Numbered]:
            for number, item in enumerate(stage.inputs()):
                each = Numbered(number, item)
                if number in done:
                    continue
                if isinstance(item, RecordError):
                    if not tolerance.broken:
                        stage.said(f"{stage.name}: dropped, like all broken lines: {item.message}")
                    decided(each.dropped(BROKEN, error=item.message))
                else:
                    yield each

        for decision in stage.process(todo(), before):
            decided(decision)
    tolerance.check(ended=True)
    return [done[n] for n in sorted(done)]


def finished_funnels(folder: Path, stages: Sequence[str]) -> list[StageFunnel]:
    """The funnels of the finished stages, in their order."""
    paths = [_funnel_path(folder, name) for name in stages]
    return [_read_funnel(path) for path in paths if path.exists()]


def _journal(stage: Stage) -> Path:
    return stage.folder / f"{stage.name}.journal"


def _funnel_path(folder: Path, stage: str) -> Path:
    return folder / f"{stage}.funnel.json"


def _read_funnel(path: Path) -> StageFunnel:
    fields = json.loads(path.read_text("utf-8"))
    return StageFunnel(**fields | {"dropped": Counter(fields["dropped"])})
