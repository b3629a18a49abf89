"""What CELLO's scores add up to: tasks weigh equally, and three files with tables count as one task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from raif.eval.benchmarks.cello.scores import Scores
from raif.eval.rates import Figure, Rates, average

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
class FileScores:
    """Means over the answers of one file, by criterion; `average` is the mean of those that apply."""

    by_criterion: tuple[Figure, ...]
    average: Figure


@dataclass(frozen=True, slots=True)
class Totals:
    """`average` is the headline: the mean of the two groups of tasks, not of the four criteria."""

    files: Mapping[str, FileScores]
    tasks: Mapping[str, Figure]
    by_criterion: tuple[Figure, ...]
    complex_instruction: Figure
    complex_input: Figure
    average: Figure


def cells(file: str) -> tuple[str, ...]:
    """The cells of a file's four criteria."""
    return tuple(f"{file}/{criterion}" for criterion in Scores._fields)


def files_of(task: str) -> tuple[str, ...]:
    return STRUCTURE if task == "Structure" else (task,)


def totals(rates: Rates) -> Totals:
    """From the scores of all answers, in the cells of their files; a file without answers is left out.

    An id that comes twice counts twice, as officially. The official program needs all 13 files.
    """
    names = [file for task in (*COMPLEX_INSTRUCTION, *COMPLEX_INPUT) for file in files_of(task)]
    files = {name: _file(rates, name) for name in names}
    tasks = {
        task: average(files[file].average for file in files_of(task))
        for task in (*COMPLEX_INSTRUCTION, *COMPLEX_INPUT)
    }
    criteria = zip(*(found.by_criterion for found in files.values()), strict=True)
    instruction = average(tasks[task] for task in COMPLEX_INSTRUCTION)
    input = average(tasks[task] for task in COMPLEX_INPUT)
    return Totals(files, tasks, tuple(map(average, criteria)), instruction, input, (instruction + input) / 2)


def _file(rates: Rates, name: str) -> FileScores:
    means = tuple(rates[cell] for cell in cells(name))
    return FileScores(means, average(means))
