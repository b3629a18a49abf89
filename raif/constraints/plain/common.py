"""What the meanings of the dialect `raif` share."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import raif.constraints.ifbench
import raif.constraints.iftrain  # noqa: F401 (variants need the kinds)
from raif.constraints.kind import Example, Outcome, variant
from raif.text import chinese, reader

_CONTINUES = re.compile(r"(?<=[^\W_])(?:'t\b|\+\+|#)")
"""After a word: what makes it another one."""
Check = Callable[..., Outcome]


def meaning(id: str, *examples: tuple[bool, str, dict[str, Any]]) -> Callable[[Check], Check]:
    """Register the decorated check as what the kind means under `raif`."""
    return variant(id, "raif", examples=tuple(Example(*one) for one in examples))


def occurrences(word: str, text: str) -> int:
    """How often a word or phrase occurs as it is written, in any case, and not as a part of another word.

    A line break may stand for a space. "tea's" has the word "tea", "can't" has no "can", and "C++" no "C".
    """
    wanted, read = " ".join(reader.fold(word).split()), reader.fold(text)
    if " " in wanted:
        read = reader.spaced(read)
    count, start = 0, read.find(wanted) if wanted else -1
    while start >= 0:
        end = start + len(wanted)
        found = chinese.whole_at(read, start, end) and not _CONTINUES.match(read, end)
        count += found
        start = read.find(wanted, end if found else start + 1)
    return count


@lru_cache(maxsize=2**14)
def bare(word: str) -> str:
    """A word in one spelling, without the marks around it."""
    return reader.trimmed(reader.fold(word))


def starts_with(word: str, text: str) -> bool:
    """Whether the first word of the text, or its first words, are `word`: in any case, after marks."""
    wanted, start = reader.spaced(bare(word)), reader.spaced(bare(reader.unmarked(text)))
    return bool(wanted) and start.startswith(wanted) and chinese.whole_at(start, 0, len(wanted))


def ends_with(word: str, text: str) -> bool:
    """Whether the last words of the text are `word`, before marks."""
    wanted, end = reader.spaced(bare(word)), reader.spaced(bare(text))
    place = len(end) - len(wanted)
    return bool(wanted) and end.endswith(wanted) and chinese.whole_at(end, place, len(end))


def said(outcome: bool, good: str, bad: str) -> Outcome:
    """An outcome with one of two reasons."""
    return Outcome(outcome, good if outcome else bad)


def listed(text: str, separator: str | None = None) -> tuple[str, ...]:
    """The items of a list that is written as one text."""
    return tuple(part.strip() for part in text.split(separator))
