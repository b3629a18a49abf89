"""IFBench multi-turn: an answer is rewritten to follow instructions that come one turn after the task.

Paper: Pyatkin et al. 2025, https://arxiv.org/abs/2507.02833. Two sets: 1,387 rows with IFBench's 58 kinds and
1,774 with IFEval's 25.

An item, in the layout of the public files, whose kwargs have a null for each kwarg of another kind:
    {"key": 7, "prompt": "Rewrite it without commas.", "instruction_id_list": ["punctuation:no_comma"],
     "kwargs": [{"N": null}],
     "messages": [{"role": "user", "content": "Describe a lighthouse."},
                  {"role": "assistant", "content": "Tall, white, alone."},
                  {"role": "user", "content": "Rewrite it without commas."}]}

Prompt: the stored messages as they are, without system text: the first answer is part of the data.
Score: loose and strict rates of prompts and of instructions, as in `raif.eval.benchmarks.ifeval`, for each
set. The authors report the loose rate of prompts; the headline is the mean of the two sets'. Some rows lack
kwargs that their kinds need. A missing `prompt_to_repeat` is the row's prompt, as in olmo-eval. What else is
missing makes the instruction undecided: the released programs draw it at random, or raise. upstream takes it
as not followed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from raif.config.eval import Dialect
from raif.errors import RecordError
from raif.eval.benchmark import BENCHMARKS, Benchmark, ScoredItem
from raif.eval.benchmarks.ifeval import sides
from raif.eval.benchmarks.usable import decided
from raif.eval.rates import Estimate, Rates, Table, Tally, average
from raif.files import jsonl
from raif.files.benchmark_data import PLACES
from raif.files.rows import files_of, rows
from raif.judge.requests import Replies
from raif.records.layout import stated
from raif.types import Constraint, Instruction, Message
from raif.verdicts.checks import summary

SETS = ("ifbench_constraints", "ifeval_constraints")
SIDES = ("loose", "strict")
COLUMNS = tuple(f"{level}, {side}" for level in ("prompts", "instructions") for side in SIDES)
REPEATS = ("combination:repeat_prompt", "repeat:repeat_change", "repeat:repeat_span")
"""The kinds that compare an answer with the prompt."""


class Rewrite(Instruction):
    """One row; `of` is its set."""

    of: str


class _Row(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)
    key: str
    config: str | None = None
    prompt: str = ""
    instruction_id_list: list[str]
    kwargs: list[dict[str, Any] | None]
    messages: list[Message]


class IFBenchMultiTurn(Benchmark[Rewrite]):
    file = PLACES["ifbench-multiturn"].path
    program = "allenai/IFBench db69a6f, allenai/olmo-eval e8b88f1"
    copied = False
    source = "https://huggingface.co/datasets/allenai/IFBench_multi-turn"

    def items(self, path: Path) -> Sequence[Rewrite]:
        """A file or a folder of them. A row's set is its `config`, else what its path names."""
        seen: Counter[str] = Counter()
        found = []
        for file in files_of(path):
            named = next((name for name in SETS if name in str(file)), file.stem)
            for where, row in rows(file):
                item = _item(jsonl.parse(row, _Row, where), named, where)
                seen[item.id] += 1
                again = {} if seen[item.id] == 1 else {"id": f"{item.id}#{seen[item.id]}"}
                found.append(item.model_copy(update=again))
        return found

    def score(
        self, item: Rewrite, answer: str | None, replies: Replies, dialect: Dialect
    ) -> ScoredItem[Rewrite]:
        found = decided(item.constraints, answer, item.semantics)
        if dialect != "sound":
            found = [
                replace(each, passed=False, passed_loose=False) if each.passed is None else each
                for each in found
            ]
        whole = summary(item, found)
        parts = sides(whole)
        return ScoredItem(item, whole, {side: parts[side] for side in SIDES}, {"set": item.of})

    def tally(self, scored: ScoredItem[Rewrite], dialect: Dialect) -> Tally:
        cells = defaultdict(list)
        for side, followed in scored.parts.items():
            if followed is not None:
                cells[f"{scored.item.of}/prompts, {side}"].append(followed)
        for verdict in scored.verification.counted:
            for side, passed in zip(SIDES, (verdict.passed_loose, verdict.passed), strict=True):
                if passed is not None:
                    cells[f"{scored.item.of}/instructions, {side}"].append(float(passed))
                    cells[f"kind/{side}/{verdict.id}"].append(float(passed))
        return cells

    def tables(self, rates: Rates, dialect: Dialect) -> Sequence[Table]:
        sets = _sets(rates)
        means = [average(rates[f"{name}/{column}"] for name in sets) for column in COLUMNS]
        mean = rates.row("mean of the sets", *means, of=[f"{name}/{COLUMNS[0]}" for name in sets])
        by_set = [rates.row(name, *(f"{name}/{column}" for column in COLUMNS)) for name in sets]
        kinds = sorted({*rates.under("kind/strict/"), *rates.under("kind/loose/")})
        by_kind = [rates.row(kind, *(f"kind/{side}/{kind}" for side in SIDES)) for kind in kinds]
        return [Table("set", COLUMNS, (mean, *by_set)), Table("kind", SIDES, tuple(by_kind))]

    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Estimate]:
        cells = {f"{name}: {COLUMNS[0]}": f"{name}/{COLUMNS[0]}" for name in _sets(rates)}
        mean = rates.estimate(average(rates[cell] for cell in cells.values()), cells.values())
        each = {name: rates.estimate(cell) for name, cell in cells.items()}
        return {f"mean of the sets: {COLUMNS[0]}": mean, **each}


def _item(row: _Row, named: str, where: str) -> Rewrite:
    if len(row.instruction_id_list) != len(row.kwargs):
        raise RecordError(f"{where}: kwargs: {len(row.kwargs)} for {len(row.instruction_id_list)} ids")
    if not row.messages or row.messages[-1].role != "user":
        raise RecordError(f"{where}: messages: the last one is not the user's")
    of = row.config or named
    checks = zip(row.instruction_id_list, row.kwargs, strict=True)
    return Rewrite(
        id=f"{of}/{row.key}",
        of=of,
        dialect="official",
        messages=tuple(row.messages),
        constraints=tuple(
            Constraint(id=id, kwargs=_kwargs(id, given or {}, row.prompt)) for id, given in checks
        ),
    )


def _kwargs(id: str, given: dict[str, Any], prompt: str) -> dict[str, Any]:
    filled = {"prompt_to_repeat": prompt} if id in REPEATS and prompt else {}
    return filled | stated(given)


def _sets(rates: Rates) -> list[str]:
    """The sets with answers, in the order of their names."""
    cells = {cell.rpartition("/")[0] for cell in rates.cells if cell.endswith(COLUMNS[0])}
    return sorted(cells)


BENCHMARKS.add("ifbench-multiturn", IFBenchMultiTurn())
