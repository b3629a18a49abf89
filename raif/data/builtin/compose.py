"""From a seed to an instruction: constraints that can be met together, and the words that ask for them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import compress
from typing import NamedTuple

from raif.config.builtin import CompositionName
from raif.constraints import Material, find
from raif.constraints.tree import active
from raif.data.builtin import branch
from raif.data.builtin.seeds import Seed
from raif.types import Composition, Constraint

_LISTS = {
    "en": ("Requirements:", "Please keep to these rules:", "Make sure of the following:"),
    "zh": ("要求：", "请遵守以下要求：", "请做到以下几点："),
}


class Plan(NamedTuple):
    """How the constraints of a record hang together, and what a selection among them asks of the request."""

    composition: Composition
    condition: branch.Condition | None = None


def plan(name: CompositionName, seed: Seed, count: int, rng: random.Random) -> Plan:
    """A plan for `count` constraints. Nothing is drawn for one that has no selection in it."""
    if name in ("and", "chain"):
        return Plan(branch.tree(name, count, holds=True, rng=rng))
    chosen = branch.condition(seed, rng)
    return Plan(branch.tree(name, count, holds=chosen.holds, rng=rng), chosen)


def draw(seed: Seed, kinds: Sequence[str], count: int, rng: random.Random) -> tuple[Constraint, ...]:
    """`count` different kinds with kwargs drawn from what the seed offers; they may contradict each other."""
    material = Material(seed.language, seed.prompt, seed.keywords)
    chosen = rng.sample(kinds, min(count, len(kinds)))
    return tuple(Constraint(id=id, kwargs=find(id, seed.language).draw(rng, material)) for id in chosen)


def active_of(
    constraints: Sequence[Constraint], composition: Composition | None, others: int = 0
) -> tuple[Constraint, ...]:
    """The constraints that count for an answer that meets them: those of the branches taken.

    `others`: how many checks of another sort the composition has, numbered after the constraints.
    """
    counted = active(composition, [True] * (len(constraints) + others))
    return tuple(compress(constraints, counted))


def ask(seed: Seed, constraints: Sequence[Constraint], plan: Plan, rng: random.Random) -> str:
    """The seed's request followed by the constraints."""
    return put(seed, [worded(item, seed.language, rng) for item in constraints], plan, rng)


def worded(constraint: Constraint, language: str, rng: random.Random) -> str:
    """One way to ask for a constraint."""
    return find(constraint.id, language).ask(rng, language, constraint.kwargs)


def put(seed: Seed, wordings: Sequence[str], plan: Plan, rng: random.Random) -> str:
    """The request followed by the wordings of all checks, in running text or, where all count, as a list."""
    if plan.condition is None and plan.composition.kind == "and":
        return _plainly(seed, wordings, rng)
    asked = outline(wordings, plan, seed.language)
    return seed.prompt + ("" if seed.language == "zh" or asked.startswith("\n") else " ") + asked


def outline(wordings: Sequence[str], plan: Plan, language: str) -> str:
    """The wordings alone, and how they hang together."""
    what = plan.condition.what if plan.condition else ""
    return branch.ask(plan.composition, wordings, what, language)


def _plainly(seed: Seed, wordings: Sequence[str], rng: random.Random) -> str:
    if len(wordings) > 1 and rng.random() < 0.3:
        head = rng.choice(_LISTS[seed.language])
        return "\n".join([seed.prompt, head, *(f"{n}. {text}" for n, text in enumerate(wordings, 1))])
    return ("" if seed.language == "zh" else " ").join([seed.prompt, *wordings])
