"""The built-in expert: the sentences of a seed, chosen and laid out so that every constraint is met."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from raif.config.builtin import Level, Thinking
from raif.data.builtin.compose import Condition
from raif.data.builtin.respond.choose import Chosen, Task, choose
from raif.data.builtin.respond.form import write
from raif.data.builtin.respond.judged import Asked
from raif.data.builtin.respond.kinds import edit
from raif.data.builtin.respond.plain import Plain, meets
from raif.data.builtin.respond.think import Failing, Thought, brief, full
from raif.data.builtin.seeds import Seed
from raif.types import Constraint, Expert

_FAILING_SHARE = 0.6
"""Of the experts who think at length, how many write a first draft that fails, if there is one."""


@dataclass(frozen=True)
class Request:
    """What the expert answers: the constraints are those that count."""

    plain: Plain
    constraints: Sequence[Constraint]
    asked: Sequence[Asked] = ()
    """What a judge will decide."""
    condition: Condition | None = None
    chained: bool = False
    remark: str = ""
    """A thought about the request as a whole, if there is no condition."""


class Answer(NamedTuple):
    chosen: Chosen
    text: str


def answer(
    seed: Seed, level: Level, constraints: Sequence[Constraint], *, fenced: bool = False
) -> Answer | None:
    """An answer that is meant to meet the constraints; None if no choice of sentences does.

    Whether it passes is for the verifier to say.
    """
    task = Task(seed, level)
    task.form.fenced = fenced
    for constraint in constraints:
        edit(task, constraint.id, constraint.kwargs)
    chosen = choose(task)
    return None if chosen is None else Answer(chosen, write(seed, chosen, task.form))


def expert(request: Request, rng: random.Random, thinking: Thinking = "full") -> Expert | None:
    """The answer with its thinking; None if no choice of the seed's sentences meets all constraints."""
    plain, constraints = request.plain, request.constraints
    fenced = rng.random() < 0.3
    final = answer(plain.seed, plain.level, constraints, fenced=fenced)
    if final is None:
        return None
    thought = Thought(
        plain, constraints, request.asked, request.condition, request.chained, request.remark,
        final.text, final.chosen, None,
    )  # fmt: skip
    if thinking != "full":
        return Expert(thinking=brief(thought, rng, planned=thinking == "planned"), answer=final.text)
    if rng.random() < _FAILING_SHARE:
        thought = thought._replace(failing=_failing(request, rng, fenced))
    return Expert(thinking=full(thought, rng), answer=final.text)


def _failing(request: Request, rng: random.Random, fenced: bool) -> Failing | None:
    """A draft that forgets one constraint and, as the check says, fails it."""
    plain, constraints = request.plain, request.constraints
    for forgotten in rng.sample(range(len(constraints)), len(constraints)):
        others = [one for n, one in enumerate(constraints) if n != forgotten]
        draft = answer(plain.seed, plain.level, others, fenced=fenced)
        if draft and not meets(draft.text, constraints[forgotten], plain.language):
            return Failing(constraints[forgotten], draft.text, draft.chosen)
    return None


def respond(
    seed: Seed,
    constraints: Sequence[Constraint],
    rng: random.Random,
    level: Level = "middle",
    remark: str = "",
) -> Expert | None:
    """The expert's answer to constraints from anywhere. `remark`: a thought about the request as a whole."""
    return expert(Request(Plain(seed, level), constraints, remark=remark), rng)
