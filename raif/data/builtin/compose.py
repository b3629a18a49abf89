"""From a seed to an instruction: drawn constraints, how they are composed, and the words that ask for them.

A composition is a tree of checks: all of them (and), one after the other (chain), one of two branches that
the request selects (selection), or one of these within another (nested).
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from itertools import compress
from typing import Literal, NamedTuple

from raif.config.builtin import CompositionName
from raif.constraints import Material, find
from raif.constraints.tree import active
from raif.data.builtin.seeds import Seed
from raif.types import Composition, Constraint

SIZES: dict[CompositionName, tuple[int, int]] = {
    "and": (1, 5),
    "chain": (2, 5),
    "selection": (2, 2),
    "nested": (3, 5),
}
"""Fewest and most constraints of each composition."""

_OUTER: tuple[Literal["and", "chain"], ...] = ("and", "chain")
"""What can contain a selection, or be its first branch."""

_WORD = {"en": 'my request above has the word "{word}" in it', "zh": "上面的请求里出现了“{word}”"}
_QUESTION = {"en": "my request above ends with a question mark", "zh": "上面的请求以问号结尾"}
_THOUGHTS = {
    "en": {
        True: "It is true that {what}: the first case counts. The other one does not.",
        False: "It is not true that {what}: what comes after otherwise counts.",
    },
    "zh": {True: "{what}，所以只按第一种情况做。", False: "并非{what}，所以只按“否则”后面的要求做。"},
}
_BRANCHES = {"en": ("If {what},", "Otherwise,"), "zh": ("如果{what}，", "否则，")}
_STEPS = {"en": ("First,", "Then,", "Finally,"), "zh": ("首先，", "然后，", "最后，")}
_LISTS = {
    "en": ("Requirements:", "Please keep to these rules:", "Make sure of the following:"),
    "zh": ("要求：", "请遵守以下要求：", "请做到以下几点："),
}
_SPACE = {"en": " ", "zh": ""}
"""Between two sentences."""


class Condition(NamedTuple):
    """A statement about a request's text that anyone can check."""

    what: str
    holds: bool
    thought: str
    """What the expert thinks of it."""


class Plan(NamedTuple):
    """How the checks of a record are composed, and the condition if there is a selection among them."""

    composition: Composition
    condition: Condition | None = None


def fitted(name: CompositionName, count: int) -> int:
    """`count`, or the nearest number of constraints that the composition can have."""
    fewest, most = SIZES[name]
    return min(max(count, fewest), most)


def plan(name: CompositionName, seed: Seed, count: int, rng: random.Random) -> Plan:
    """A composition of the checks from 0 to `count` - 1. Draws from `rng` only if it has a selection."""
    if name in ("and", "chain"):
        return Plan(Composition(kind=name, parts=tuple(range(count))))
    chosen = condition(seed, rng)
    selected = 0 if chosen.holds else 1
    if name == "selection":
        return Plan(Composition(kind="selection", parts=(0, 1), selected=selected), chosen)
    outer = rng.choice(_OUTER)
    if rng.random() < 0.5:
        last = Composition(kind="selection", parts=(count - 2, count - 1), selected=selected)
        return Plan(Composition(kind=outer, parts=(*range(count - 2), last)), chosen)
    branch = Composition(kind=outer, parts=tuple(range(count - 1)))
    return Plan(Composition(kind="selection", parts=(branch, count - 1), selected=selected), chosen)


def condition(seed: Seed, rng: random.Random) -> Condition:
    """A word that the request has or lacks, equally often; otherwise whether it ends with a question mark."""

    def mentions(word: str) -> bool | None:
        """None if the request has the word only inside another word."""
        if word.lower() not in seed.prompt.lower():
            return False
        whole = seed.language == "zh" or re.search(rf"\b{re.escape(word)}\b", seed.prompt, re.IGNORECASE)
        return True if whole else None

    holds = rng.random() < 0.5
    words = [word for word in seed.keywords if mentions(word) is holds]
    if words and rng.random() < 0.8:
        what = _WORD[seed.language].format(word=rng.choice(words))
    else:
        what, holds = _QUESTION[seed.language], seed.prompt.endswith(("?", "？"))
    thought = _THOUGHTS[seed.language][holds].format(what=what.replace("my request", "the request"))
    return Condition(what, holds, thought)


def draw(seed: Seed, kinds: Sequence[str], count: int, rng: random.Random) -> tuple[Constraint, ...]:
    """`count` different kinds with kwargs drawn from the seed's material. They can contradict each other."""
    material = Material(seed.language, seed.prompt, seed.keywords)
    chosen = rng.sample(kinds, min(count, len(kinds)))
    return tuple(Constraint(id=id, kwargs=find(id, seed.language).draw(rng, material)) for id in chosen)


def active_of(
    constraints: Sequence[Constraint], composition: Composition | None, others: int = 0
) -> tuple[Constraint, ...]:
    """The constraints that count for an answer that meets them: those of the selected branches.

    `others`: the number of other checks in the composition, numbered after the constraints.
    """
    counted = active(composition, [True] * (len(constraints) + others))
    return tuple(compress(constraints, counted))


def worded(constraint: Constraint, language: str, rng: random.Random) -> str:
    """One way to ask for a constraint."""
    return find(constraint.id, language).ask(rng, language, constraint.kwargs)


def prompt(seed: Seed, wordings: Sequence[str], plan: Plan, rng: random.Random) -> str:
    """The request followed by the wordings of all checks: running text or, if all of them count, a list."""
    space = _SPACE[seed.language]
    if plan.condition is None and plan.composition.kind == "and":
        if len(wordings) > 1 and rng.random() < 0.3:
            head = rng.choice(_LISTS[seed.language])
            return "\n".join([seed.prompt, head, *(f"{n}. {text}" for n, text in enumerate(wordings, 1))])
        return space.join([seed.prompt, *wordings])
    asked = outline(wordings, plan, seed.language)
    return seed.prompt + ("" if asked.startswith("\n") else space) + asked


def outline(wordings: Sequence[str], plan: Plan, language: str) -> str:
    """The wordings alone, in words that say how they are composed.

    Each branch of a selection is a line of its own, so that its end is visible.
    """
    what = plan.condition.what if plan.condition else ""
    return _outlined(plan.composition, wordings, what, language)


def _outlined(part: int | Composition, wordings: Sequence[str], what: str, language: str) -> str:
    if isinstance(part, int):
        return wordings[part]
    inner = [_outlined(each, wordings, what, language) for each in part.parts]
    if part.kind == "selection":
        heads = [head.format(what=what) for head in _BRANCHES[language]]
        return "".join(f"\n{_headed(head, text, language)}" for head, text in zip(heads, inner, strict=True))
    if part.kind == "chain":
        first, then, final = _STEPS[language]
        heads = [first, *[then] * (len(inner) - 2), final]
        inner = [_headed(head, text, language) for head, text in zip(heads, inner, strict=True)]
    return _SPACE[language].join(inner)


def _headed(head: str, text: str, language: str) -> str:
    """`text` continuing the sentence that `head` begins; after a colon if it starts on a line of its own."""
    if text.startswith("\n"):
        return head[:-1] + ("：" if language == "zh" else ":") + text
    own = text if re.match(r"I\b", text) else text[0].lower() + text[1:]
    return head + _SPACE[language] + own
