"""English sentences by the Punkt algorithm, as NLTK 3.10 cuts them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from raif.text.punkt import APART, SPACE, ends, with_period
from raif.text.search import TooSlow

_MOST = 25_000
_MARK = re.compile(rf"[.?!](?=({APART})|[{SPACE}]+([^{SPACE}]+))")
_CLOSERS = frozenset("\"')]}‘’“”«»")
_CLOSING = re.compile(rf"""[\"')\]}}‘’“”«»]+?(?:[{SPACE}]+|(?=--)|$)""", re.MULTILINE)
_OPENING = '"(*['
"""Tokens of their own before a word."""


def sentences(text: str) -> list[str]:
    """The sentences of `text`; a line break ends none. TooSlow where more than 25,000 may end."""
    if sum(map(text.count, ".?!")) > _MOST:
        raise TooSlow(f"more than {_MOST:,} marks that may end a sentence")
    return [text[start:stop] for start, stop in _spans(text)]


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Closing quotation marks and brackets after a sentence's end belong to it."""
    start, end = 0, len(text.rstrip())
    for (stop, after), (limit, _) in pairwise([*_breaks(text), (end, end)]):
        closing = _CLOSING.match(text, after, limit) if text[after] in _CLOSERS else None
        if closing:
            stop = after + len(closing[0].rstrip())
        if start < stop:
            yield start, stop
        start = closing.end() if closing else after
    if start < end:
        yield start, end


def _breaks(text: str) -> Iterator[tuple[int, int]]:
    """Where sentences end, and where the next ones start."""
    for start, mark in _candidates(text):
        if _plain(text, start, mark) or ends(text[start : mark.end(mark.lastindex or 0)]):
            yield mark.end(), mark.start(2) if mark[2] else mark.end()


def _candidates(text: str) -> Iterator[tuple[int, re.Match[str]]]:
    """The last mark that may end a sentence in each run without ASCII white space, and the run's start.

    NLTK also takes a mark that such a run begins with, and overlooks white space that the text begins with.
    """
    start, last, done = 0, None, 0
    for mark in _MARK.finditer(text):
        space = _last_space(text, done, mark.start())
        if last and (space > 0 or last.start() == start):
            yield start, last
        start = space + 1 if space > 0 else start
        last, done = mark, mark.end()
    if last:
        yield start, last


def _last_space(text: str, start: int, stop: int) -> int:
    found = text.rfind(" ", start, stop)
    if found >= 0 and text[found + 1 : stop].isalnum():
        return found
    return max(found, *(text.rfind(space, start, stop) for space in "\n\t\r\v\f"))


def _plain(text: str, start: int, mark: re.Match[str]) -> bool:
    """Whether a plain word stands before the mark, and another token follows: then a sentence ends."""
    word = text[start : mark.start()].lstrip(_OPENING)
    if not (word.isalpha() and word.isascii() and (mark[1] or mark[2][0] > " ")):
        return False
    return mark[0] != "." or (len(word) > 1 and word.lower() not in with_period())
