"""Problems with right answers, made by rule: sums, and knights and knaves. Each has an expert answer.

python benchmarks/math_like.py 400 problems.jsonl
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path

from raif.files import jsonl
from raif.types import Expert, Instruction, Message

NAMES = ("Zoey", "Owen", "Ella", "Liam", "Noah", "Ruby", "Jack", "Mia")
ROLES = ("knight", "knave")
World = tuple[bool, ...]
"""For each person, whether it is a knight."""


def problems(count: int, seed: int = 0) -> list[Instruction]:
    """Half of them sums, half knights and knaves; the same ones for the same seed, each text once."""
    rng, found = random.Random(seed), dict[str, Instruction]()
    while len(found) < count:
        record = summed(rng) if len(found) % 2 else knights(rng)
        found.setdefault(record.prompt, record.model_copy(update={"id": f"problem-{len(found)}"}))
    return list(found.values())


def summed(rng: random.Random) -> Instruction:
    """Two steps of adding and taking away, with the result in a box."""
    first, second, third = rng.randint(20, 99), rng.randint(10, 80), rng.randint(2, 19)
    between = first + second
    result = between - third
    prompt = f"What is {first} + {second} - {third}? Put the result into \\boxed{{}}."
    thinking = f"First, {first} + {second} = {between}. Then {between} - {third} = {result}."
    return _record("math", prompt, str(result), thinking, f"The result is \\boxed{{{result}}}.")


def knights(rng: random.Random) -> Instruction:
    """Two people, each of whom says one thing; a single world fits."""
    while True:
        names = rng.sample(NAMES, 2)
        said = [_statement(rng, speaker, names) for speaker in range(2)]
        worlds = [
            world
            for world in product((True, False), repeat=2)
            if all(world[n] == holds(world) for n, (_, holds) in enumerate(said))
        ]
        if len(worlds) == 1:
            break
    (world,) = worlds
    roles = [ROLES[not knight] for knight in world]
    answer = f"(1) {names[0]} is a {roles[0]}. (2) {names[1]} is a {roles[1]}."
    prompt = (
        "Knights always tell the truth, and knaves always lie. "
        f"You meet {names[0]} and {names[1]}. "
        + " ".join(f'{names[n]} says: "{text}"' for n, (text, _) in enumerate(said))
        + " Who is a knight and who is a knave? Answer as in: (1) Zoey is a knave."
    )
    tried = [
        f"If {names[0]} is a {ROLES[not other[0]]} and {names[1]} is a {ROLES[not other[1]]}, "
        + ("everything fits." if other == world else "somebody contradicts that.")
        for other in product((True, False), repeat=2)
    ]
    return _record("kk", prompt, answer, " ".join(tried), answer)


def _statement(rng: random.Random, speaker: int, names: list[str]) -> tuple[str, Callable[[World], bool]]:
    other, role = 1 - speaker, rng.random() < 0.5
    kinds: list[tuple[str, Callable[[World], bool]]] = [
        (f"{names[other]} is a {ROLES[not role]}.", lambda world: world[other] is role),
        ("We are of the same sort.", lambda world: world[0] is world[1]),
        ("We are of different sorts.", lambda world: world[0] is not world[1]),
        ("At least one of us is a knave.", lambda world: not all(world)),
    ]
    return rng.choice(kinds)


def _record(task: str, prompt: str, reference: str, thinking: str, answer: str) -> Instruction:
    return Instruction(
        id="problem",
        task=task,
        messages=(Message(role="user", content=prompt),),
        reference=reference,
        expert=Expert(thinking=thinking, answer=answer),
        provenance={"generator": "math_like"},
    )


if __name__ == "__main__":
    with Path(sys.argv[2]).open("wb") as file:
        jsonl.write(file, problems(int(sys.argv[1])))
