"""VerInstruct (arXiv 2506.09942): a prompt with checkers, `[llm]` for a judge and `[rule]` for Python code.

The code in `functions` is not run: what a rule asks is put to the judge, too, as its text says it.
"""

from __future__ import annotations

from typing import Any

from raif.records.ifeval import named
from raif.records.layout import LAYOUTS, Layout, Row, turns, without_messages

_MARKS = ("[llm]", "[rule]")


def questions(checkers: Any) -> list[Row]:
    """A question for each checker. Raises ValueError if they are no list of texts."""
    if not isinstance(checkers, list | tuple) or not all(isinstance(each, str) for each in checkers):
        raise ValueError("checkers: not a list of texts")
    return [{"text": f"Does the response follow this constraint? {_bare(each)}"} for each in checkers]


def _bare(checker: str) -> str:
    for mark in _MARKS:
        checker = checker.replace(mark, "")
    return checker.strip()


def fields(row: Row, where: str) -> Row:
    found = {"task": "complex", "messages": turns(row["prompt"]), "questions": questions(row["checkers"])}
    return named(row) | found


LAYOUTS.add(
    "verinstruct",
    Layout(
        about="THU-KEG/VerInstruct",
        columns=("prompt", "checkers"),
        more=("id",),
        fields=fields,
        when=without_messages,
        sample={
            "id": "crab_0",
            "prompt": "Describe tea playfully, in at most 100 words.",
            "checkers": ["[llm] The tone is playful.", "[rule] At most 100 words."],
            "functions": ["", "def check_following(instruction, response):\n    ..."],
        },
    ),
)
