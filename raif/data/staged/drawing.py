"""Constraints and their composition, drawn before there is any text: what depends on what is never guessed.

What is drawn can be met: no rule finds a contradiction among the constraints that count together, and there
is a witness, an answer of the built-in responder that passes all of them.
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
from raif.data.builtin.respond import answer
from raif.data.builtin.seeds import Point, Seed, all_seeds
from raif.data.card import without_values
from raif.text import chinese
from raif.types import Constraint, Instruction, Message
from raif.verdicts.checks import verify

ATTEMPTS = 200
NO_WITNESS = "no witness"

_LEAST = {"en": 5, "zh": 2}
"""Letters, or characters, of a word that says what a request is about."""
_WORDS = 6
_ABOUT = {"en": "{word} goes with {word} and then with {word}.", "zh": "{word}和{word}还有{word}都在这里。"}
"""A sentence of a witness with a word of the request: it shows that there is room for the word."""


class Spec(NamedTuple):
    """What to draw: a composition, how many checks for code, how many for a judge."""

    composition: CompositionName
    coded: int
    judged: int


class Drawn(NamedTuple):
    """Positions in the plan's composition count the constraints first, then the judged checks."""

    constraints: tuple[Constraint, ...]
    plan: compose.Plan
    witness: str | None
    """An answer that passes all constraints that count; None if no constraint counts."""


def draw(
    seed: Seed, kinds: Sequence[str], spec: Spec, rng: random.Random, refused: Counter[str]
) -> Drawn | None:
    """Constraints that can be met together. None after too many attempts; `refused` counts why they failed.

    Takes 30 milliseconds on average and seconds at worst: call it outside an event loop.
    """
    count = spec.coded + spec.judged
    for _ in range(ATTEMPTS):
        constraints = compose.draw(seed, kinds, spec.coded, rng)
        plan = compose.plan(spec.composition, seed, count, rng)
        # the checks take places in the tree at random: a judged one can come before a constraint
        plan = plan._replace(composition=compose.moved(plan.composition, rng.sample(range(count), count)))
        counted = compose.active_of(constraints, plan.composition, spec.judged)
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
    found = answer(seed, rng.choice(list(LEVELS)), constraints)
    if found is None:
        return None
    record = Instruction(
        id=seed.id,
        messages=(Message(role="user", content=seed.prompt),),
        language=seed.language,
        constraints=tuple(constraints),
    )
    return found.text if verify(record, found.text, loose=False).followed else None


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
