"""Prompts of the right difficulty: whose share of full marks, as measured while training, lies in a band.

What became easy gets one more constraint, what never passes loses one; what stays outside is passed over.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from raif.constraints import Material, find
from raif.constraints.satisfiable import conflicting, contradiction
from raif.errors import ConstraintError
from raif.train.groups import Group
from raif.train.memory import Memory, dead_share
from raif.train.rewrite import added, rewritable, without
from raif.types import Constraint, Instruction

MOST = 3
"""Constraints of a prompt that was made harder."""
PASSED_OVER = 3
"""How many prompts outside the band are passed over for one that is taken, at most."""
ADAPTED = "adapted"
"""The entry of `provenance` that says what was changed."""

Band = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The prompts of a round of a rollout, of `considered` ones.

    `known`: how many of these had an expected pass rate. `before` and `after`: how many of the known were
    outside the band as they were, and how many of those taken still are.
    """

    prompts: list[Instruction]
    considered: int
    known: int
    before: int
    after: int


def choose(at: Callable[[int], Instruction], count: int, memory: Memory, band: Band, seed: str) -> Chosen:
    """`count` prompts, adapted where that helps. `at`: the prompt at a place, from 0 on."""
    chosen, known, before, after = list[Instruction](), 0, 0, 0
    place = passed_over = 0
    while len(chosen) < count:
        record = at(place)
        expected = memory.expected(record)
        known += expected is not None
        before += outside(expected, band)
        adapted = fitted(record, memory, band, random.Random(f"{seed}/{place}"))
        place += 1
        misses = outside(memory.expected(adapted), band)
        if misses and passed_over < PASSED_OVER * count:
            passed_over += 1
            continue
        after += misses
        chosen.append(adapted)
    return Chosen(chosen, place, known, before, after)


def outside(expected: float | None, band: Band) -> bool:
    """What isn't known is not outside."""
    return expected is not None and not band[0] <= expected <= band[1]


def fitted(record: Instruction, memory: Memory, band: Band, rng: random.Random) -> Instruction:
    """The record with one constraint more or less, if that is nearer to the band; else the record."""
    expected = memory.expected(record)
    if expected is None or not outside(expected, band) or not rewritable(record) or record.questions:
        return record
    if expected > band[1]:
        return _harder(record, memory, band, rng, expected) or record
    return _easier(record, memory) or record


def _harder(
    record: Instruction, memory: Memory, band: Band, rng: random.Random, expected: float
) -> Instruction | None:
    """With one more constraint, of the kind whose pass rate brings it nearest to the band's middle."""
    if len(record.constraints) >= MOST:
        return None
    rates = {
        kind: rate for kind in sorted(memory.kinds["thinking"]) if (rate := memory.rate(kind)) is not None
    }
    fits = [kind for kind in rates if not any(conflicting(kind, each.id) for each in record.constraints)]
    middle = sum(band) / 2
    for kind in sorted(fits, key=lambda kind: (abs(expected * rates[kind] - middle), kind)):
        new = _drawn(record, kind, rng)
        if new is None or contradiction((*record.constraints, new), record.semantics):
            continue
        if harder := added(record, new, rng.randrange(3)):
            return _noted(harder, f"+{kind}")
    return None


def _drawn(record: Instruction, kind: str, rng: random.Random) -> Constraint | None:
    material = Material(record.language.partition("-")[0], record.prompt)
    try:
        return Constraint(id=kind, kwargs=find(kind, record.semantics).draw(rng, material))
    except (ConstraintError, IndexError, KeyError, ValueError):  # made for other material
        return None


def _easier(record: Instruction, memory: Memory) -> Instruction | None:
    """Without the constraint that passes least often, of those whose words are found."""
    if len(record.constraints) < 2:
        return None
    rates = [memory.rate(constraint.id) for constraint in record.constraints]
    passing = [1.0 if rate is None else rate for rate in rates]
    for place in sorted(range(len(passing)), key=passing.__getitem__):
        if easier := without(record, place):
            return _noted(easier, f"-{record.constraints[place].id}")
    return None


def _noted(record: Instruction, change: str) -> Instruction:
    return record.model_copy(update={"provenance": {**record.provenance, ADAPTED: change}})


def band_metrics(rounds: Sequence[Chosen], groups: Sequence[Group]) -> dict[str, float]:
    """For metrics.jsonl: the shares of prompts outside the band before and after, of those with a known rate;
    of adapted ones; of dead groups among these and among the others.
    """
    considered = sum(each.considered for each in rounds)
    known, taken = sum(each.known for each in rounds), sum(len(each.prompts) for each in rounds)
    sides = {
        "dead_adapted": [group for group in groups if ADAPTED in group.instruction.provenance],
        "dead_unchanged": [group for group in groups if ADAPTED not in group.instruction.provenance],
    }
    dead = {name: share for name, chosen in sides.items() if (share := dead_share(chosen)) is not None}
    return {
        "band_known": known / considered,
        **({"band_outside_before": sum(each.before for each in rounds) / known} if known else {}),
        "band_outside_after": sum(each.after for each in rounds) / taken,
        "band_adapted": len(sides["dead_adapted"]) / len(groups),
        **dead,
    }
