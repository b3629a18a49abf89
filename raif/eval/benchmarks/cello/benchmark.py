"""CELLO: complex instructions as people write them, scored by code alone.

Paper: He et al. 2024, https://arxiv.org/abs/2309.09150. 523 items in Chinese, one file for each of 13 tasks.

An item, in the layout of the public files (which write an empty input as a bare NaN, or as "NULL"):
    {"Instruction_id": "92e8..", "Instruction": "把下面的句子整理成表格：..", "input_text": "..",
     "lang": "ch", "histories": [["an earlier turn", "its answer"]],
     "Answer_format": [{"criterion": "keywords", "limit": ["|"]}], "Input_depdent_query": [..],
     "Task_prescribed_phrases": [{"criterion": "NULL", "limit": "NULL"}], "Count_limit": [..]}

Prompt: the earlier turns with their answers, then the instruction; no system text.
Score: format, use of the input, phrases of the task, and counts, each in [0, 1] (`scores.py`). Tasks weigh
equally, and three files with tables count as one task. The headline is the mean of two groups of tasks, not
of the four scores. In the released result files the last earlier turn holds the answer itself, so that every
revision passes: the dialect `upstream` scores by those, the others by the data's turns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from raif.config.eval import Dialect
from raif.eval.benchmark import BENCHMARKS, Benchmark, ScoredItem, numbered
from raif.eval.benchmarks.cello.scores import AnswerScores, Criteria, mean, scores
from raif.eval.rates import Estimate, Figure, Rates, Table, Tally, average
from raif.eval.stored import StoredAnswer, records
from raif.files import jsonl
from raif.files.benchmark_data import PLACES
from raif.judge.requests import Replies
from raif.types import Message, Verification

FIELDS = ("Instruction_id", "Instruction", "input_text", "histories")
CRITERIA = ("format", "input", "task", "count limit")
STRUCTURE = ("Structure_hard", "Structure_simple", "Structure_None")
COMPLEX_INSTRUCTION = (
    "extraction",
    "Planning",
    "meta_prompt",
    "brainstorming_single_round",
    "writing_single_round",
)
COMPLEX_INPUT = (
    "keywords_extraction",
    "closed_qa",
    "Summarization",
    "Structure",
    "brainstorming_multi_rounds",
    "writing_multi_rounds",
)


@dataclass(frozen=True, slots=True)
class Item:
    """`file`: the task. `histories`: earlier turns, (question, answer)."""

    id: str
    file: str
    instruction: str
    input_text: object
    histories: Sequence[Sequence[Any]]
    criteria: Criteria

    @property
    def messages(self) -> tuple[Message, ...]:
        turns = []
        for question, answer in self.histories:
            turns.append(Message(role="user", content=question.strip()))
            turns.append(Message(role="assistant", content=answer))
        return (*turns, Message(role="user", content=self.instruction.strip()))


class Cello(Benchmark[Item]):
    file = PLACES["cello"].path
    program = "Abbey4799/CELLO 5430aa1"
    source = "https://github.com/Abbey4799/CELLO/tree/main/data"

    def items(self, path: Path) -> Sequence[Item]:
        found = []
        for file in self.files(path):
            for record in records(file, *FIELDS):
                id, instruction, text, histories = (record[field] for field in FIELDS)
                criteria = jsonl.parse(record, Criteria, f"{file}: {id}")
                found.append(Item(id, file.stem, instruction, text, histories, criteria))
        return found

    def files(self, path: Path) -> Sequence[Path]:
        return sorted(path.glob("*.json"))

    def names(self, items: Sequence[Item]) -> Mapping[str, str]:
        return numbered(items, lambda item: item.file)

    def score(self, item: Item, answer: str | None, replies: Replies, dialect: Dialect) -> ScoredItem[Item]:
        found = scores(item.criteria, answer, input_text=item.input_text, histories=item.histories)
        if dialect == "sound" and not (answer or "").strip():  # 0 for each score that applies to a text
            found = scores(item.criteria, "", input_text=item.input_text, histories=item.histories)
            found = AnswerScores(*(None if one is None else 0.0 for one in found))
        parts = {"score": mean(found), **dict(zip(AnswerScores._fields, found, strict=True))}
        return ScoredItem(item, Verification((), None, None, mean(found)), parts, {"task": item.file})

    def tally(self, scored: ScoredItem[Item], dialect: Dialect) -> Tally:
        pairs = zip(cells(scored.item.file), AnswerScores._fields, strict=True)
        return {cell: [value] for cell, name in pairs if (value := scored.parts[name]) is not None}

    def tables(self, rates: Rates, dialect: Dialect) -> Sequence[Table]:
        found = totals(rates)
        groups = {
            "average": found.average,
            "complex instructions": found.complex_instruction,
            "complex inputs": found.complex_input,
        }
        overall = tuple(rates.row(name, figure, of=rates.cells) for name, figure in groups.items())
        criteria = zip(CRITERIA, AnswerScores._fields, found.by_criterion, strict=True)
        by_criterion = tuple(
            rates.row(name, figure, of=[cell for cell in rates.cells if cell.endswith(f"/{field}")])
            for name, field, figure in criteria
        )
        by_task = tuple(
            rates.row(task, figure, of=[cell for file in files_of(task) for cell in cells(file)])
            for task, figure in found.tasks.items()
        )
        return [
            Table("score", ("mean",), overall),
            Table("criterion", ("mean",), by_criterion),
            Table("task", ("mean",), by_task),
        ]

    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Estimate]:
        return {"average": rates.estimate(totals(rates).average, rates.cells)}

    def answers(self, path: Path) -> Iterable[StoredAnswer]:
        """A folder of the released `res_TASK.json`, or a file of ours. Skips answers that are not text."""
        if not path.is_dir():
            return super().answers(path)
        return [StoredAnswer(id=id, response=row["model_answer"]) for id, _, row in _results(path)]

    def restored(self, items: Sequence[Item], path: Path, dialect: Dialect) -> Sequence[Item]:
        """With the earlier turns and input of the released rows. An id that occurs twice counts twice."""
        if dialect != "upstream" or not path.is_dir():
            return items
        by_id = {item.id: item for item in items}
        rows = [
            replace(by_id[first], id=id, input_text=row["input_text"], histories=row["histories"])
            for id, first, row in _results(path, "input_text", "histories")
            if first in by_id
        ]
        answered = {row.id for row in rows}
        return [*rows, *(item for item in items if item.id not in answered)]


def _results(folder: Path, *more: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each released row with an answer, and with `more` fields: its id, numbered if it occurs again; its
    item's id; the row."""
    seen: Counter[str] = Counter()
    for file in sorted(folder.rglob("res_*.json")):
        for row in records(file, "Instruction_id", "model_answer", *more):
            if isinstance(row["model_answer"], str):
                first = row["Instruction_id"]
                seen[first] += 1
                yield first if seen[first] == 1 else f"{first}#{seen[first]}", first, row


@dataclass(frozen=True, slots=True)
class FileScores:
    """Means over the answers of one file, by criterion. `average`: the mean of those that apply."""

    by_criterion: tuple[Figure, ...]
    average: Figure


@dataclass(frozen=True, slots=True)
class Totals:
    """`average` is the headline: the mean of the two groups of tasks."""

    files: Mapping[str, FileScores]
    tasks: Mapping[str, Figure]
    by_criterion: tuple[Figure, ...]
    complex_instruction: Figure
    complex_input: Figure
    average: Figure


def cells(file: str) -> tuple[str, ...]:
    """The cells of a file's four criteria."""
    return tuple(f"{file}/{criterion}" for criterion in AnswerScores._fields)


def files_of(task: str) -> tuple[str, ...]:
    return STRUCTURE if task == "Structure" else (task,)


def totals(rates: Rates) -> Totals:
    """From the scores of all answers, in the cells of their files. A file without answers is left out.

    An id that occurs twice counts twice, as officially. The official program needs all 13 files.
    """
    all_tasks = (*COMPLEX_INSTRUCTION, *COMPLEX_INPUT)
    files = {}
    for file in (file for task in all_tasks for file in files_of(task)):
        means = tuple(rates[cell] for cell in cells(file))
        files[file] = FileScores(means, average(means))
    tasks = {task: average(files[file].average for file in files_of(task)) for task in all_tasks}
    criteria = zip(*(found.by_criterion for found in files.values()), strict=True)
    instruction = average(tasks[task] for task in COMPLEX_INSTRUCTION)
    input = average(tasks[task] for task in COMPLEX_INPUT)
    return Totals(files, tasks, tuple(map(average, criteria)), instruction, input, (instruction + input) / 2)


BENCHMARKS.add("cello", Cello())
