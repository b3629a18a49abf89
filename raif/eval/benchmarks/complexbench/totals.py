"""ComplexBench's items and verdicts, and their sums: shares of satisfied questions, coherent selections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from raif.eval.benchmarks.complexbench.rules import Verdict
from raif.eval.rates import Estimate, Figure, Rates, Table, Tally, average
from raif.types import Message

_GROUPS = {
    "Lexical": ("Word Matching", "Keywords"),
    "Structure": (
        "JSON Format",
        "Markdown Format",
        "Bullets Format",
        "Length",
        "Start with",
        "End with",
        "Punctuation",
        "Template",
    ),
    "Semantic": ("Language Style", "Personalization", "Topic", "Sentiment"),
    "Utility": ("Helpfulness", "Target Language", "Supportiveness", "Consistency", "Factuality"),
}
_GROUP_OF = {dimension: group for group, dimensions in _GROUPS.items() for dimension in dimensions}
_TABLES = {
    "category": "category",
    "family": "category, pooled",
    "task": "task",
    "composition": "composition",
    "group": "group of dimensions",
    "dimension": "dimension",
}
_DEPTHS = ("single", "multiple")
AUTHORS_SMOOTHING = 1e-4
"""What the method's authors add to the denominators of the coherence test."""


class ScoringQuestion(BaseModel):
    model_config = ConfigDict(frozen=True)
    question: str
    rule: str | None = None
    """None: a judge answers."""
    constraint_dimensions: tuple[str, ...] = ()
    composition_types: tuple[str, ...] = ()
    dep: tuple[int, ...] = ()
    """Positions of the questions that this one depends on."""


class Item(BaseModel):
    """A record of the data. `group` is the same for all branches of one instruction."""

    model_config = ConfigDict(frozen=True)
    main_id: int
    instruction: str = ""
    group: str | None = None
    category: str
    task_types: str
    composition_types: tuple[str, ...] = ()
    scoring_questions: tuple[ScoringQuestion, ...]
    sub_instructions: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """In the release of 2024: the steps that the instruction was composed of."""

    @property
    def id(self) -> str:
        return str(self.main_id)

    @property
    def branches(self) -> str:
        """What all branches of its instruction have in common."""
        return self.group or self.id

    @property
    def messages(self) -> tuple[Message, ...]:
        return (Message(role="user", content=self.instruction),)


@dataclass(frozen=True, slots=True)
class Judged:
    """An item with a verdict for each question; None if it could not be judged."""

    item: Item
    verdicts: Sequence[Verdict | None]

    @property
    def complete(self) -> bool:
        """Whether it counts officially. Items without any question for the judge are lost there as well."""
        asked = any(question.rule is None for question in self.item.scoring_questions)
        return asked and None not in self.verdicts

    @property
    def relying(self) -> list[Verdict | None]:
        """The verdicts: False if that on a dependency is False.

        None if one of them is unknown, whatever the others are: otherwise failures would be left out less
        often than successes.
        """
        found: list[Verdict | None] = []
        for question, verdict in zip(self.item.scoring_questions, self.verdicts, strict=True):
            all_of_it = [verdict, *(self.verdicts[position] for position in question.dep)]
            known, failed = None not in all_of_it, any(one is False for one in all_of_it)
            found.append(None if not known else False if failed else verdict)
        return found

    @property
    def clean(self) -> bool | None:
        """Whether no question failed; None if one is unknown."""
        return None if None in self.verdicts else False not in self.relying


@dataclass(frozen=True, slots=True)
class Coherence:
    """Share of records without a failure, share of groups without one, and the relative drop between them."""

    origin: Figure
    coherent: Figure
    drop: Figure


def tallies(judged: Iterable[Judged]) -> Sequence[Tally]:
    """One for all branches of an instruction, or for an item without branches. Skips verdicts that are None.

    An instruction with a branch that is not judged whole counts in no share of coherent ones. The verdict 2
    of an unknown rule counts as failed, except by group of dimensions and by dimension.
    """
    groups: dict[object, list[Judged]] = defaultdict(list)
    for one in judged:
        groups[one.item.branches].append(one)
    found = []
    for group in groups.values():
        cells: dict[str, list[float]] = defaultdict(list)
        for one in group:
            for cell, passed in _passed(one):
                cells[cell].append(float(passed))
        if depth := _depth(group[0].item):
            clean = [one.clean for one in group]
            cells[f"{depth}/origin"] = [float(one) for one in clean if one is not None]
            if None not in clean:
                cells[f"{depth}/coherent"] = [float(all(clean))]
        found.append(cells)
    return found


def _passed(one: Judged) -> Iterator[tuple[str, bool]]:
    """Each cell in which a verdict counts. A composition is also a group and a dimension.

    In a family, selections with chains are pooled with the selections, as officially.
    """
    item = one.item
    composition = "_".join(sorted(item.composition_types))
    whole = (
        "overall",
        f"category/{item.category}",
        f"family/{item.category.partition('_')[0]}",
        f"task/{item.task_types}",
    )
    for question, verdict in zip(item.scoring_questions, one.relying, strict=True):
        if verdict is None:
            continue
        for cell in (*whole, f"composition/{composition}"):
            yield cell, verdict is True
        for dimension in question.constraint_dimensions:
            yield f"group/{_GROUP_OF.get(dimension, 'Others')}", bool(verdict)
            yield f"dimension/{dimension}", bool(verdict)
        for kind in question.composition_types:
            yield f"group/{kind}", bool(verdict)
            yield f"dimension/{kind}", bool(verdict)


def _depth(item: Item) -> str | None:
    """Whether a group's first record has one question about a selection, or several."""
    selections = sum("Selection" in question.composition_types for question in item.scoring_questions)
    if item.group is None or not selections:
        return None
    return _DEPTHS[selections > 1]


def coherence(rates: Rates, depth: str, smoothing: float = 0.0) -> Coherence:
    """For groups with a `single` question about selections, or with `multiple` ones."""
    origin, whole = rates[f"{depth}/origin"], rates[f"{depth}/coherent"]
    records, groups = rates.count(f"{depth}/origin"), rates.count(f"{depth}/coherent")
    with np.errstate(invalid="ignore", divide="ignore"):
        smoothed = origin * records / (records + smoothing)
        drop = (smoothed - whole + smoothing) / (smoothed + smoothing)
        return Coherence(smoothed, whole * groups / (groups + smoothing), drop)


def paper(rates: Rates) -> Mapping[str, Estimate]:
    """The rows of the paper's table 2, the overall one first."""
    both = {depth: f"category/Selection_and_Chain_{depth}" for depth in (2, 3)}
    cells = {
        "Overall": "overall",
        "And 1": "category/And",
        **{f"Chain {depth}": f"category/Chain_{depth}" for depth in (1, 2)},
        "Chain": "family/Chain",
        **{f"Selection {depth}": f"category/Selection_{depth}" for depth in (1, 2, 3)},
        "Selection": "family/Selection",
        **{f"Selection & Chain {depth}": cell for depth, cell in both.items()},
    }
    mean = rates.estimate(average(rates[cell] for cell in both.values()), both.values())
    return {**{name: rates.estimate(cell) for name, cell in cells.items()}, "Selection & Chain": mean}


def tables(rates: Rates, *, smoothing: float = 0.0) -> Sequence[Table]:
    """The share of satisfied questions overall and by category, then the coherence test."""
    found = [Table("satisfied questions", ("DRFR",), (rates.row("overall", "overall"),))]
    for prefix, name in _TABLES.items():
        rows = tuple(rates.row(cell, f"{prefix}/{cell}") for cell in rates.under(f"{prefix}/"))
        found.append(Table(name, ("DRFR",), rows))
    selections = []
    for depth in _DEPTHS:
        apart = coherence(rates, depth, smoothing)
        both = (apart.origin, apart.coherent) if smoothing else (f"{depth}/origin", f"{depth}/coherent")
        selections.append(rates.row(depth, *both, apart.drop, of=[f"{depth}/origin"]))
    return [*found, Table("selection", ("branches", "all branches", "drop"), tuple(selections))]
