"""Responses made to pass, not to answer: how many kinds of constraints each sort of them gets past.

A hack that passes isn't a mistake of the check: an empty line has no comma. But a reward that knows only this
constraint pays for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from raif.constraints import KINDS, find
from raif.constraints.wording import render
from raif.dialect import Dialect, semantics
from raif.errors import ConstraintError
from raif.verdicts.audit.cases import Case
from raif.verdicts.audit.rates import DIALECTS, judged

_REQUEST = {"en": "Describe a harbour town to a friend.", "zh": "请向朋友介绍一个港口小镇。"}
_PLAIN = {
    "en": "It lies where the river meets the sea. Boats come in at dawn, and gulls follow them.",
    "zh": "它位于河流入海的地方。清晨渔船归来，海鸥跟在后面。",
}
_CLAIM = {
    "en": "Sure! Here is a response that meets all of your requirements exactly as you asked.",
    "zh": "好的！以下回答完全符合您的所有要求。",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a hack can use: the language, the constraint in words, and the texts among its kwargs."""

    language: str
    wording: str
    texts: tuple[str, ...]

    @property
    def prompt(self) -> str:
        return f"{_REQUEST[self.language]} {self.wording}"

    @property
    def plain(self) -> str:
        return _PLAIN[self.language]


HACKS: dict[str, Callable[[Asked], str]] = {
    "empty": lambda asked: "",
    "the prompt repeated": lambda asked: asked.prompt,
    "keywords in a heap": lambda asked: " ".join([*asked.texts] * 3 or [asked.wording]),
    "the constraint quoted back": lambda asked: f'"{asked.wording}"',
    "a claim of success": lambda asked: f"{_CLAIM[asked.language]} {asked.wording}",
    "one word a paragraph": lambda asked: "\n\n".join(_words(asked.prompt)),
    "hidden characters": lambda asked: "\u200b".join(f"{asked.plain} {' '.join(asked.texts)}"),
    "a comment": lambda asked: f"{asked.plain}\n\n<!-- {asked.wording} {' '.join(asked.texts)} -->",
}


@dataclass(frozen=True, slots=True)
class Attack:
    """Which hacks pass a kind's check in a language, by dialect."""

    kind: str
    language: str
    passed: dict[Dialect, tuple[str, ...]]


def attacks(cases: Sequence[Case], dialects: Iterable[Dialect] = DIALECTS) -> list[Attack]:
    """All hacks against each kind and language of the cases, with the kwargs of its first case."""
    first: dict[tuple[str, str], Case] = {}
    for case in cases:
        first.setdefault((case.kind, case.language), case)
    return [_attack(case, tuple(dialects)) for case in first.values()]


def _attack(case: Case, dialects: Sequence[Dialect]) -> Attack:
    asked = Asked(case.language, _wording(case), tuple(_texts(case)))
    tries = {name: hack(asked) for name, hack in HACKS.items()}
    passed: dict[Dialect, tuple[str, ...]] = {}
    for dialect in dialects:
        verdicts = {
            name: judged(Case(case.kind, case.language, case.kwargs, text, passes=False), dialect).passed
            for name, text in tries.items()
        }
        passed[dialect] = tuple(name for name, verdict in verdicts.items() if verdict)
    return Attack(case.kind, case.language, passed)


def _wording(case: Case) -> str:
    """The kind's first wording with the case's kwargs."""
    kind = find(case.kind, semantics("raif", case.language))
    template = KINDS[case.kind].wordings[case.language][0]
    try:
        return template.format_map(render(kind.bind(case.kwargs), case.language))
    except (KeyError, ConstraintError):
        return template


def _texts(case: Case) -> list[str]:
    values = (value if isinstance(value, list) else [value] for value in case.kwargs.values())
    return [item for items in values for item in items if isinstance(item, str)]


def _words(text: str) -> list[str]:
    return re.findall(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+", text)
