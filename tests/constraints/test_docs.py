"""docs/constraints.md is generated from the kinds, and up to date."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from raif.constraints import KINDS, Outcome, docs, find, kind, registered
from raif.constraints.kind import Count, Example

FILE = Path(__file__).parents[2] / "docs" / "constraints.md"
NO_COMMA = KINDS["punctuation:no_comma"]


def two_commas(response: str, *, most: Count = 2) -> Outcome:
    """Two are allowed."""
    return Outcome(response.count(",") <= most, "")


def test_file_is_up_to_date() -> None:
    said = "run `python -m raif.constraints.docs > docs/constraints.md`"
    assert docs.document() == FILE.read_text("utf-8"), said


def test_every_kind_has_its_section() -> None:
    headings = [line for line in docs.document().splitlines() if line.startswith("## ")]
    assert headings == [f"## `{id}`" for id in KINDS]


@pytest.mark.parametrize(("id", "semantics"), registered())
def test_every_kind_and_variant_says_what_it_checks(id: str, semantics: str) -> None:
    assert find(id, semantics).check.__doc__


def test_semantics_of_their_own_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    lenient = replace(NO_COMMA, check=two_commas, examples=(Example(True, "a, `b`", {"most": 1}),))
    monkeypatch.setitem(kind._VARIANTS, (NO_COMMA.id, "lenient"), lenient)
    shown = (
        "### Under `lenient`\n\nTwo are allowed.\n\n- `most`: integer, at least 0; `2` if left out\n\n"
        '- passes: ``"a, `b`"`` with `{"most": 1}`\n'
    )
    assert shown in docs.document()


def test_kinds_of_plug_ins_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS._items, "mine:two_commas", replace(NO_COMMA, check=two_commas))
    assert "mine" in str(list(KINDS))
    assert docs.document() == FILE.read_text("utf-8")


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 0}, "integer, at least 0"),
        ({"enum": ["less than", "至少"], "type": "string"}, '`"less than"` or `"至少"`'),
        (
            {"type": "array", "minItems": 1, "items": {"type": "string"}},
            "array of (string), items at least 1",
        ),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer or null"),
        ({}, "any value"),
    ],
)
def test_types_are_said_in_words(schema: dict[str, object], words: str) -> None:
    assert docs._type(schema) == words
