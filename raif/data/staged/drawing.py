"""Checks drawn as a tree, before there is any text: what hangs on what is known from the start.

What is drawn can be met: no rule finds a contradiction among the constraints that count together, and there
is a witness, an answer of the built-in responder that passes all of them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from raif.config.builtin import CompositionName
from raif.constraints.satisfiable import contradiction
from raif.data.builtin import compose
from raif.data.builtin.respond import respond
from raif.data.builtin.seeds import Seed
from raif.data.card import without_values
from raif.types import Composition, Constraint, Instruction, Message
from raif.verdicts.checks import verify

ATTEMPTS = 200
SENTENCES = (2, 5)
"""Of a built-in answer where no constraint says otherwise."""
NO_WITNESS = "no witness"


class Drawn(NamedTuple):
    """Positions in the plan's composition count the constraints first, then the judged checks."""

    constraints: tuple[Constraint, ...]
    plan: compose.Plan
    witness: str | None
    """An answer that passes all constraints that count; None where none of them does."""


class Shape(NamedTuple):
    """What to draw: how the checks hang together, how many code checks, how many a judge."""

    composition: CompositionName
    coded: int
    judged: int


def draw(
    seed: Seed, kinds: Sequence[str], shape: Shape, rng: random.Random, refused: Counter[str]
) -> Drawn | None:
    """Constraints that can be met together; None after too many attempts, whose reasons go into `refused`."""
    for _ in range(ATTEMPTS):
        constraints = compose.draw(seed, kinds, shape.coded, rng)
        plan = _plan(shape, seed, rng)
        counted = compose.active_of(constraints, plan.composition, shape.judged)
        if reason := contradiction(counted, seed.language):
            refused[without_values(reason)] += 1
            continue
        found = witness(seed, counted, rng) if counted else None
        if found or not counted:
            return Drawn(constraints, plan, found)
        refused[NO_WITNESS] += 1
    return None


def witness(seed: Seed, constraints: Sequence[Constraint], rng: random.Random) -> str | None:
    """An answer that passes all the constraints strictly, if the built-in responder finds one."""
    expert = respond(seed, constraints, rng, rng.randint(*SENTENCES))
    if expert is None:
        return None
    record = Instruction(
        id=seed.id,
        messages=(Message(role="user", content=seed.prompt),),
        language=seed.language,
        constraints=tuple(constraints),
    )
    return expert.answer if verify(record, expert.answer, loose=False).followed else None


def _plan(shape: Shape, seed: Seed, rng: random.Random) -> compose.Plan:
    """The checks go to the places of the tree at random: a judged one may come before a constraint."""
    count = shape.coded + shape.judged
    plan = compose.plan(shape.composition, seed, count, rng)
    places = rng.sample(range(count), count)
    return plan._replace(composition=_moved(plan.composition, places))


def _moved(tree: Composition, places: Sequence[int]) -> Composition:
    parts = tuple(places[part] if isinstance(part, int) else _moved(part, places) for part in tree.parts)
    return tree.model_copy(update={"parts": parts})
