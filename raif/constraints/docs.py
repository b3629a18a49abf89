"""docs/constraints.md, from the kinds themselves: `python -m raif.constraints.docs > docs/constraints.md`.

Plug-ins' kinds are left out: the file is about what raif brings.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from raif.constraints import KINDS, Kind, find
from raif.constraints.kind import Example, variants
from raif.constraints.wording import render

INTRODUCTION = """\
# Constraints

Made by `python -m raif.constraints.docs > docs/constraints.md`; don't edit.

For each kind: one way to ask for it, how it is checked, its kwargs, and responses that pass and fail. *Under*
a name stand semantics of their own: `zh` is what holds for Chinese records of the dialect `raif`, `authors`
what `raif eval --dialect authors` scores by, any other is a dialect.
Plug-ins add kinds through the entry point `raif.constraints`: [example](plugin-example).
"""
LONGEST = 160
BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
    "minLength": "length at least",
    "maxLength": "length at most",
    "minItems": "items at least",
    "maxItems": "items at most",
}


def document() -> str:
    """The whole file."""
    own = [KINDS[id] for id in KINDS if KINDS[id].check.__module__.startswith("raif.")]
    return "\n".join([INTRODUCTION, *(line for kind in own for line in _kind(kind))])


def _kind(kind: Kind) -> Iterator[str]:
    yield from (f"## `{kind.id}`", "")
    for language, (first, *_) in kind.wordings.items():
        meant = find(kind.id, language)  # Chinese wordings may name kwargs that only the Chinese meaning has
        kwargs = meant.bind(meant.examples[0].kwargs)
        yield from (f"> {_escaped(first.format_map(render(kwargs, language)))}", "")
    yield from _meaning(kind)
    for semantics, other in variants(kind.id).items():
        yield from (f"### Under `{semantics}`", "")
        yield from _meaning(other)


def _meaning(kind: Kind) -> Iterator[str]:
    if kind.check.__doc__:
        yield from (inspect.cleandoc(kind.check.__doc__), "")
    yield from _kwargs(kind)
    yield from (_example(example) for example in kind.examples)
    yield ""


def _kwargs(kind: Kind) -> Iterator[str]:
    hints = get_type_hints(kind.check, include_extras=True)
    _, *parameters = inspect.signature(kind.check).parameters.values()
    for one in parameters:
        default = "" if one.default is one.empty else f"; {_code(one.default)} where left out"
        yield f"- `{one.name}`: {_type(TypeAdapter(hints[one.name]).json_schema())}{default}"
    if parameters:
        yield ""


def _type(schema: dict[str, Any]) -> str:
    """A JSON schema in words."""
    if "enum" in schema:
        return " or ".join(_code(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    bounds = [f"{word} {schema[key]}" for key, word in BOUNDS.items() if key in schema]
    inner = f" of ({_type(schema['items'])})" if "items" in schema else ""
    return ", ".join([schema.get("type", "any value") + inner, *bounds])


def _example(example: Example) -> str:
    kwargs = f" with {_code(example.kwargs)}" if example.kwargs else ""
    return f"- {'passes' if example.passes else 'fails'}: {_code(example.response)}{kwargs}"


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_<>\[\]])", r"\\\1", text)


def _code(value: Any) -> str:
    """A value as JSON in a code span, which more backticks than any within it enclose."""
    text = json.dumps(value, ensure_ascii=False)
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    return f"{fence}{shown}{fence}"


if __name__ == "__main__":
    sys.stdout.write(document())
