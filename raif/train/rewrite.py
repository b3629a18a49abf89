"""Prompts with other constraints in the same words: one exchanged, added or taken away.

A constraint's words are found in the last user turn as one of its kind's wordings. What was worded otherwise
can't be rewritten. The records are those whose checks all count: others are left alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from raif.constraints import find
from raif.constraints.wording import render
from raif.errors import ConstraintError
from raif.types import Constraint, Instruction

_NUMBERED = re.compile(r"^(\d+)\. (.*)$", re.MULTILINE)
"""A line of a list of requirements."""


@dataclass(frozen=True, slots=True)
class Words:
    """How a prompt asks for a constraint: the text, and which of its kind's wordings it is."""

    text: str
    wording: int


def rewritable(record: Instruction) -> bool:
    """Whether all checks count, in one turn of a user, in a language that constraints can be asked in."""
    tree = record.composition
    flat = tree is None or (tree.kind == "and" and all(isinstance(part, int) for part in tree.parts))
    return flat and record.messages[-1].role == "user" and _language(record) in ("en", "zh")


def words_of(record: Instruction, constraint: Constraint) -> Words | None:
    """Where the prompt asks for the constraint; None if it does so in other words."""
    kind = find(constraint.id, record.semantics)
    for number in range(len(kind.wordings.get(_language(record), ()))):
        text = asked(record, constraint, number)
        if text and text in record.prompt:
            return Words(text, number)
    return None


def asked(record: Instruction, constraint: Constraint, wording: int) -> str | None:
    """The constraint in one of its kind's wordings; None if it can't be said."""
    kind, language = find(constraint.id, record.semantics), _language(record)
    templates = kind.wordings.get(language)
    if not templates:
        return None
    try:
        return templates[wording % len(templates)].format_map(render(kind.bind(constraint.kwargs), language))
    except (ConstraintError, KeyError):
        return None


def exchanged(record: Instruction, place: int, new: Constraint, wording: int = 0) -> Instruction | None:
    """The record with another constraint in the place of one, asked in the same words if it is of the same
    kind, else in the given wording.
    """
    old = record.constraints[place]
    found = words_of(record, old)
    text = found and asked(record, new, found.wording if new.id == old.id else wording)
    if not found or not text:
        return None
    constraints = (*record.constraints[:place], new, *record.constraints[place + 1 :])
    return _with(record, constraints, record.prompt.replace(found.text, text, 1))


def added(record: Instruction, new: Constraint, wording: int) -> Instruction | None:
    """The record with one more constraint, asked for at the end, within its list if it has one."""
    text = asked(record, new, wording)
    if not text:
        return None
    lines = _NUMBERED.findall(record.prompt)
    if lines and record.prompt.rstrip().endswith(lines[-1][1].rstrip()):
        prompt = f"{record.prompt.rstrip()}\n{int(lines[-1][0]) + 1}. {text}"
    else:
        prompt = record.prompt.rstrip() + ("" if _language(record) == "zh" else " ") + text
    return _with(record, (*record.constraints, new), prompt)


def without(record: Instruction, place: int) -> Instruction | None:
    """The record without one of its constraints; None if its words aren't found."""
    found = words_of(record, record.constraints[place])
    if not found:
        return None
    prompt = record.prompt.replace(found.text, "", 1)
    lines = [line for line in prompt.split("\n") if not re.fullmatch(r"\d+\.\s*", line)]
    numbers = iter(range(1, len(lines) + 1))
    prompt = "\n".join(_NUMBERED.sub(lambda line: f"{next(numbers)}. {line[2]}", each) for each in lines)
    prompt = re.sub(r"(?<=\S)  +", " ", prompt).strip()
    return _with(record, (*record.constraints[:place], *record.constraints[place + 1 :]), prompt)


def _with(record: Instruction, constraints: tuple[Constraint, ...], prompt: str) -> Instruction:
    """Rewritten. The expert's answer and a stored score belong to the prompt as it was."""
    last = record.messages[-1].model_copy(update={"content": prompt})
    update = {"messages": (*record.messages[:-1], last), "constraints": constraints, "composition": None}
    return record.model_copy(update=update | {"expert": None, "plain_score": None})


def _language(record: Instruction) -> str:
    return record.language.partition("-")[0]
