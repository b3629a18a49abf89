"""One drawn instruction: its checks, their composition, and the record that comes of it.

Every branch is possible: whatever a reader takes the condition to be, what counts then can be met together.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from raif.config.builtin import CompositionName, Thinking
from raif.constraints.satisfiable import contradiction
from raif.constraints.tree import active
from raif.data.builtin import compose
from raif.data.builtin.draw import fill
from raif.data.builtin.respond import Request, answer, expert
from raif.data.builtin.respond.judged import Asked, ask
from raif.data.builtin.respond.plain import Plain, meets
from raif.dialect import semantics
from raif.types import Composition, Constraint, Expert, Instruction, Message, Question


class Impossible(Exception):
    """Nothing was drawn, for this reason."""


@dataclass(frozen=True)
class Drawn:
    """Positions in the plan's composition count the constraints first, then what a judge is asked."""

    plain: Plain
    constraints: tuple[Constraint, ...]
    asked: tuple[Asked, ...]
    plan: compose.Plan

    def prompt(self, rng: random.Random) -> str:
        """The request, and all checks in words."""
        seed = self.plain.seed
        wordings = [compose.worded(constraint, seed.language, rng) for constraint in self.constraints]
        return compose.prompt(seed, [*wordings, *(one.text for one in self.asked)], self.plan, rng)

    def expert(self, thinking: Thinking, rng: random.Random) -> Expert | None:
        """The answer to what counts, if a choice of the seed's sentences meets it."""
        tree = self.plan.composition
        counted = active(tree, [True] * (len(self.constraints) + len(self.asked)))
        asked = [one for n, one in enumerate(self.asked, len(self.constraints)) if counted[n]]
        request = Request(
            self.plain,
            compose.active_of(self.constraints, tree, len(self.asked)),
            asked,
            self.plan.condition,
            any(counted[place] for steps in compose.chains(tree) for place in steps),
        )
        return expert(request, rng, thinking)

    def record(self, id: str, prompt: str, expert: Expert, provenance: dict[str, Any]) -> Instruction:
        """The record with its origin: the seed, its level, the condition, what the plain answers pass."""
        seed, condition = self.plain.seed, self.plan.condition
        origin: dict[str, Any] = {
            "seed": seed.id,
            "group": seed.group,
            "task": seed.task,
            "topic": seed.topic,
        }
        origin["level"] = self.plain.level
        if condition:
            origin["condition"] = {"form": condition.form, "holds": condition.holds}
        return Instruction(
            id=id,
            task="complex" if self.asked else "ifeval",
            messages=(Message(role="user", content=prompt),),
            language=seed.language,
            constraints=self.constraints,
            questions=tuple(Question(text=one.question) for one in self.asked),
            composition=self.plan.composition,
            expert=expert,
            provenance=origin | provenance,
        )

    def others_possible(self) -> bool:
        """Whether the branches that the request doesn't select can be met, too."""
        tree, seed, level = self.plan.composition, self.plain.seed, self.plain.level
        for path in compose.paths(tree):
            if path != tree:
                counted = compose.active_of(self.constraints, path, len(self.asked))
                found = answer(seed, level, counted)
                if not found or not all(meets(found.text, one, seed.language) for one in counted):
                    return False
        return True


def drawn(
    plain: Plain, kinds: Collection[str], name: CompositionName, count: int, judged: bool, rng: random.Random
) -> Drawn:
    """An instruction with `count` constraints, and one demand for a judge if there is to be one.

    Raises Impossible if these kinds can't be combined for this seed.
    """
    seed, more = plain.seed, int(judged)
    total = compose.fitted(name, count + more)
    plan = compose.plan(name, seed, total, rng)
    if judged:
        plan = plan._replace(composition=_with_last_judged(plan.composition, total, rng))
    tree, coded = plan.composition, total - more
    together = [active(path, [True] * total) for path in compose.paths(tree)]

    def apart(one: int, other: int) -> bool:
        return not any(counted[one] and counted[other] for counted in together)

    constraints = fill(plain, kinds, compose.chains(tree), apart, coded, rng)
    if constraints is None:
        raise Impossible("too few kinds fit the seed")
    for path in compose.paths(tree):
        if reason := contradiction(
            compose.active_of(constraints, path, more), semantics("raif", seed.language)
        ):
            raise Impossible(reason)
    return Drawn(plain, tuple(constraints), (ask(plain, rng),) if judged else (), plan)


def _with_last_judged(tree: Composition, total: int, rng: random.Random) -> Composition:
    """The tree with its places renumbered, so that the last check takes any place that is no chain's step."""
    steps = {place for chain in compose.chains(tree) for place in chain}
    place = rng.choice([n for n in range(total) if n not in steps])
    return compose.moved(tree, [*range(place), total - 1, *range(place, total - 1)])
