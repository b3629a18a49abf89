"""Constraints and their composition, drawn before there is any text: what depends on what is never guessed.

What is drawn can be met, whichever branch a reader takes: nothing in the request's words rules it out, no
rule finds a contradiction among the constraints that count together, and there is a witness, an answer of the
built-in responder that passes all of them.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from raif.config.builtin import LEVELS, CompositionName
from raif.constraints.satisfiable import contradiction
from raif.data.builtin import compose
from raif.data.builtin.draw import can_chain, chain
from raif.data.builtin.respond import answer
from raif.data.builtin.respond.plain import Plain
from raif.data.builtin.seeds import Point, Seed, all_seeds
from raif.data.card import without_values
from raif.data.staged.possible import impossible
from raif.dialect import semantics
from raif.text import chinese
from raif.types import Constraint, Instruction, Message
from raif.verdicts.checks import verify

ATTEMPTS = 200
NO_WITNESS, TOO_FEW = "no witness", "too few kinds"

_LEAST = {"en": 5, "zh": 2}
"""Letters, or characters, of a word that says what a request is about."""
_WORDS = 6
_ABOUT = {"en": "{word} goes with {word} and then with {word}.", "zh": "{word}和{word}还有{word}都在这里。"}
"""A sentence of a witness with a word of the request: it shows that there is room for the word."""


class Layout(NamedTuple):
    """What to draw constraints for. Positions count the constraints first, then the judged checks."""

    plan: compose.Plan
    coded: int
    judged: int

    @property
    def steps(self) -> tuple[int, ...]:
        """The positions of a chain's steps: all of them constraints, or all judged. Empty without a chain."""
        return next(iter(compose.chains(self.plan.composition)), ())


class Drawn(NamedTuple):
    constraints: tuple[Constraint, ...]
    witness: str | None
    """An answer that passes all constraints that count; None if no constraint counts."""


def layout(
    name: CompositionName, seed: Seed, kinds: Sequence[str], count: int, judged: float, rng: random.Random
) -> Layout:
    """A composition of `count` checks, of which a share is judged; the steps of a chain, all or none of them.

    Steps that build on each other are written by one author: a responder of ours, or the teacher.
    """
    plan = compose.plan(name, seed, count, rng)
    chained = {place for steps in compose.chains(plan.composition) for place in steps}
    of_judge = {place for place in range(count) if place not in chained and rng.random() < judged}
    if rng.random() < judged or (judged and not can_chain(kinds)):
        of_judge |= chained
    in_order = sorted(range(count), key=lambda place: place in of_judge)
    places = [in_order.index(place) for place in range(count)]
    plan = plan._replace(composition=compose.moved(plan.composition, places))
    return Layout(plan, count - len(of_judge), len(of_judge))


def draw(
    seed: Seed, kinds: Sequence[str], plan: Layout, rng: random.Random, refused: Counter[str]
) -> Drawn | None:
    """Constraints that can be met together. None after too many attempts; `refused` counts why they failed.

    Takes 30 milliseconds on average and seconds at worst: call it outside an event loop.
    """
    tree = plan.plan.composition
    for _ in range(ATTEMPTS):
        constraints = _constraints(seed, kinds, plan, rng)
        if constraints is None:
            refused[TOO_FEW] += 1
            continue
        found: str | None = None
        for path in compose.paths(tree):
            counted = compose.active_of(constraints, path, plan.judged)
            if not counted:
                continue
            reason = impossible(seed.prompt, seed.language, counted) or contradiction(
                counted, semantics("raif", seed.language)
            )
            passing = None if reason else witness(seed, counted, rng)
            if passing is None:
                refused[without_values(reason) if reason else NO_WITNESS] += 1
                break
            found = passing if path == tree else found
        else:
            return Drawn(constraints, found)
    return None


def _constraints(
    seed: Seed, kinds: Sequence[str], plan: Layout, rng: random.Random
) -> tuple[Constraint, ...] | None:
    """One draw; None if the steps of a chain, or other kinds than theirs, are too few."""
    steps = [place for place in plan.steps if place < plan.coded]
    placed: dict[int, Constraint] = {}
    if steps:
        made = chain(Plain(seed, rng.choice(list(LEVELS))), kinds, len(steps), rng)
        if made is None:
            return None
        placed = dict(zip(steps, made, strict=True))
    used = {constraint.id for constraint in placed.values()}
    others = compose.draw(seed, [id for id in kinds if id not in used], plan.coded - len(placed), rng)
    free = [place for place in range(plan.coded) if place not in placed]
    if len(others) < len(free):
        return None
    placed |= zip(free, others, strict=True)
    return tuple(placed[place] for place in range(plan.coded))


def witness(seed: Seed, constraints: Sequence[Constraint], rng: random.Random) -> str | None:
    """An answer that passes all the constraints strictly, if the built-in responder finds one."""
    record = Instruction(
        id=seed.id,
        messages=(Message(role="user", content=seed.prompt),),
        language=seed.language,
        constraints=tuple(constraints),
    )
    for level in rng.sample(list(LEVELS), len(LEVELS)):
        found = answer(seed, level, constraints)
        if found and verify(record, found.text, loose=False).followed:
            return found.text
    return None


def material(record: Instruction, rng: random.Random) -> Seed:
    """The packaged seed of this request; otherwise its own words with the sentences of another seed.

    An answer made of those is off topic, but shows that the constraints can be met together.
    """
    if known := packaged(record.prompt):
        return known
    other = rng.choice([seed for seed in all_seeds() if seed.language == record.language])
    text = record.prompt
    found = chinese.words(text) if record.language == "zh" else re.findall("[a-z]+", text.lower())
    long = [word for word in dict.fromkeys(found) if len(word) >= _LEAST[record.language]]
    keywords = tuple(sorted(long, key=len, reverse=True)[:_WORDS])
    return about(other.model_copy(update={"id": record.id, "prompt": text}), keywords)


def about(seed: Seed, keywords: tuple[str, ...]) -> Seed:
    """The seed with other keywords, and sentences of a witness that have them."""
    pattern = _ABOUT[seed.language]
    more = (Point(level=3, text=pattern.format(word=word)) for word in keywords)
    return seed.model_copy(update={"keywords": keywords, "points": (*seed.points, *more)})


def packaged(request: str) -> Seed | None:
    """The packaged seed with this request."""
    return next((seed for seed in all_seeds() if seed.prompt == request), None)
