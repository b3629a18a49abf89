"""How the built-in expert meets one kind of constraint, and how all of them together make an answer."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from raif.constraints import KINDS, find
from raif.constraints.wording import render
from raif.data.builtin.respond import bank
from raif.data.builtin.respond.draft import Draft, fill
from raif.data.builtin.seeds import Seed
from raif.registry import Registry
from raif.types import Constraint, Expert

Facts = Callable[[], Mapping[str, Any]]
"""What a responder knows about the finished answer: values for the templates of its thoughts."""

_REQUESTS = {
    "en": ("Request: {task}, {title}.", "I am asked for {task}: {title}.", "Wanted: {task} ({title})."),
    "zh": ("请求：{task}，{title}。", "要写的是{task}：{title}。"),
}


class Phase(IntEnum):
    """The order in which responders edit a draft: the last one is outermost."""

    LIMIT = 1
    """What the text has to contain or avoid, before there is any."""
    STRUCTURE = 2
    FRAME = 3
    """Title, placeholders, postscript."""
    EDGE = 4
    """The very first and the very last text."""


@dataclass(frozen=True)
class Responder:
    """`edit(draft, **kwargs)` makes the draft meet the constraint. `thoughts`: language -> templates.

    The kind isn't drawn in a language that `thoughts` lacks.
    """

    phase: Phase
    edit: Callable[..., Facts]
    thoughts: Mapping[str, tuple[str, ...]]

    def think(self, rng: random.Random, language: str, constraint: Constraint, facts: Facts) -> str:
        """What is asked for and how this answer meets it, in one line."""
        values = render(find(constraint.id, language).bind(constraint.kwargs), language)
        thought = rng.choice(self.thoughts[language]).format_map({**values, **facts()})
        return thought[0].upper() + thought[1:]


RESPONDERS: Registry[Responder] = Registry("responder")


def responder(
    id: str, phase: Phase, *, en: tuple[str, ...], zh: tuple[str, ...] = ()
) -> Callable[[Callable[..., Facts]], Callable[..., Facts]]:
    """Register the decorated edit for the kind `id`, with the thoughts that it can have."""
    thoughts = {"en": en, "zh": zh} if zh else {"en": en}

    def define(edit: Callable[..., Facts]) -> Callable[..., Facts]:
        RESPONDERS.add(id, Responder(phase, edit, thoughts))
        return edit

    return define


def nothing() -> Mapping[str, Any]:
    """The facts of a responder whose kwargs say it all."""
    return {}


def phrases(items: list[str], language: str) -> str:
    """Items as a list without quotation marks: a, b and c. Empty if there are no items."""
    *front, last = items or [""]
    comma, final = ("、", "和") if language == "zh" else (", ", " and ")
    return comma.join(front) + final + last if front else last


def kinds_for(language: str) -> list[str]:
    """The kinds that can be asked in `language` and that a responder can meet in it."""
    return [id for id in RESPONDERS if language in RESPONDERS[id].thoughts and language in KINDS[id].wordings]


def respond(
    seed: Seed, constraints: Sequence[Constraint], rng: random.Random, size: int, remark: str = ""
) -> Expert | None:
    """The best answer that can be made of the seed's sentences, about `size` of them.

    `remark` is a thought about the request as a whole. None if too few sentences fit for the structure.
    Whether the answer passes is for the verifier to say.
    """
    draft = Draft(seed, rng, size)
    facts: dict[int, Facts] = {}
    for phase in Phase:
        for position, constraint in enumerate(constraints):
            chosen = RESPONDERS[constraint.id]
            if chosen.phase is phase:
                kwargs = find(constraint.id, seed.language).bind(constraint.kwargs)
                facts[position] = chosen.edit(draft, **kwargs)
    fill(draft)
    if len(draft.sentences) < draft.structure.least:
        return None
    draft.finish()
    lines = [
        RESPONDERS[constraint.id].think(rng, seed.language, constraint, facts[position])
        for position, constraint in enumerate(constraints)
    ]
    task = bank.TASKS[seed.language][seed.task]
    request = rng.choice(_REQUESTS[seed.language]).format(task=task, title=seed.title)
    return Expert(thinking="\n".join([request, *filter(None, [remark]), *lines]), answer=draft.answer)
