"""A responder: how an answer comes to meet one kind of constraint, and what the thinking says of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from raif.constraints import find
from raif.constraints.wording import render
from raif.registry import Registry
from raif.types import Constraint

Facts = Callable[[], Mapping[str, Any]]
"""What a responder knows of the finished answer, for the templates of its thoughts."""


class Stage(IntEnum):
    """The order in which responders shape a draft, so that the last to come is outermost."""

    LIMIT = 1
    """What the text may and must have, before there is any."""
    SHAPE = 2
    FRAME = 3
    """Title, placeholders, postscript."""
    EDGE = 4
    """The very first and the very last text."""


@dataclass(frozen=True)
class Responder:
    """`edit(draft, **kwargs)` makes the draft meet the constraint. `thoughts`: language -> templates.

    A language that `thoughts` leaves out is one in which the kind is not drawn.
    """

    stage: Stage
    edit: Callable[..., Facts]
    thoughts: Mapping[str, tuple[str, ...]]

    def think(self, rng: random.Random, language: str, constraint: Constraint, facts: Facts) -> str:
        """What is demanded and how this answer meets it, in one line."""
        values = render(find(constraint.id, language).bind(constraint.kwargs), language)
        thought = rng.choice(self.thoughts[language]).format_map({**values, **facts()})
        return thought[0].upper() + thought[1:]


RESPONDERS: Registry[Responder] = Registry("responder")


def responder(
    id: str, stage: Stage, *, en: tuple[str, ...], zh: tuple[str, ...] = ()
) -> Callable[[Callable[..., Facts]], Callable[..., Facts]]:
    """Register the decorated edit for the kind `id`, with the thoughts that it can have."""
    thoughts = {"en": en, "zh": zh} if zh else {"en": en}

    def define(edit: Callable[..., Facts]) -> Callable[..., Facts]:
        RESPONDERS.add(id, Responder(stage, edit, thoughts))
        return edit

    return define


def nothing() -> Mapping[str, Any]:
    """The facts of a responder whose kwargs say it all."""
    return {}


def phrases(items: list[str], language: str) -> str:
    """Items as a list without quotation marks: a, b and c; "" where there are none."""
    *front, last = items or [""]
    comma, final = ("、", "和") if language == "zh" else (", ", " and ")
    return comma.join(front) + final + last if front else last
