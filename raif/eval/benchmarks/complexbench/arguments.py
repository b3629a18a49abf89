"""What a ComplexBench rule asks for: the text, words or range after its name, read from the rule's end.

Words are split at commas and can't hold one. What the official code crashes on is a ConstraintError.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from raif.errors import ConstraintError


def line(rule: str, name: str) -> str:
    """`name:text`, on the last line."""
    return _groups(rule, f"{name}:(.*?)")[0]


def text(rule: str, name: str) -> str:
    """`name:text`, over any number of lines."""
    return _groups(rule, f"{name}:(.*?)", re.DOTALL)[0]


def start_and_end(rule: str, name: str) -> tuple[str, str]:
    """The prefix of `startswith:` and the suffix of `endswith:` on the line after it."""
    before = name.removesuffix("startswith")
    start, end = _groups(rule, rf"{name}:(.*?)\n{before}endswith:(.*?)", re.DOTALL)
    return start, end


def words(rule: str, name: str) -> list[str]:
    """`name:[a, b]` as "a" and "b"."""
    return [word.strip() for word in _split(_groups(rule, rf"{name}:(\[.*?\])")[0])]


def counted(rule: str, name: str) -> list[str]:
    """`name:[1,2,a, b]` as "1", "2", "a" and " b", over any number of lines."""
    return _split(_groups(rule, rf"{name}:(\[.*?\])", re.DOTALL)[0])


def counted_and_banned(rule: str, name: str) -> tuple[list[str], list[str]]:
    """The same, and the words of `model_forbidden_word_each:` on the line after it."""
    pattern = rf"{name}:(\[.*?\])\nmodel_forbidden_word_each:(\[.*?\])"
    first, second = _groups(rule, pattern, re.DOTALL)
    return _split(first), _split(second)


def keywords_and_banned(rule: str, name: str) -> tuple[list[str], list[str]]:
    """Both are sought at the rule's end, so that two lines, which is what is meant, can't be read."""
    return words(rule, name), words(rule, "forbidden_word")


def values(rule: str, name: str) -> list[Any]:
    """`name:[1, "a"]` as a list of literals; the official code evaluates it."""
    return _literal(rule, _groups(rule, rf"{name}:(\[.*?\])")[0])


def long_values(rule: str, name: str) -> list[Any]:
    """The same over any number of lines."""
    return _literal(rule, _groups(rule.strip(), rf"{name}:(\[.*?\])", re.DOTALL)[0])


def _groups(rule: str, pattern: str, flags: re.RegexFlag = re.NOFLAG) -> tuple[str, ...]:
    found = re.search(f"{pattern}$", rule, flags)
    if found is None:
        raise ConstraintError(f"rule {rule!r}: does not end in {pattern.partition(':')[0]}:...")
    return found.groups()


def _split(listed: str) -> list[str]:
    return listed.strip("[]").split(",")


def _literal(rule: str, listed: str) -> list[Any]:
    try:
        return ast.literal_eval(listed)
    except (ValueError, SyntaxError, TypeError):
        raise ConstraintError(f"rule {rule!r}: {listed} is no list of numbers or quoted texts") from None
