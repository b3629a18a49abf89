"""A user's regular expressions with the semantics of `re`, and a time limit: `(a+)+$` may never finish.

A pattern without repetition or alternatives runs at once. Any other runs in a child process, which is killed
when a search has taken it `LIMIT` seconds of processor time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, cast

from raif.killable import Killable
from raif.text import search_worker

How = Literal["search", "findall", "split"]
LIMIT = 0.5
_AT_ONCE = 20_000_000  # characters of the pattern times those of the text
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_REPEATS = re.compile(r"[*+?{|]")
_SPECIAL = re.compile(r"[^\w '\",;:!@#%&/<>=~`-]", re.ASCII)
_CASELESS = "ıİſ\u212a"
"""Letters beyond ASCII that `re.IGNORECASE` takes for ASCII ones."""
_children = Killable(Path(search_worker.__file__), seconds=LIMIT, flags=("-I", "-S"))  # starts fastest


class TooSlow(TimeoutError):
    """A check that would take too long: it can't be judged."""


def count(how: How, pattern: str, text: str, flags: re.RegexFlag | int = 0, *, given: str = "") -> int:
    """How many items `re`'s function of that name returns; 1 or 0 for `search`. TooSlow after `LIMIT` s.

    `given` is the user's part of a pattern whose frame is fast, verbatim. Without it, the whole pattern is
    the user's.
    """
    given = given or pattern
    if not _SPECIAL.search(given):
        plain = _plain_count(given, text, ignore_case=bool(int(flags) & re.IGNORECASE.value))
        if plain == 0:
            return int(how == "split")  # the whole text is one part
        if plain and given == pattern and how != "split":
            return plain if how == "findall" else 1
    if len(given) * len(text) <= _AT_ONCE and not _REPEATS.search(_ESCAPED.sub("", given)):
        return cast("int", search_worker.answer(how, pattern, text, int(flags)))
    try:
        return int(_children.ask(how, pattern, text, int(flags)))
    except TimeoutError:
        raise TooSlow(f"the regular expression {given!r} takes too long on this text") from None


def stretches(first: str, last: str, text: str) -> list[str]:
    """What `re.findall` finds of `first`, a space, the least text without a line break, a space, `last`.

    Both are the user's regular expressions. TooSlow after `LIMIT` s.
    """
    if not _SPECIAL.search(first + last):
        return [*literal_stretches(f"{first} ", f" {last}", text)]
    try:
        found: list[str] = _children.ask("items", f"{first} .*? {last}", text, 0)
    except TimeoutError:
        raise TooSlow(f"the regular expressions {first!r} and {last!r} take too long on this text") from None
    return found


def literal_stretches(first: str, last: str, text: str) -> Iterator[str]:
    """What `re.findall` finds of two texts with the least text without a line break between them.

    It takes no longer than reading the text once or twice.
    """
    start = text.find(first)
    while start >= 0 and (end := text.find(last, start + len(first))) >= 0:
        line_break = text.find("\n", start, end)
        if line_break >= 0:  # what starts before it ends on no line of its own
            start = text.find(first, line_break)
        else:
            yield text[start : (stop := end + len(last))]
            start = text.find(first, stop)


def _plain_count(word: str, text: str, *, ignore_case: bool) -> int | None:
    """How often a word without special characters occurs, much faster than `re`. None: only `re` knows."""
    if not ignore_case:
        return text.count(word)
    if not text.isascii() and any(letter in text for letter in _CASELESS):
        return None
    return text.lower().count(word.lower())
