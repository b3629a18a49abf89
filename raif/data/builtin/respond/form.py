"""How an answer is laid out: what stands before and after its sentences, and how they are divided.

`Form` is what the constraints ask of the layout. `write` makes the text from a seed, the sentences chosen,
and a form; the default form is what anybody would write without being asked for more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeVar

from raif.data.builtin.respond.marks import capitalized, highlighted, with_placeholders
from raif.data.builtin.seeds import Seed

T = TypeVar("T")
Last = Literal["", "title", "count", "first"]
_SENTENCES_PER_PARAGRAPH = 5
_DETAIL, _OF_DETAIL, _OF_LEANING = 3, 0.5, 2.0
"""The level of a detail, and how bad it is to begin with one, or with what continues another sentence."""
_STEPS = ("howto", "plan", "fix")
_IN_POINTS = (*_STEPS, "list", "advice")
"""Tasks of which each sentence is a step or an item, so that all of them go into a list."""
_PER_POINT = 3
"""The most sentences of a bullet point, if the list is only the end of the text."""
_KEYS = {
    "en": {"title": "title", "greeting": "greeting", "farewell": "farewell", "steps": "steps",
           "points": "points", "paragraphs": "text"},
    "zh": {"title": "标题", "greeting": "称呼", "farewell": "落款", "steps": "步骤", "points": "要点",
           "paragraphs": "正文"},
}  # fmt: skip
_COUNTED = {"en": "Number of points: {count}", "zh": "要点数：{count}"}


@dataclass
class Form:
    """What is asked of the layout. Sentences are dealt out in reading order."""

    repeat: str = ""
    """The request, word for word, before anything else."""
    title: bool = False
    paragraphs: int = 0
    """Divided by ***; 0: as the text needs."""
    blocks: int = 0
    """Paragraphs divided by blank lines, and by nothing else; 0: as the text needs."""
    opening: tuple[int, int] | None = None
    """A block, counted from 0, and the position of the point that it begins with."""
    sections: int = 0
    heading: str = ""
    """The word before a section's number."""
    bullets: int = 0
    highlights: int = 0
    capitals: int = 0
    """Words to put in capitals."""
    placeholders: int = 0
    case: Literal["", "upper", "lower"] = ""
    json: bool = False
    fenced: bool = False
    quoted: bool = False
    two: bool = False
    """Two answers, the second one by another approach."""
    commas: bool = True
    """Whether greeting and farewell may have commas."""
    postscript: str = ""
    """Its marker."""
    last: Last = ""
    """What the last line repeats from above: the title, the number of bullets, or the first sentence."""
    end: str = ""
    """The phrase at the very end."""
    alone: str = ""
    """A text that is the whole answer."""
    inserted: tuple[int, str] | None = None
    """A sentence that the seed doesn't have, and its place among the others, from 0."""
    reword: Callable[[str], str] = str
    """What becomes of each sentence."""
    between: str = ""
    """What stands between all sentences instead of white space; "": nothing does."""
    finish: Callable[[str], str] = str
    """What becomes of the finished text."""

    @property
    def least(self) -> int:
        """The number of sentences that the layout needs."""
        least = max(self.parts, self.inserted[0] if self.inserted else 0)
        return self.bullets + max(self.parts - 1, 1) if self.bullets else least

    @property
    def parts(self) -> int:
        """How many parts the text is divided into."""
        return max(self.paragraphs, self.blocks, self.sections, 1)


def write(seed: Seed, chosen: Mapping[int, str], form: Form) -> str:
    """The answer. `chosen`: the position of each point, and the sentence that it is."""
    if form.alone:
        return form.alone
    positions = sorted(chosen)
    sentences = [chosen[position] for position in positions]
    if form.inserted:
        sentences.insert(*form.inserted)
    sentences = [form.reword(sentence) for sentence in sentences]
    greeting, farewell = seed.greeting, seed.farewell
    if not form.commas:
        greeting, farewell = (re.sub("[,，]", "", text) for text in (greeting, farewell))
    if form.placeholders:
        greeting, farewell, sentences = with_placeholders(
            seed.language, greeting, farewell, sentences, form.placeholders
        )
    if form.highlights:
        sentences = highlighted(sentences, form.highlights, seed)
    if form.capitals:
        sentences = capitalized(sentences, form.capitals, seed)
    if form.json:
        return _json(seed, form, greeting, sentences, farewell)
    space = "" if form.postscript.endswith("：") else " "
    postscript = f"{form.postscript}{space}{seed.postscript}" if form.postscript else ""
    title = f"<<{seed.title}>>" if form.title else ""
    body = _body(seed, form, positions, sentences)
    around = [
        form.repeat,
        title,
        greeting,
        body,
        farewell,
        postscript,
        _last(seed, form, sentences),
        form.end,
    ]
    if form.two:
        other = _paragraphs(list(seed.second), seed.language)
        answers = [_joined([greeting, each, farewell], form) for each in (body, other)]
        around[2:5] = ["\n******\n".join(answers)]
    text = _joined(around, form)
    if form.case:
        text = text.upper() if form.case == "upper" else text.lower()
    return form.finish(in_quotes(text, seed.language) if form.quoted else text)


def in_quotes(text: str, language: str) -> str:
    """The text in double quotation marks; those within become single ones."""
    if language == "zh":
        return f"“{text.replace('“', '‘').replace('”', '’')}”"
    return '"' + text.replace('"', "'") + '"'


def deal(items: Sequence[T], shares: int, costs: Sequence[float] = ()) -> list[list[T]]:
    """The items in `shares` runs of similar length. `costs`: how bad it is to begin a run with each item."""
    bounds = [0]
    for number in range(1, shares):
        even = len(items) * number / shares
        free = range(bounds[-1] + 1, max(len(items) - shares + number, bounds[-1] + 1) + 1)
        bounds.append(min(free, key=lambda n: abs(n - even) + (costs[n] if n < len(costs) else 0)))
    return [list(items[low:high]) for low, high in pairwise([*bounds, len(items)])]


def _costs(seed: Seed, positions: Sequence[int]) -> list[float]:
    """How bad it is to begin a part with each sentence."""
    return [
        _OF_DETAIL * (seed.points[n].level == _DETAIL) + _OF_LEANING * (seed.leans_on(n) is not None)
        for n in positions
    ]


def _joined(parts: Sequence[str], form: Form) -> str:
    return ("\n" if form.blocks else "\n\n").join(part for part in parts if part)


def _body(seed: Seed, form: Form, positions: Sequence[int], sentences: list[str]) -> str:
    """The sentences in their divisions, of which the last one has the list, if there is one."""
    if form.between:
        return form.between.join(sentences)
    space = "" if seed.language == "zh" else " "
    costs = _costs(seed, positions)
    if form.inserted:
        costs.insert(form.inserted[0], 0.0)
    if form.bullets:
        divided = _with_list(seed, form, costs, sentences)
    elif form.opening is not None:
        shares = _split_at(form.opening, form.blocks, positions, sentences, costs)
        divided = [space.join(share) for share in shares]
    elif form.parts > 1:
        divided = [space.join(share) for share in deal(sentences, form.parts, costs)]
    else:
        return _paragraphs(sentences, seed.language, costs)
    if form.heading:
        divided = [f"{form.heading} {number}\n{part}" for number, part in enumerate(divided, 1)]
    return ("\n***\n" if form.paragraphs else "\n\n").join(divided)


def _with_list(seed: Seed, form: Form, costs: list[float], sentences: list[str]) -> list[str]:
    """The parts of a text with a list. Steps and items are all in it, under the title or in the parts; other
    texts lead up to it, and the last sentence of a letter comes after it.
    """
    space = "" if seed.language == "zh" else " "
    closing = form.parts == 1 and bool(seed.farewell) and len(sentences) > form.bullets + 1
    inner = sentences[: len(sentences) - closing]
    itemized = seed.task in _IN_POINTS and form.bullets >= form.parts
    lead = 0 if itemized else _lead(form, len(inner))
    lines = [f"* {space.join(point)}" for point in deal(inner[lead:], form.bullets, costs[lead:])]
    if itemized:
        title = [] if form.title or form.heading else [seed.title + ("：" if seed.language == "zh" else ":")]
        first, *others = deal(lines, form.parts)
        return ["\n".join(part) for part in ([*title, *first], *others)]
    before = [space.join(share) for share in deal(inner[:lead], max(form.parts - 1, 1), costs)]
    if form.parts > 1:
        return [*before, "\n".join(lines)]
    return ["\n".join([*before, *lines]), *([sentences[-1]] if closing else [])]


def _lead(form: Form, size: int) -> int:
    """How many of the sentences stand before the list."""
    if form.parts > 1:
        return min(size - form.bullets, round(size * (form.parts - 1) / form.parts))
    return max(1, size - _PER_POINT * form.bullets)


def _paragraphs(sentences: Sequence[str], language: str, costs: Sequence[float] = ()) -> str:
    """Prose: a new paragraph after five sentences or so."""
    space = "" if language == "zh" else " "
    shares = deal(sentences, max(1, round(len(sentences) / _SENTENCES_PER_PARAGRAPH)), costs)
    return "\n\n".join(space.join(share) for share in shares)


def _split_at(
    opening: tuple[int, int],
    blocks: int,
    positions: Sequence[int],
    sentences: Sequence[str],
    costs: Sequence[float],
) -> list[list[str]]:
    """The sentences in blocks, one of which begins with the given point if it is among them."""
    block, point = opening
    start = positions.index(point) if point in positions else 0
    before = deal(sentences[:start], block, costs) if block else []
    return [*before, *deal(sentences[start:], blocks - block, costs[start:])]


def _last(seed: Seed, form: Form, sentences: Sequence[str]) -> str:
    if form.last == "count":
        return _COUNTED[seed.language].format(count=form.bullets)
    return {"title": seed.title, "first": sentences[0] if sentences else ""}.get(form.last, "")


def _json(seed: Seed, form: Form, greeting: str, sentences: list[str], farewell: str) -> str:
    """An object: steps, or points, or the paragraphs of a text, under the title."""
    keys = _KEYS[seed.language]
    content = keys["steps" if seed.task in _STEPS else "paragraphs" if seed.greeting else "points"]
    fields: dict[str, object] = {keys["title"]: seed.title}
    if greeting:
        fields |= {keys["greeting"]: greeting, content: sentences, keys["farewell"]: farewell}
    else:
        fields[content] = sentences
    text = json.dumps(fields, ensure_ascii=False, indent=2)
    return f"```json\n{text}\n```" if form.fenced else text
