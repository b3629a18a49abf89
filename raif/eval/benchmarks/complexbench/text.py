"""How ComplexBench's rules see a text: in full-width punctuation, and with or without its quotation marks."""

from __future__ import annotations

import json
import string
from collections.abc import Iterable, Sequence
from typing import Any

from raif.errors import ConstraintError

_WIDE = str.maketrans("!#$%&()*,.:;?\\^“”", '！＃＄％＆（）＊，。：；？＼＾""')


def normal(text: str) -> str:
    """ASCII punctuation with a full-width form takes it; curly double quotes become straight ones."""
    return text.translate(_WIDE)


def unquoted(text: str) -> str:
    """Without leading line breaks and one pair of quotation marks or backticks.

    Text of line breaks alone is empty; the official code crashes on it.
    """
    text = text.lstrip("\n")
    quoted = text[:1] in tuple('"“`') and text[-1:] in tuple('"”`')
    return text[1:-1] if quoted else text


def holds_all(text: str, words: Iterable[str]) -> bool:
    return all(normal(word) in text for word in words)


def holds_none(text: str, words: Iterable[str]) -> bool:
    return not any(normal(word) in text for word in words)


def holds_all_but(text: str, wanted_and_banned: tuple[list[str], list[str]]) -> bool:
    wanted, banned = wanted_and_banned
    return holds_all(text, wanted) and holds_none(text, banned)


def counts(text: str, listed: Sequence[str]) -> bool:
    """From the first to the second entry's number of the words after them; one listed twice counts twice."""
    return within(sum(normal(word) in text for word in listed[2:]), listed)


def counts_without(text: str, listed_and_banned: tuple[list[str], list[str]]) -> bool:
    listed, banned = listed_and_banned
    return counts(text, listed) and holds_none(text, banned)


def long(text: str, bounds: Sequence[Any]) -> bool:
    """In characters."""
    return within(len(text), bounds)


def wordy(text: str, bounds: Sequence[Any]) -> bool:
    """In words between white space."""
    return within(len(text.split()), bounds)


def within(count: int, bounds: Sequence[Any]) -> bool:
    """Whether the count is in the range of the first two of `bounds`, both included."""
    try:
        return float(bounds[0]) <= count <= float(bounds[1])
    except (ValueError, IndexError, TypeError):
        raise ConstraintError(f"rule: {bounds!r} does not start with two numbers, from and to") from None


def starts(text: str, prefix: str) -> bool:
    return text.startswith(normal(prefix))


def starts_not(text: str, prefix: str) -> bool:
    return not starts(text, prefix)


def ends(text: str, suffix: str) -> bool:
    """With the suffix, and perhaps `。` or `？` after it, but not `！`."""
    wanted = normal(suffix)
    return text.endswith((wanted, f"{wanted}。", f"{wanted}？"))


def ends_not(text: str, suffix: str) -> bool:
    return not ends(text, suffix)


def starts_and_ends(text: str, both: tuple[str, str]) -> bool:
    return starts(text, both[0]) and ends(text, both[1])


def matches(text: str, target: str) -> bool:
    """The target is not normalised: one that ends in an ASCII full stop can't be met."""
    return text in (target, f"{target}。", f"{target}.")


def punctuated(text: str, allowed: Iterable[str]) -> bool:
    """No other punctuation than the allowed; only the normal forms of ASCII's 32 marks are looked for."""
    marks = {normal(mark) for mark in string.punctuation} - {normal(mark) for mark in allowed}
    return marks.isdisjoint(text)


def has_keys(text: str, keys: Sequence[str]) -> bool:
    """The first braces that balance hold a JSON object, with exactly these keys where any are named."""
    named = [key for key in keys if key != ""]
    try:
        found = json.loads(_braced(text))
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict):
        return False
    return not named or (len(named) == len(found) and all(key in found for key in named))


def _braced(text: str) -> str:
    """Braces inside of strings count too, and a closing one that comes first is never made up for."""
    depth = start = 0
    for position, character in enumerate(text):
        if character == "{":
            start = start if depth else position
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return text[start : position + 1]
    return ""
