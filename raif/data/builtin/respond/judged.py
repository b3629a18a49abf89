"""What a judge decides, asked of the built-in expert: the truth is known, because its answer is known.

Each demand has the text that asks for it, the judge's yes/no question, and a check of our own that the
expert's answer has to pass.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import NamedTuple

from raif.data.builtin.respond.plain import Plain
from raif.text import chinese


class Asked(NamedTuple):
    """A demand with its question; yes means that it is met."""

    name: str
    text: str
    question: str
    holds: Callable[[str], bool]
    """Whether an answer of the built-in expert meets it."""


_HEADING = re.compile(r"^(?:Section|Part|Step|章节|部分|步骤) \d+$", re.MULTILINE)
_TEXTS = {
    "en": {
        "mentions": (
            'Say at least one thing about "{one}".',
            'Does the response say at least one thing about "{one}"?',
        ),
        "order": (
            'Come to "{one}" before you come to "{other}".',
            'Does the response come to "{one}" before it comes to "{other}"?',
        ),
        "figure": (
            "Give at least one concrete figure, such as a time, a date, a price or an amount.",
            "Does the response give at least one concrete figure?",
        ),
        "no_question": (
            "Do not ask the reader anything.",
            "Is the response free of questions to the reader?",
        ),
        "greeting": (
            "Greet the reader in a line of its own before you begin.",
            "Does the response greet the reader in a line of its own before it begins?",
        ),
        "prose": (
            "No list of any kind: running text only.",
            "Is the response running text, without a list of any kind?",
        ),
        "subject": (
            "Say nothing about yourself as an assistant or about how you were asked to write.",
            "Is the response free of remarks about an assistant or about how it was asked to be written?",
        ),
        "language": (
            "Whoever reads it may know only English.",
            "Is the whole response written in English?",
        ),
    },
    "zh": {
        "mentions": ("至少有一句话要说到“{one}”。", "回答里至少有一句话说到“{one}”吗？"),
        "order": ("先说到“{one}”，再说到“{other}”。", "回答是先说到“{one}”，再说到“{other}”吗？"),
        "figure": ("至少给出一个具体的数字，比如时间、日期、价钱或数量。", "回答里至少有一个具体的数字吗？"),
        "no_question": ("不要向读者提问。", "回答里没有向读者提问，对吗？"),
        "greeting": ("开始之前先单独用一行称呼对方。", "回答在开始之前单独用一行称呼了对方吗？"),
        "prose": ("不要列表，只写连贯的正文。", "回答是连贯的正文，没有任何列表，对吗？"),
        "subject": ("不要提自己是助手，也不要提写作要求。", "回答里没有提到助手或写作要求，对吗？"),
        "language": ("读的人可能只懂中文。", "整个回答都是用中文写的吗？"),
    },
}


def ask(plain: Plain, rng: random.Random) -> Asked:
    """A demand that the answer to this seed can meet."""
    names = [name for name in _TEXTS[plain.language] if name != "greeting" or plain.seed.greeting]
    one, other = _in_order(plain, rng)
    if not other:
        names.remove("order")
    if not re.search(r"\d", plain.text):
        names.remove("figure")
    name = rng.choice(names)
    text, question = (each.format(one=one, other=other) for each in _TEXTS[plain.language][name])
    return Asked(name, text, question, _check(name, one, other, plain))


def _in_order(plain: Plain, rng: random.Random) -> tuple[str, str]:
    """Two keywords, of which the one is in the most important sentences, and the other comes after it."""
    text = plain.shortest.lower()
    there = [word for word in plain.seed.keywords if word.lower() in text]
    if not there:
        return plain.seed.keywords[0], ""
    one = rng.choice(there)
    later = [word for word in there if text.find(word.lower()) > text.find(one.lower())]
    return one, rng.choice(later) if later else ""


def _check(name: str, one: str, other: str, plain: Plain) -> Callable[[str], bool]:
    def order(text: str) -> bool:
        first, second = (text.lower().find(word.lower()) for word in (one, other))
        return 0 <= first < second

    def figure(text: str) -> bool:
        return bool(re.search(r"\d", _HEADING.sub("", text)))

    greeting = re.sub("[,，]", "", plain.seed.greeting).lower()[:2]
    checks: dict[str, Callable[[str], bool]] = {
        "mentions": lambda text: one.lower() in text.lower(),
        "order": order,
        "figure": figure,
        "no_question": lambda text: not re.search("[?？]", text),
        "greeting": lambda text: any(line.lower().startswith(greeting) for line in text.split("\n")),
        "prose": lambda text: not re.search(r"(?m)^[*-] |^[\[{`]", text),
        "subject": lambda text: True,
        "language": lambda text: chinese.is_chinese(text) is (plain.language == "zh"),
    }
    return checks[name]
