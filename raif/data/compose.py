"""From a seed to an instruction: constraints that can be met together, and the words that ask for them."""

from __future__ import annotations

import random
from collections.abc import Sequence

from raif.constraints import Material, find
from raif.data.seeds import Seed
from raif.types import Constraint

_LISTS = {
    "en": ("Requirements:", "Please keep to these rules:", "Make sure of the following:"),
    "zh": ("要求：", "请遵守以下要求：", "请做到以下几点："),
}


def draw(seed: Seed, kinds: Sequence[str], count: int, rng: random.Random) -> tuple[Constraint, ...]:
    """`count` different kinds with kwargs drawn from what the seed offers; they may contradict each other."""
    material = Material(seed.language, seed.prompt, seed.keywords)
    chosen = rng.sample(kinds, min(count, len(kinds)))
    return tuple(Constraint(id=id, kwargs=find(id, seed.language).draw(rng, material)) for id in chosen)


def ask(seed: Seed, constraints: Sequence[Constraint], rng: random.Random) -> str:
    """The seed's request followed by the constraints, in running text or as a list."""
    wordings = [find(item.id, seed.language).ask(rng, seed.language, item.kwargs) for item in constraints]
    if len(wordings) > 1 and rng.random() < 0.3:
        head = rng.choice(_LISTS[seed.language])
        return "\n".join([seed.prompt, head, *(f"{n}. {text}" for n, text in enumerate(wordings, 1))])
    return ("" if seed.language == "zh" else " ").join([seed.prompt, *wordings])
