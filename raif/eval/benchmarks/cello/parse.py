"""Whether an answer can be read as CELLO asks: a Python value, XML or YAML. Nothing of it is executed."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable
from itertools import accumulate
from typing import Any

import yaml

from raif.text.xml import flaw

_LONGEST = {"literal": 100_000, "yaml": 20_000}
"""In characters. No model wrote a longer answer, and reading one could take seconds."""
_DEEPEST = 100
_BAD_SCALAR = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What PyYAML lets through where a date, number or truth value is none."""


def parses(answer: str, wanted: Any) -> bool:
    """Whether `answer` is a `wanted`: "json", "dict", "list", "tuple", "xml" or "yaml". Anything else: False.

    The official scorer evaluates the answer as Python, also for "json": `{"a": None}` passes, `{"a": true}`
    and code fences fail. Only literals are read here, which gives the same scores on all published answers.
    """
    read = _READERS.get(wanted) if isinstance(wanted, str) else None
    return read is not None and read(answer)


def _literal(*types: type) -> Callable[[str], bool]:
    def read(answer: str) -> bool:
        if len(answer) > _LONGEST["literal"]:
            return False
        try:
            with warnings.catch_warnings(action="ignore"):  # of escapes that Python does not know
                return isinstance(ast.literal_eval(answer), types)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return False

    return read


def _yaml(answer: str) -> bool:
    """An anchor used again and a hundred open brackets fail: reading them can take exponential time."""
    if len(answer) > _LONGEST["yaml"] or not shallow(answer):
        return False
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(answer, yaml.SafeLoader)):
            return False
        yaml.safe_load(answer)
    except (yaml.YAMLError, *_BAD_SCALAR, RecursionError):
        return False
    return True


def shallow(answer: str) -> bool:
    """Whether few enough brackets are open at once for PyYAML to fail fast, if at all."""
    depths = accumulate((character in "[{") - (character in "]}") for character in answer)
    return max(depths, default=0) < _DEEPEST


_READERS: dict[str, Callable[[str], bool]] = {
    "json": _literal(dict),
    "dict": _literal(dict),
    "list": _literal(list),
    "tuple": _literal(tuple),
    "xml": lambda answer: flaw(answer) is None,
    "yaml": _yaml,
}
