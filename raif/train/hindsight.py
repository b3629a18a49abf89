"""Hindsight: a response that failed its constraints is a success at others. At which, in the prompt's words?

For each failed constraint the nearest one that the response meets is looked for: the same kind with other
kwargs, else another kind, else it is dropped. The rewritten record, with the response as its expert answer,
is a pair to clone. No model is needed: constraints are typed, and checked by code.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from raif.constraints import Material, find
from raif.constraints.satisfiable import conflicting, contradiction
from raif.errors import ConstraintError
from raif.text import sentences
from raif.train.groups import Group, Rollout
from raif.train.rewrite import exchanged, rewritable, without
from raif.types import Constraint, Expert, Instruction
from raif.verdicts.checks import verify
from raif.verdicts.reward import unusable

FARTHEST = 200
"""How far from the asked number another one is looked for."""
LEAST = 2
"""A smaller number than this is asked for only if it was before: one bullet is no list."""
DRAWS = 16
"""How many kwargs of a kind are drawn where none is near."""
ENDING = 12
"""Words of a phrase that an answer is asked to end with, at most."""
_OPPOSITE = {"at least": "less than", "less than": "at least"}


class Found(NamedTuple):
    """A rewritten record that its own answer meets, and how far it is from what was asked: constraints
    dropped, then constraints of another kind.
    """

    record: Instruction
    dropped: int
    other: int


def hindsight(groups: Sequence[Group], kinds: Sequence[str], seed: str) -> list[Instruction]:
    """For each group in which no response has full marks, the pair that is nearest to what was asked.

    `kinds` can be asked for instead.
    """
    return [
        pair for number, group in enumerate(groups) for pair in _of_group(group, kinds, f"{seed}/{number}")
    ]


def _of_group(group: Group, kinds: Sequence[str], seed: str) -> Iterator[Instruction]:
    record, rng = group.instruction, random.Random(seed)
    failed = not any(r.verification.followed for r in group.rollouts)
    if not failed or not rewritable(record) or record.questions or not record.constraints:
        return
    found = [each for r in group.rollouts if usable(record, r) and (each := _met(record, r, kinds, rng))]
    if found:
        yield min(found, key=lambda each: (each.dropped, each.other)).record


def usable(record: Instruction, rollout: Rollout) -> bool:
    """It thought, answered, and ended."""
    ended = rollout.thinking and not rollout.truncated
    return ended and not unusable(record, rollout.response, thinking=True)


def _met(record: Instruction, rollout: Rollout, kinds: Sequence[str], rng: random.Random) -> Found | None:
    """The record rewritten so that this response has full marks."""
    answer, verdicts = rollout.response.answer or "", rollout.verification.verdicts
    found, dropped, other = record, 0, 0
    for place in reversed(range(len(record.constraints))):  # from the end: places before it stay
        if verdicts[place].passed:
            continue
        rest = [each for n, each in enumerate(found.constraints) if n != place]
        near = _nearest(record, record.constraints[place], answer, rng)
        new = near or _another(record, rest, kinds, answer, rng)
        changed = new and exchanged(found, place, new, rng.randrange(3))
        if changed:
            other += near is None
        elif len(found.constraints) > 1:
            changed, dropped = without(found, place), dropped + 1
        if not changed:
            return None
        found = changed
    possible = contradiction(found.constraints, record.semantics) is None
    if not possible or not verify(found, answer, loose=False).followed:
        return None
    expert = Expert(thinking=rollout.response.thinking, answer=answer)
    asked = {"hindsight": [each.model_dump() for each in record.constraints]}
    provenance = {**record.provenance, **asked}
    return Found(found.model_copy(update={"expert": expert, "provenance": provenance}), dropped, other)


def meets(record: Instruction, constraint: Constraint, answer: str) -> bool:
    """Whether an answer meets a constraint of such a record. Kwargs that it doesn't take are not met."""
    kind = find(constraint.id, record.semantics)
    try:
        return kind.check(answer, **kind.bind(constraint.kwargs)).passed is True
    except (ConstraintError, TimeoutError):
        return False


def _nearest(record: Instruction, asked: Constraint, answer: str, rng: random.Random) -> Constraint | None:
    """The constraint of the same kind that the answer meets, with kwargs as near as possible to these."""
    for kwargs in _near(asked, answer):
        if meets(record, one := Constraint(id=asked.id, kwargs=kwargs), answer):
            return one
    drawn = _drawn(record, asked.id, rng)
    same = [one for one in drawn if one.kwargs != asked.kwargs and meets(record, one, answer)]
    return max(same, key=lambda one: _shared(one, asked), default=None)


def _shared(one: Constraint, other: Constraint) -> int:
    """How many kwargs are the same."""
    return sum(one.kwargs.get(name) == value for name, value in other.kwargs.items())


def _near(asked: Constraint, answer: str) -> Iterator[dict[str, Any]]:
    """Kwargs by their distance: numbers up and down, then the opposite relation, parts of a list, the end of
    the answer itself.
    """
    kwargs = asked.kwargs
    numbers = [name for name, value in kwargs.items() if type(value) is int]
    relations = [name for name, value in kwargs.items() if value in list(_OPPOSITE)]
    for name in numbers:
        for distance in range(1, FARTHEST + 1):
            for value in (kwargs[name] + distance, kwargs[name] - distance):
                if value >= min(LEAST, kwargs[name]):
                    yield kwargs | {name: value}
    for name in relations:
        yield kwargs | {name: _OPPOSITE[kwargs[name]]}
    for name, value in kwargs.items():
        if isinstance(value, list) and len(value) > 1:
            for n in range(len(value)):
                yield kwargs | {name: value[:n] + value[n + 1 :]}
            for one in value:
                yield kwargs | {name: [one]}
        if name == "end_phrase" and (ends := sentences(answer)):
            last = ends[-1].strip().strip('"')
            if 0 < len(last.split()) <= ENDING and "\n" not in last:
                yield kwargs | {name: last}


def _another(
    record: Instruction, rest: Sequence[Constraint], kinds: Sequence[str], answer: str, rng: random.Random
) -> Constraint | None:
    """A constraint of another kind that the answer meets, that fits the rest and that the prompt lacks."""
    used = {each.id for each in record.constraints}
    for id in rng.sample(sorted(set(kinds) - used), len(set(kinds) - used)):
        if any(conflicting(id, each.id) for each in rest):
            continue
        for one in _drawn(record, id, rng):
            if meets(record, one, answer):
                return one
    return None


def _drawn(record: Instruction, id: str, rng: random.Random) -> list[Constraint]:
    """Constraints of a kind with kwargs as its draw makes them."""
    material = Material(record.language.partition("-")[0], record.prompt)
    kind = find(id, record.semantics)
    try:
        drawn = [Constraint(id=id, kwargs=kind.draw(rng, material)) for _ in range(DRAWS)]
    except (ConstraintError, IndexError, KeyError, ValueError):  # made for other material
        return []
    return [one for n, one in enumerate(drawn) if one not in drawn[:n]]
