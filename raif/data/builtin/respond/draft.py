"""An answer in the making: sentences of the seed, the frame around them, and what the text has to keep to."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from raif.constraints.kind import Relation
from raif.data.builtin.respond.bank import gists
from raif.data.builtin.respond.layout import Shape, lay_out
from raif.data.builtin.seeds import Seed

Check = Callable[[str], bool]


@dataclass
class Draft:
    """Limits, needs, wanted words, shape, head and tail, as responders declare them; and chosen sentences."""

    seed: Seed
    rng: random.Random
    size: int
    """Sentences to aim at where nothing else decides."""
    limits: list[Check] = field(default_factory=list)
    """Must hold of the text at any time: nothing is added that would break one."""
    needs: list[Check] = field(default_factory=list)
    """Must hold of the finished text: sentences are added until they do."""
    wanted: Counter[str] = field(default_factory=Counter)
    """Word -> how often it has to occur at least."""
    shape: Shape = field(default_factory=Shape)
    head: list[str] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)
    closing: list[str] = field(default_factory=list)
    """Sentences behind those of the seed."""
    sentences: dict[int, str] = field(default_factory=dict)
    """Position in the seed -> sentence; higher positions are fillers."""
    marks: list[Callable[[], None]] = field(default_factory=list)
    """Changes within the chosen sentences."""
    case: Callable[[str], str] = str
    quoted: bool = False
    answer: str = ""

    @property
    def topics(self) -> list[str]:
        """One word for each chosen sentence, in order."""
        return gists((self.sentences[position] for position in sorted(self.sentences)), self.seed)

    def bound(self, relation: Relation, limit: int, measure: Callable[[str], int]) -> None:
        """Keep what `measure` finds in the text below `limit`, or bring it up to there."""
        if relation == "at least":
            self.needs.append(lambda text: measure(text) >= limit)
        else:
            self.limits.append(lambda text: measure(text) < limit)

    @property
    def text(self) -> str:
        """The answer as it stands, before case and quotation marks."""
        ordered = [self.sentences[position] for position in sorted(self.sentences)]
        return lay_out(self.shape, self.seed, self.head, ordered, self.closing, self.tail)

    def finish(self) -> None:
        """Make the answer of the chosen sentences: marks within them first, what covers all of it last."""
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
        """The first candidate that breaks no limit, appended; the last one where all do."""
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
