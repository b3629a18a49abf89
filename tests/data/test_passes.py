"""Shares of answers that pass, by kind and by bound, and how the card shows them."""

from __future__ import annotations

import json

import pytest

from raif.config.builtin import BuiltinConfig
from raif.data import generate, passes
from raif.types import Constraint


def words(bound, relation="less than"):
    return Constraint(id="length_constraints:number_words", kwargs={"num_words": bound, "relation": relation})


FOUND = [(words(40), 0.0), (words(40), 1.0), (words(90), 1.0), (words(50, "at least"), 0.5)]
FOUND += [(Constraint(id="punctuation:no_comma"), 0.0)]


def test_they_are_summed_up_by_kind_with_its_relation_and_by_bound():
    found = passes.by_kind(FOUND)
    assert list(found) == [
        "length_constraints:number_words at least",
        "length_constraints:number_words less than",
        "punctuation:no_comma",
    ]
    assert found["length_constraints:number_words less than"] == {
        "drawn": 3, "passed": 0.667, "bounds": {"40": [2, 0.5], "90": [1, 1.0]},
    }  # fmt: skip
    assert found["punctuation:no_comma"] == {"drawn": 1, "passed": 0.0, "bounds": {}}


def test_a_table_divides_many_bounds_into_three_classes_of_similar_size():
    found = passes.by_kind((words(10 * n), float(n > 4)) for n in range(1, 13))
    (name, count, shares), *classes = passes.rows(found, found)
    assert (name, count, shares) == ("length_constraints:number_words less than", 12, (0.667, 0.667))
    assert classes == [
        ("  10 to 40", 4, (0.0, 0.0)), ("  50 to 80", 4, (1.0, 1.0)), ("  90 to 120", 4, (1.0, 1.0)),
    ]  # fmt: skip
    assert [name for name, *_ in passes.rows(passes.by_kind(FOUND))] == [
        "length_constraints:number_words at least",
        "length_constraints:number_words less than",
        "  40",
        "  90",
        "punctuation:no_comma",
    ]


@pytest.fixture
def measured(tmp_path, monkeypatch):
    found = passes.by_kind(FOUND)
    figures = {"model": "smol", "generator": "builtin-0", "answers": 5, "asked": found, "not_asked": found}
    path = tmp_path / "untrained.json"
    path.write_text(json.dumps(figures), "utf-8")
    monkeypatch.setattr(passes, "UNTRAINED", path)


def made(folder):
    generate(BuiltinConfig(count=5, kinds=("punctuation:no_comma",), max_constraints=1), folder)
    return json.loads((folder / "card.json").read_text("utf-8")), (folder / "card.md").read_text("utf-8")


def test_the_card_quotes_what_the_untrained_model_passes_of_its_kinds(tmp_path, measured):
    card, page = made(tmp_path / "run")
    assert list(card["untrained"]["asked"]) == ["punctuation:no_comma"]
    section = page.partition("## What an untrained model passes")[2]
    assert "Greedy answers of smol" in section
    assert "| punctuation:no_comma | 1 | 0% | 0% |" in section
    assert "number_words" not in section


def test_without_a_measurement_the_card_says_nothing_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(passes, "UNTRAINED", tmp_path / "none.json")
    card, page = made(tmp_path / "run")
    assert card["untrained"] is None
    assert "untrained" not in page


def test_the_card_says_by_kind_and_by_bound_what_plain_answers_pass(tmp_path):
    generate(
        BuiltinConfig(count=60, kinds=("length_constraints:number_words",), max_constraints=1),
        tmp_path / "run",
    )
    page = (tmp_path / "run" / "card.md").read_text("utf-8").partition("## What an answer without")[2]
    assert "| length_constraints:number_words less than |" in page
    assert page.count("&nbsp;&nbsp;") >= 4
