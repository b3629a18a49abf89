"""ComplexBench's records, and their verdicts with what depends on them.

A question whose dependency failed counts as failed itself. Only direct dependencies are looked at, by their
own verdict and not by what their dependencies made of it, as officially.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from raif.eval.benchmarks.complexbench.rules import Verdict
from raif.types import Message


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
    instruction: str = ""
    group: str | None = None
    category: str
    task_types: str
    composition_types: tuple[str, ...] = ()
    scoring_questions: tuple[ScoringQuestion, ...]
    sub_instructions: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Of the release of 2024: the steps that the instruction was composed of."""

    @property
    def id(self) -> str:
        return str(self.main_id)

    @property
    def messages(self) -> tuple[Message, ...]:
        return (Message(role="user", content=self.instruction),)


@dataclass(frozen=True, slots=True)
class Judged:
    """An item with a verdict for each question; None: could not be judged."""

    item: Item
    verdicts: Sequence[Verdict | None]

    @property
    def complete(self) -> bool:
        """Whether it counts officially, where an item without any judged question gets lost as well."""
        asked = any(question.rule is None for question in self.item.scoring_questions)
        return asked and None not in self.verdicts

    @property
    def empty(self) -> Judged:
        """The item without any verdict."""
        return Judged(self.item, [None] * len(self.verdicts))

    @property
    def relying(self) -> list[Verdict | None]:
        """The verdicts, False where that on a dependency is, and None where that can't be said."""
        pairs = zip(self.item.scoring_questions, self.verdicts, strict=True)
        return [self._relying(question.dep, verdict) for question, verdict in pairs]

    def _relying(self, dep: Sequence[int], verdict: Verdict | None) -> Verdict | None:
        before = [self.verdicts[position] for position in dep]
        if verdict is False or any(one is False for one in before):
            return False
        return None if None in before else verdict
