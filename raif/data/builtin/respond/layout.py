"""From sentences to text: paragraphs that hold sections that hold prose and a list; or JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

from raif.data.builtin.seeds import Seed

T = TypeVar("T")


@dataclass
class Shape:
    """The structure that the constraints ask for; the default is one paragraph of prose."""

    paragraphs: int = 1
    divider: str = "\n\n"
    gap: str = "\n\n"
    """Between anything that is not a paragraph; one line break where blank lines make the paragraphs."""
    openings: dict[int, str] = field(default_factory=dict)
    """Paragraph -> the sentence that it must start with."""
    sections: int = 1
    heading: str = ""
    """Word that heads a section, before its number."""
    bullets: int = 0
    introduced: bool = False
    """Whether a list must have a line before it, because a quotation mark would hide its first bullet."""
    title: str = ""
    """The title that JSON holds."""
    json: bool = False
    fenced: bool = False
    interleaved: bool = False
    """Deal the sentences out in turn, so that each paragraph is an answer of its own."""

    @property
    def parts(self) -> int:
        return max(self.paragraphs, self.sections)

    @property
    def least(self) -> int:
        """Sentences that the structure needs."""
        if not self.bullets:
            return self.parts
        return self.bullets + max(self.parts - 1, int(self.introduced))


def lay_out(
    shape: Shape, seed: Seed, head: list[str], sentences: list[str], closing: list[str], tail: list[str]
) -> str:
    """The whole text. A list takes the last sentences; the ones before it are prose."""
    if shape.json:
        return _json(shape, seed.language, [*head, *sentences, *closing, *tail])
    space = "" if seed.language == "zh" else " "
    split = max(0, len(sentences) - shape.bullets)
    parts = _parts(shape, sentences[:split], sentences[split:], closing, space)
    body = shape.divider.join(_paragraphs(shape, parts, space))
    return shape.gap.join([*head, body, *tail] if body else [*head, *tail])


def _json(shape: Shape, language: str, sentences: list[str]) -> str:
    title, points = ("标题", "内容") if language == "zh" else ("title", "points")
    text = json.dumps({title: shape.title, points: sentences}, ensure_ascii=False, indent=2)
    return f"```json\n{text}\n```" if shape.fenced else text


def _parts(
    shape: Shape, prose: list[str], listed: list[str], closing: list[str], space: str
) -> list[list[str]]:
    """The lines of each part, its heading first where there are headings."""
    alone = shape.bullets and shape.parts > 1
    shares = deal(prose, shape.parts - 1 if alone else shape.parts, shape.interleaved)
    parts = [[space.join(share)] if share else [] for share in shares] + ([[]] if alone else [])
    parts[-1] += [f"* {line}" for line in listed]
    if closing and parts[-1] and not listed:
        parts[-1][-1] += space + space.join(closing)
    elif closing:
        parts[-1].append(space.join(closing))
    headed = [f"{shape.heading} {number}" for number in range(1, len(parts) + 1)] if shape.heading else []
    return [[heading, *lines] for heading, lines in zip(headed, parts, strict=True)] if headed else parts


def _paragraphs(shape: Shape, parts: list[list[str]], space: str) -> list[str]:
    paragraphs = []
    for number, group in enumerate(deal(parts, shape.paragraphs, interleaved=False)):
        lines = shape.gap.join("\n".join(part) for part in group if part)
        opening = shape.openings.get(number)
        if opening:
            prose = lines and not shape.heading and not lines.startswith("* ")
            lines = opening + (space if prose else "\n") + lines
        paragraphs.append(lines.strip())
    return paragraphs


def deal(items: list[T], shares: int, interleaved: bool) -> list[list[T]]:
    """The items in `shares` lists of nearly equal length: in turn, or as runs that keep the order."""
    if interleaved:
        return [items[start::shares] for start in range(shares)]
    bounds = [round(len(items) * number / shares) for number in range(shares + 1)]
    return [items[low:high] for low, high in pairwise(bounds)]
