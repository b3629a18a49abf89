"""An answer in the making: what constraints ask of it, which sentences it has, how they are laid out as text.

Responders (words.py, structure.py) declare limits, needs and structure; `fill` then chooses sentences of the
seed, and `Draft.finish` makes the answer of them.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

from raif.constraints.kind import Relation
from raif.data.builtin.respond import bank
from raif.data.builtin.seeds import Seed

T = TypeVar("T")
Check = Callable[[str], bool]


@dataclass
class Structure:
    """The structure that the constraints ask for; the default is one paragraph of prose.

    The text is paragraphs, which hold sections, which hold prose and a list; or it is JSON.
    """

    paragraphs: int = 1
    divider: str = "\n\n"
    gap: str = "\n\n"
    """Between anything but paragraphs; one line break if blank lines divide the paragraphs."""
    openings: dict[int, str] = field(default_factory=dict)
    """Paragraph -> the sentence that it must start with."""
    sections: int = 1
    heading: str = ""
    """The word before a section's number."""
    bullets: int = 0
    introduced: bool = False
    """Whether a list needs a line before it, because a quotation mark would hide its first bullet."""
    title: str = ""
    """The title inside JSON."""
    json: bool = False
    fenced: bool = False
    interleaved: bool = False
    """Deal the sentences out in turn, so that each paragraph is a complete answer."""

    @property
    def parts(self) -> int:
        return max(self.paragraphs, self.sections)

    @property
    def least(self) -> int:
        """The number of sentences that the structure needs."""
        if not self.bullets:
            return self.parts
        return self.bullets + max(self.parts - 1, int(self.introduced))


@dataclass
class Draft:
    """What the responders declare, and the sentences chosen so far."""

    seed: Seed
    rng: random.Random
    size: int
    """Sentences to aim for if nothing else decides."""
    limits: list[Check] = field(default_factory=list)
    """Must hold of the text at any time: nothing is added that would break one."""
    needs: list[Check] = field(default_factory=list)
    """Must hold of the finished text: sentences are added until they do."""
    wanted: Counter[str] = field(default_factory=Counter)
    """Word -> how often it has to occur at least."""
    structure: Structure = field(default_factory=Structure)
    head: list[str] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)
    closing: list[str] = field(default_factory=list)
    """Sentences after those of the seed."""
    sentences: dict[int, str] = field(default_factory=dict)
    """Position in the seed -> sentence; positions after the seed's last are fillers."""
    marks: list[Callable[[], None]] = field(default_factory=list)
    """Changes within the chosen sentences."""
    case: Callable[[str], str] = str
    quoted: bool = False
    answer: str = ""

    @property
    def topics(self) -> list[str]:
        """One word for each chosen sentence, in order."""
        return bank.gists((self.sentences[position] for position in sorted(self.sentences)), self.seed)

    def bound(self, relation: Relation, limit: int, measure: Callable[[str], int]) -> None:
        """Keep what `measure` finds in the text below `limit`, or bring it up to `limit`."""
        if relation == "at least":
            self.needs.append(lambda text: measure(text) >= limit)
        else:
            self.limits.append(lambda text: measure(text) < limit)

    @property
    def text(self) -> str:
        """The answer so far, before case and quotation marks."""
        ordered = [self.sentences[position] for position in sorted(self.sentences)]
        return lay_out(self.structure, self.seed, self.head, ordered, self.closing, self.tail)

    def finish(self) -> None:
        """Make the answer: first the marks within sentences, then what covers the whole text."""
        for mark in self.marks:
            mark()
        text = self.case(self.text)
        opening, closing = ("“", "”") if self.seed.language == "zh" else ('"', '"')
        self.answer = f"{opening}{text}{closing}" if self.quoted else text

    def keeps_limits(self) -> bool:
        text = self.text
        return all(limit(text) for limit in self.limits)

    def add(self, line: str, lines: list[str]) -> bool:
        """Append `line` to head, tail or closing, unless that breaks a limit."""
        lines.append(line)
        if self.keeps_limits():
            return True
        lines.pop()
        return False

    def add_one(self, candidates: Iterable[str], lines: list[str]) -> str:
        """Append the first candidate that breaks no limit; the last one if all do."""
        for line in candidates:
            if self.add(line, lines):
                return line
        lines.append(line)
        return line

    def pick(self, position: int, sentence: str) -> bool:
        """Take a sentence of the seed, or a filler, unless that breaks a limit."""
        self.sentences[position] = sentence
        if self.keeps_limits():
            return True
        del self.sentences[position]
        return False


def occurrences(word: str, text: str) -> int:
    """How often `word` occurs in any case, inside other words too."""
    return len(re.findall(re.escape(word), text, re.IGNORECASE))


def fill(draft: Draft) -> None:
    """Choose sentences until the size is reached and every need is met, or nothing more fits.

    Sentences with wanted words come first; then the seed's first point, which opens the answer; then its
    others, in order or shuffled; then fillers.
    """
    for word, times in draft.wanted.items():
        _work_in(draft, word, times)
    points = len(draft.seed.points)
    stock = [*draft.seed.points, *bank.FILLERS[draft.seed.language]]
    others, fillers = list(range(1, points)), list(range(points, len(stock)))
    if draft.rng.random() < 0.5:
        draft.rng.shuffle(others)
    draft.rng.shuffle(fillers)
    for position in (0, *others, *fillers):
        if _full(draft):
            return
        if position not in draft.sentences and stock[position] not in draft.structure.openings.values():
            draft.pick(position, stock[position])


def _work_in(draft: Draft, word: str, times: int) -> None:
    """Use the seed's sentences that have the word; if they are too few, write short ones."""
    for position, point in enumerate(draft.seed.points):
        if occurrences(word, draft.text) >= times:
            return
        if occurrences(word, point) and position not in draft.sentences:
            draft.pick(position, point)
    patterns = bank.MENTIONS[draft.seed.language]
    for pattern in draft.rng.sample(patterns, len(patterns)):
        if occurrences(word, draft.text) >= times:
            return
        draft.add(pattern.format(word=bank.as_written(word, draft.seed)), draft.closing)


def _full(draft: Draft) -> bool:
    structure = draft.structure
    # If there is a list, it is the answer: one sentence before it is enough.
    size = min(draft.size, structure.least + 1) if structure.bullets else draft.size
    if len(draft.sentences) < max(size, structure.least):
        return False
    text = draft.text
    return all(need(text) for need in draft.needs)


def lay_out(
    structure: Structure,
    seed: Seed,
    head: list[str],
    sentences: list[str],
    closing: list[str],
    tail: list[str],
) -> str:
    """The whole text. A list takes the last sentences; the ones before it are prose."""
    if structure.json:
        title, points = ("标题", "内容") if seed.language == "zh" else ("title", "points")
        fields = {title: structure.title, points: [*head, *sentences, *closing, *tail]}
        text = json.dumps(fields, ensure_ascii=False, indent=2)
        return f"```json\n{text}\n```" if structure.fenced else text
    space = "" if seed.language == "zh" else " "
    first_listed = max(0, len(sentences) - structure.bullets)
    parts = _parts(structure, sentences[:first_listed], sentences[first_listed:], closing, space)
    body = structure.divider.join(_paragraphs(structure, parts, space))
    return structure.gap.join([*head, body, *tail] if body else [*head, *tail])


def _parts(
    structure: Structure, prose: list[str], listed: list[str], closing: list[str], space: str
) -> list[list[str]]:
    """The lines of each part, with its heading first if there are headings."""
    alone = structure.bullets and structure.parts > 1
    shares = deal(prose, structure.parts - 1 if alone else structure.parts, structure.interleaved)
    parts = [[space.join(share)] if share else [] for share in shares] + ([[]] if alone else [])
    parts[-1] += [f"* {line}" for line in listed]
    if closing and parts[-1] and not listed:
        parts[-1][-1] += space + space.join(closing)
    elif closing:
        parts[-1].append(space.join(closing))
    if not structure.heading:
        return parts
    return [[f"{structure.heading} {number}", *lines] for number, lines in enumerate(parts, 1)]


def _paragraphs(structure: Structure, parts: list[list[str]], space: str) -> list[str]:
    paragraphs = []
    for number, group in enumerate(deal(parts, structure.paragraphs, interleaved=False)):
        lines = structure.gap.join("\n".join(part) for part in group if part)
        opening = structure.openings.get(number)
        if opening:
            prose = lines and not structure.heading and not lines.startswith("* ")
            lines = opening + (space if prose else "\n") + lines
        paragraphs.append(lines.strip())
    return paragraphs


def deal(items: list[T], shares: int, interleaved: bool) -> list[list[T]]:
    """The items in `shares` lists of nearly equal length: in turn, or as runs that keep the order."""
    if interleaved:
        return [items[start::shares] for start in range(shares)]
    bounds = [round(len(items) * number / shares) for number in range(shares + 1)]
    return [items[low:high] for low, high in pairwise(bounds)]
