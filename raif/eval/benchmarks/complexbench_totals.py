"""What ComplexBench's verdicts add up to: shares of satisfied questions, and how coherent selections are.

A question whose dependency failed counts as failed itself. Only direct dependencies are looked at, by their
own verdict and not by what their dependencies made of it, as officially.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from raif.eval.benchmarks.complexbench_rules import Verdict

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
RAIF_SMOOTHING = 1e-4
"""What the method's authors add to the coherent test's denominators."""


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
    """A record of the data; `group` holds together the branches of one instruction."""

    model_config = ConfigDict(frozen=True)
    main_id: int
    group: str | None = None
    category: str
    task_types: str
    composition_types: tuple[str, ...] = ()
    scoring_questions: tuple[ScoringQuestion, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """An item with a verdict for each question; None: could not be judged."""

    item: Item
    verdicts: Sequence[Verdict | None]

    @property
    def complete(self) -> bool:
        """Whether it counts: officially an item without any judged question gets lost as well."""
        asked = any(question.rule is None for question in self.item.scoring_questions)
        return asked and None not in self.verdicts

    @property
    def relying(self) -> list[Verdict | None]:
        """The verdicts, False where that on a dependency is."""
        pairs = zip(self.item.scoring_questions, self.verdicts, strict=True)
        return [
            False if any(self.verdicts[position] is False for position in question.dep) else verdict
            for question, verdict in pairs
        ]


@dataclass(frozen=True, slots=True)
class Coherence:
    """Share of records without a failure, share of groups without one, and the relative drop between them."""

    origin: float | None
    coherent: float | None
    drop: float | None


@dataclass(frozen=True, slots=True)
class Totals:
    """`overall` is the headline. An unknown rule's verdict 2 is a failure, except by group and dimension.

    `dropped` counts the items left out for want of verdicts.
    """

    overall: float | None
    categories: Mapping[str, float]
    category_families: Mapping[str, float]
    tasks: Mapping[str, float]
    compositions: Mapping[str, float]
    groups: Mapping[str, float]
    dimensions: Mapping[str, float]
    single: Coherence
    multiple: Coherence
    dropped: int


def totals(judged: Sequence[Judged], *, smoothing: float = 0.0) -> Totals:
    """All rates; `smoothing` is added to the denominators of the coherent test."""
    kept = [(one.item, one.relying) for one in judged if one.complete]
    passed = [(item, verdict is True) for item, verdicts in kept for verdict in verdicts]
    dimensions = list(_by_dimension(kept))
    return Totals(
        overall=_rates(("", one) for _, one in passed).get(""),
        categories=_rates((item.category, one) for item, one in passed),
        category_families=_rates((item.category.partition("_")[0], one) for item, one in passed),
        tasks=_rates((item.task_types, one) for item, one in passed),
        compositions=_rates(("_".join(sorted(item.composition_types)), one) for item, one in passed),
        groups=_rates((group, one) for group, _, one in dimensions),
        dimensions=_rates((dimension, one) for _, dimension, one in dimensions),
        single=_coherence(kept, lambda depth: depth == 1, smoothing),
        multiple=_coherence(kept, lambda depth: depth > 1, smoothing),
        dropped=len(judged) - len(kept),
    )


_Kept = Sequence[tuple[Item, list[Verdict | None]]]


def _rates(passed: Iterable[tuple[str, bool]]) -> dict[str, float]:
    """The share of True by name, names in order."""
    found = defaultdict(list)
    for name, one in passed:
        found[name].append(one)
    return {name: sum(found[name]) / len(found[name]) for name in sorted(found)}


def _by_dimension(kept: _Kept) -> Iterable[tuple[str, str, bool]]:
    """Group, dimension and verdict; a composition is both. Here an unknown rule's 2 is as good as True."""
    for item, verdicts in kept:
        for question, verdict in zip(item.scoring_questions, verdicts, strict=True):
            for dimension in question.constraint_dimensions:
                yield _GROUP_OF.get(dimension, "Others"), dimension, bool(verdict)
            for composition in question.composition_types:
                yield composition, composition, bool(verdict)


def _coherence(kept: _Kept, chosen: Callable[[int], bool], smoothing: float) -> Coherence:
    """Of the groups whose first record has the chosen number of questions on selections."""
    groups = defaultdict(list)
    for item, verdicts in kept:
        groups[item.group].append((item, False not in verdicts))
    clean = [[one for _, one in group] for group in groups.values() if chosen(_selections(group[0][0]))]
    if not clean:
        return Coherence(None, None, None)
    origin = sum(map(sum, clean)) / (sum(map(len, clean)) + smoothing)
    whole = sum(map(all, clean))
    lost = origin - whole / len(clean) + smoothing
    drop = lost / (origin + smoothing) if origin + smoothing else None
    return Coherence(origin, whole / (len(clean) + smoothing), drop)


def _selections(item: Item) -> int:
    return sum("Selection" in question.composition_types for question in item.scoring_questions)
