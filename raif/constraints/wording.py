"""Kwargs as parts of a sentence: lists joined readably, counts with a noun, relations, language names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from raif.text.langdetect.language import CHINESE, NAMES

RELATIONS = {
    "en": {"at least": "at least", "less than": "fewer than", "at most": "at most", "around": "around"},
    "zh": {"at least": "至少", "less than": "少于", "at most": "至多", "around": "大约为"},
}


PARTS = {
    "en": {"title": "the title", "list": "the list", "postscript": "the postscript"},
    "zh": {"title": "标题", "list": "列表", "postscript": "附言"},
}
"""Parts of an answer, as a kind names them whose order is checked."""


class Number(int):
    """An integer that a template may follow with its noun: `{n:word}` is "1 word" or "3 words"."""

    def __format__(self, noun: str) -> str:
        return f"{int(self)} {noun}{'' if self == 1 else 's'}" if noun else str(int(self))


def render(kwargs: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The kwargs as a template's placeholders show them in `language` ("en" or "zh")."""
    return {name: _shown(name, value, language) for name, value in kwargs.items()}


def _shown(name: str, value: Any, language: str) -> Any:
    if name.endswith("relation") or name == "quantifier":
        return RELATIONS[language][value]
    if name == "parts":
        return _listed([PARTS[language][part] for part in value], language)
    if name == "language":
        return (NAMES | CHINESE)[value][language]
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return Number(value)
    return joined(value, language) if isinstance(value, list) else value


def joined(words: Sequence[str], language: str) -> str:
    """The words in quotation marks as a list that reads well: "a", "b" and "c"."""
    opening, closing = ("“", "”") if language == "zh" else ('"', '"')
    return _listed([f"{opening}{word}{closing}" for word in words], language)


def _listed(items: Sequence[str], language: str) -> str:
    comma, final = ("、", "和") if language == "zh" else (", ", " and ")
    *front, last = items
    return comma.join(front) + final + last if front else last
