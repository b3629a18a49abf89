"""Words for sentences: what a sentence is about in a word, quotations from a text, lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from raif.data.builtin.seeds import Seed
from raif.text import chinese

_AROUND = {"en": 3, "zh": 6}
"""Words, or characters, on each side of what is quoted."""
_LONG = re.compile(r"(?<![\w'’-])[a-z]{5,}(?![\w'’-])")
_MARKS = re.compile(r"[\"“”‘’<>*\n]")


_COMMON = """
    about above after again against almost along already although always among another around because
    become before behind below beside better between beyond cannot could different during either enough every
    everything first from going having instead itself might never nothing often other others rather really
    several should since something sometimes still than that their them then there these they thing things
    this those though three through together toward towards under until usually very what whatever when where
    whether which while whole whose will with within without would yourself
    """
COMMON = frozenset(_COMMON.split())
"""Words of English that say nothing about what a text is about."""


def gists(seed: Seed) -> tuple[str, ...]:
    """For each point a word that says what it is about: a keyword, or else a long word.

    No word twice unless a sentence has no other.
    """
    return _gists(tuple(point.text for point in seed.points), seed.keywords, seed.language)


@lru_cache(maxsize=1024)
def _gists(sentences: tuple[str, ...], keywords: tuple[str, ...], language: str) -> tuple[str, ...]:
    found: list[str] = []
    for sentence in sentences:
        options = [word for word in keywords if word.lower() in sentence.lower()]
        if language == "zh":
            others = [word for word in chinese.words(sentence) if not re.search("[0-9A-Za-z]", word)]
        else:
            others = [word for word in _LONG.findall(sentence) if word not in COMMON]
        options += sorted(others, key=lambda word: (word.endswith(("ly", "ed", "ing", "es")), -len(word)))
        word = next((word for word in options if word not in found), (options or [sentence])[0])
        found.append(word)
    return tuple(_as_written(word, " ".join(sentences)) for word in found)


def _as_written(word: str, text: str) -> str:
    """A keyword in the case that the text uses within its sentences: a name has a capital."""
    return word if word in text else next(iter(re.findall(re.escape(word), text, re.IGNORECASE)), word)


def within_quotes(text: str) -> str:
    """The text with single quotation marks, to stand between double ones."""
    return text.replace('"', "'").replace("“", "‘").replace("”", "’")


def listed(items: Sequence[str], language: str) -> str:
    """Items as a list without quotation marks: a, b and c."""
    *front, last = items
    comma, final = ("、", "和") if language == "zh" else (", ", " and ")
    return comma.join(front) + final + last if front else last


def snippet(text: str, place: int, language: str) -> str:
    """The words around a place in the text, without marks that would break a quotation."""
    around = _AROUND[language]
    start = text.rfind("\n", 0, place) + 1
    end = text.find("\n", place)
    line = text[start : end if end >= 0 else len(text)]
    place -= start
    if language == "zh":
        return _MARKS.sub("", line[max(0, place - around) : place + around + 1]).strip()
    spans = [match.span() for match in re.finditer(r"\S+", line)]
    at = next((n for n, (low, high) in enumerate(spans) if low <= place < high), 0)
    low, high = spans[max(0, at - around)][0], spans[min(len(spans) - 1, at + around)][1]
    return _MARKS.sub("", line[low:high])


def two_snippets(old: str, new: str, language: str) -> tuple[str, str]:
    """The same passage of two variants of a sentence, from where they begin to differ."""
    same = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), 0)
    start = max(old.rfind(" ", 0, max(0, same - 8)), 0) if language == "en" else max(0, same - 3)
    width = 45 if language == "en" else 14

    def cut(text: str) -> str:
        part = text[start : start + width]
        if language == "en" and len(text) > start + width:
            part = part.rpartition(" ")[0]
        return _MARKS.sub("", part).strip(" ,;:")

    return cut(old), cut(new)
