"""The labelled responses: `cases/LANGUAGE/*.yaml`, written from the words of the instructions.

A kind has groups of kwargs with responses that follow the instruction and responses that don't. `also` names
kinds that ask for the same, with other names of their kwargs; null is a kwarg that they don't have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from raif.constraints import KINDS

LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Case:
    """A response, and whether it follows an instruction of that kind, in that language, with these kwargs."""

    kind: str
    language: str
    kwargs: dict[str, Any]
    response: str
    passes: bool


def cases(kind: str | None = None) -> list[Case]:
    """All cases, or those of one kind, which must be known. Sorted by kind, then by language."""
    wanted = None if kind is None else KINDS[kind].id
    return [case for case in _all() if wanted in (None, case.kind)]


@cache
def _all() -> tuple[Case, ...]:
    found = [case for language in LANGUAGES for case in _of(language)]
    return tuple(sorted(found, key=lambda case: (case.kind, case.language)))


def _of(language: str) -> Iterator[Case]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    folder = files("raif.verdicts.audit") / "cases" / language
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        for kind, groups in yaml.load(file.read_text("utf-8"), loader).items():
            same: dict[str, dict[str, str | None]] = {kind: {}}
            for group in groups:
                same |= group.get("also", {})
            for id, names in same.items():
                for group in groups:
                    yield from _group(id, language, group, names)


def _group(id: str, language: str, group: dict[str, Any], names: dict[str, str | None]) -> Iterator[Case]:
    renamed = {names.get(name, name): value for name, value in group.get("kwargs", {}).items()}
    kwargs = {name: value for name, value in renamed.items() if name is not None}
    for label, passes in (("pass", True), ("fail", False)):
        for response in group.get(label, ()):
            yield Case(id, language, kwargs, response, passes)
