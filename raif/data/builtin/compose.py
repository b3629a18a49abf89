"""From a seed to an instruction: drawn constraints, how they are composed, and the words that ask for them.

A composition is a tree of checks: all of them (and), one after the other (chain), one of two branches that
the request selects (selection), or one of these within another (nested). The steps of a chain depend on each
other, so that a selection is never one of them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from itertools import compress, product
from typing import NamedTuple

from raif.config.builtin import CompositionName
from raif.constraints import Material, find
from raif.constraints.tree import active
from raif.data.builtin.seeds import Seed
from raif.data.builtin.words import content, length_of
from raif.text import chinese, words
from raif.types import Composition, Constraint

SIZES: dict[CompositionName, tuple[int, int]] = {
    "and": (1, 5),
    "chain": (2, 5),
    "selection": (2, 2),
    "nested": (3, 5),
}
"""Fewest and most constraints of each composition."""

_CONDITIONS = {
    "en": {
        "word": 'my request above has the word "{word}" in it',
        "start": 'my request above begins with the word "{word}"',
        "longer": "my request above has more than {count} words",
        "shorter": "my request above has fewer than {count} words",
    },
    "zh": {
        "word": "上面的请求里出现了“{word}”",
        "start": "上面的请求以“{word}”开头",
        "longer": "上面的请求超过{count}个字",
        "shorter": "上面的请求不到{count}个字",
    },
}
"""What a selection can depend on: each form can be made true or false of any request."""
_STARTS = {
    "en": ("write", "how", "please", "what", "give", "can", "explain", "describe", "my", "i"),
    "zh": ("请", "我", "怎么", "帮我", "写一", "为什么", "能不能", "给我", "如何", "谁"),
}
_ELSEWHERE = {
    "en": ("garden", "budget", "weather", "ticket", "teacher", "music", "window", "summer"),
    "zh": ("花园", "预算", "天气", "车票", "老师", "音乐", "窗户", "夏天"),
}
"""Words that another request might have."""
_NEAR = (2, 8)
"""How far the number in a condition is from the request's length, however that is counted."""
_COUNTS = {
    "en": (r"\S+", r"\w+", r"\w+(?:['’.,:/-]\w+)*"),
    "zh": ("[\u4e00-\u9fff]", r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+", r"\w", r"\S"),
}
"""Ways in which readers count words, or characters: with numbers and punctuation, or without."""
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
    form: str = ""
    """Which kind of statement it is, drawn independently of `holds`."""
    evidence: str = ""
    """What one finds in the request: the word, its first word, or its length."""


class Plan(NamedTuple):
    """How the checks of a record are composed, and the condition if there is a selection among them."""

    composition: Composition
    condition: Condition | None = None


def fitted(name: CompositionName, count: int) -> int:
    """`count`, or the nearest number of constraints that the composition can have."""
    fewest, most = SIZES[name]
    return min(max(count, fewest), most)


def plan(name: CompositionName, seed: Seed, count: int, rng: random.Random) -> Plan:
    """A composition of the checks from 0 to `count` - 1. Draws from `rng` only if it has to choose."""
    if name in ("and", "chain"):
        return Plan(Composition(kind=name, parts=tuple(range(count))))
    if name == "nested" and rng.random() < 0.25:
        start = rng.randint(1, count - 2)
        chain = Composition(kind="chain", parts=tuple(range(start, count)))
        return Plan(Composition(kind="and", parts=(*range(start), chain)))
    chosen = condition(seed, rng)
    selected = 0 if chosen.holds else 1
    if name == "selection":
        return Plan(Composition(kind="selection", parts=(0, 1), selected=selected), chosen)
    if rng.random() < 0.5:
        last = Composition(kind="selection", parts=(count - 2, count - 1), selected=selected)
        return Plan(Composition(kind="and", parts=(*range(count - 2), last)), chosen)
    branch = Composition(kind=rng.choice(("and", "chain")), parts=tuple(range(count - 1)))
    parts = (branch, count - 1) if rng.random() < 0.5 else (count - 1, branch)
    return Plan(Composition(kind="selection", parts=parts, selected=selected), chosen)


def moved(tree: Composition, places: Sequence[int]) -> Composition:
    """The tree with check n in the place of `places[n]`."""
    parts = tuple(places[part] if isinstance(part, int) else moved(part, places) for part in tree.parts)
    return tree.model_copy(update={"parts": parts})


def chains(part: int | Composition) -> list[tuple[int, ...]]:
    """The places of the steps of each chain."""
    if isinstance(part, int):
        return []
    if part.kind == "chain":
        return [tuple(place for place in part.parts if isinstance(place, int))]
    return [steps for inner in part.parts for steps in chains(inner)]


def condition(seed: Seed, rng: random.Random) -> Condition:
    """A statement about the request. Its truth and its form are drawn first, each evenly; then its words.

    So nobody can tell from the form whether it holds: one has to look at the request.
    """
    language, text = seed.language, seed.prompt
    holds = rng.random() < 0.5
    form = rng.choice(list(_CONDITIONS[language]))
    length = length_of(text, language)
    lengths = [length, *(len(re.findall(pattern, text)) for pattern in _COUNTS[language])]
    gap = min(rng.randint(*_NEAR), min(lengths) // 2)
    word, count, evidence = "", 0, str(length)
    if form == "word":
        word = _word(seed, holds, rng)
    elif form == "start":
        bare = text.lstrip("\"'“‘《 ")
        start = bare[:2] if language == "zh" else words(bare)[0]
        others = [word for word in _STARTS[language] if not bare.lower().startswith(word)]
        word, evidence = (start if holds else rng.choice(others)), start
    else:
        # true: 12 words are more than 12 - gap, or fewer than 12 + gap
        below = (form == "longer") is holds
        count = min(lengths) - gap if below else max(lengths) + gap
        holds = length > count if form == "longer" else length < count
    what = _CONDITIONS[language][form].format(word=word, count=count)
    thought = _THOUGHTS[language][holds].format(what=what.replace("my request", "the request"))
    return Condition(what, holds, thought, form, evidence if form != "word" else word)


def _word(seed: Seed, there: bool, rng: random.Random) -> str:
    """A whole word of the request, or a word of its topic or of another one that it lacks."""
    text = seed.prompt.lower()
    if there:
        present = chinese.words(text) if seed.language == "zh" else re.findall(r"[^\W\d_]+", text)
        known = [word for word in seed.keywords if word.lower() in present]
        telling = [word for word in content(text, seed.language) if word in present]
        return rng.choice(known or telling or present)
    absent = [word for word in seed.keywords if word.lower() not in text]
    return rng.choice(absent or [word for word in _ELSEWHERE[seed.language] if word not in text])


def paths(composition: Composition) -> list[Composition]:
    """The composition with every possible choice of branches: a reader must be able to take any of them."""

    def chosen(part: int | Composition) -> list[int | Composition]:
        if isinstance(part, int):
            return [part]
        if part.kind == "selection":
            return [
                part.model_copy(
                    update={"parts": (*part.parts[:n], inner, *part.parts[n + 1 :]), "selected": n}
                )
                for n, branch in enumerate(part.parts)
                for inner in chosen(branch)
            ]
        return [part.model_copy(update={"parts": parts}) for parts in product(*map(chosen, part.parts))]

    return [each for each in chosen(composition) if isinstance(each, Composition)]


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
    # what follows a request without a full stop, or a text to work on, would read as a part of it
    gap = space if re.search("[.!?。！？]$", seed.prompt) else "\n\n"
    if plan.composition.kind == "and" and all(isinstance(part, int) for part in plan.composition.parts):
        if len(wordings) > 1 and rng.random() < 0.3:
            head = rng.choice(_LISTS[seed.language])
            return "\n".join([seed.prompt, head, *(f"{n}. {text}" for n, text in enumerate(wordings, 1))])
        return seed.prompt + gap + space.join(wordings)
    asked = outline(wordings, plan, seed.language)
    return seed.prompt + ("" if asked.startswith("\n") else gap) + asked


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
    return _SPACE[language].join(inner).replace(" \n", "\n")


def _headed(head: str, text: str, language: str) -> str:
    """`text` continuing the sentence that `head` begins; after a colon if it starts on a line of its own."""
    if text.startswith("\n"):
        return head[:-1] + ("：" if language == "zh" else ":") + text
    own = text if re.match(r"I\b", text) else text[0].lower() + text[1:]
    return head + _SPACE[language] + own
