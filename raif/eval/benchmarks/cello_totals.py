"""What CELLO's scores add up to: tasks weigh equally, and three files with tables count as one task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from raif.eval.benchmarks.cello_criteria import mean
from raif.eval.benchmarks.cello_scores import Scores

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
class TaskScores:
    """Means over the answers of one file; `average` is the mean of the four that apply."""

    by_criterion: Scores
    average: float | None


@dataclass(frozen=True, slots=True)
class Totals:
    """`average` is the headline: the mean of the two groups of tasks, not of the four criteria."""

    files: Mapping[str, TaskScores]
    tasks: Mapping[str, float | None]
    by_criterion: Scores
    complex_instruction: float | None
    complex_input: float | None
    average: float | None


def totals(answers: Mapping[str, Sequence[Scores]]) -> Totals:
    """From the scores of all answers by file name ("closed_qa"); a file without answers is left out.

    An id that comes twice counts twice, as officially. The official program needs all 13 files.
    """
    files = {name: _file(scores) for name, scores in answers.items() if scores}
    tasks = {name: found.average for name, found in files.items() if name not in STRUCTURE}
    tasks["Structure"] = mean(files[name].average for name in STRUCTURE if name in files)
    instruction = mean(tasks.get(name) for name in COMPLEX_INSTRUCTION)
    input = mean(tasks.get(name) for name in COMPLEX_INPUT)
    average = None if instruction is None or input is None else (instruction + input) / 2
    return Totals(files, tasks, _means(f.by_criterion for f in files.values()), instruction, input, average)


def _file(scores: Sequence[Scores]) -> TaskScores:
    means = _means(scores)
    return TaskScores(means, mean(means))


def _means(scores: Iterable[Scores]) -> Scores:
    return Scores(*map(mean, zip(*scores, strict=True)))
