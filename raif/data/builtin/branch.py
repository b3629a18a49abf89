"""Compositions of constraints: the tree, the branch that the request selects, the words that ask for it."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from raif.config.builtin import CompositionName
from raif.data.builtin.seeds import Seed
from raif.types import Composition

SIZES: dict[CompositionName, tuple[int, int]] = {
    "and": (1, 5),
    "chain": (2, 5),
    "selection": (2, 2),
    "nested": (3, 5),
}
"""Fewest and most constraints of each."""

_OUTER: tuple[Literal["and", "chain"], ...] = ("and", "chain")
"""What a selection may be within, or have as its first branch."""

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


def fitted(name: CompositionName, count: int) -> int:
    """`count`, or the nearest number of constraints that the composition can have."""
    low, high = SIZES[name]
    return min(max(count, low), high)


class Condition(NamedTuple):
    """Something that one can see from a request's text to be true or false of it."""

    what: str
    holds: bool
    thought: str


def condition(seed: Seed, rng: random.Random) -> Condition:
    """A word that the request has or lacks, both about as often; or its question mark."""
    holds = rng.random() < 0.5
    words = [word for word in seed.keywords if _mentions(seed, word) is holds]
    if words and rng.random() < 0.8:
        what = _WORD[seed.language].format(word=rng.choice(words))
    else:
        what, holds = _QUESTION[seed.language], seed.prompt.endswith(("?", "？"))
    thought = _THOUGHTS[seed.language][holds].format(what=what.replace("my request", "the request"))
    return Condition(what, holds, thought)


def _mentions(seed: Seed, word: str) -> bool | None:
    """Whether the request has the word; None where it has it only inside of another."""
    if word.lower() not in seed.prompt.lower():
        return False
    whole = seed.language == "zh" or re.search(rf"\b{re.escape(word)}\b", seed.prompt, re.IGNORECASE)
    return True if whole else None


def tree(name: CompositionName, count: int, *, holds: bool, rng: random.Random) -> Composition:
    """A composition of the checks from 0 to `count` - 1; the first part of a selection is for `holds`."""
    selected = 0 if holds else 1
    if name == "selection":
        return Composition(kind="selection", parts=(0, 1), selected=selected)
    if name != "nested":
        return Composition(kind=name, parts=tuple(range(count)))
    outer = rng.choice(_OUTER)
    if rng.random() < 0.5:
        last = Composition(kind="selection", parts=(count - 2, count - 1), selected=selected)
        return Composition(kind=outer, parts=(*range(count - 2), last))
    branch = Composition(kind=outer, parts=tuple(range(count - 1)))
    return Composition(kind="selection", parts=(branch, count - 1), selected=selected)


def ask(part: int | Composition, wordings: Sequence[str], what: str, language: str) -> str:
    """The wordings of all checks as one request that says how they hang together.

    Each branch of a selection has a line of its own, so that one sees where it ends.
    """
    if isinstance(part, int):
        return wordings[part]
    inner = [ask(each, wordings, what, language) for each in part.parts]
    if part.kind == "selection":
        heads = [head.format(what=what) for head in _BRANCHES[language]]
        return "".join(f"\n{_after(head, text, language)}" for head, text in zip(heads, inner, strict=True))
    if part.kind == "chain":
        first, then, final = _STEPS[language]
        heads = [first, *[then] * (len(inner) - 2), final]
        inner = [_after(head, text, language) for head, text in zip(heads, inner, strict=True)]
    return _gap(language).join(inner)


def _after(head: str, text: str, language: str) -> str:
    """`text` as it goes on after `head`; lines of its own come after a colon."""
    if text.startswith("\n"):
        return head[:-1] + ("：" if language == "zh" else ":") + text
    own = text if re.match(r"I\b", text) else text[0].lower() + text[1:]
    return head + _gap(language) + own


def _gap(language: str) -> str:
    return "" if language == "zh" else " "
