"""Records as rows of other tools and back: the same record, or what was lost is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from raif.errors import RecordError
from raif.files.rows import Found
from raif.records import LAYOUTS, instruction, tell
from raif.records.convert import WRITERS, Losses, converted
from raif.types import Instruction

FULL = Instruction.model_validate(
    {
        "id": "tea-1",
        "task": "complex",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Describe tea."},
            {"role": "assistant", "content": "Warm."},
            {"role": "user", "content": "用中文再说一遍，不要用逗号。"},
        ],
        "language": "zh",
        "constraints": [
            {"id": "punctuation:no_comma"},
            {"id": "length_constraints:number_words", "kwargs": {"num_words": 9, "relation": "less than"}},
        ],
        "questions": [{"text": "Is it playful?"}],
        "composition": {"kind": "chain", "parts": [0, {"kind": "and", "parts": [1, 2]}]},
        "expert": {"thinking": "短。", "answer": "茶很暖。"},
        "format_required": False,
        "plain_score": 0.5,
        "provenance": {"seed": "s", "n": [1]},
    }
)


def through_json(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(row))
    return found


@pytest.mark.parametrize("to", [name for name in WRITERS if name != "ifeval"])
@pytest.mark.parametrize("name", [*LAYOUTS, "full"])
def test_a_record_comes_back_as_it_was(to: str, name: str) -> None:
    record = FULL if name == "full" else instruction(LAYOUTS[name].sample, "f:1")
    row, lost = WRITERS[to](record)
    assert tell(row) == to
    assert not lost
    assert instruction(through_json(row), "f:2") == record


def test_ifevals_rows_say_what_they_have_no_place_for() -> None:
    row, lost = WRITERS["ifeval"](FULL)
    kept = FULL.model_dump(include={"id", "messages", "language", "dialect", "constraints"})
    assert instruction(through_json(row), "f:2").model_dump(include=set(kept)) == kept
    dropped = {"composition", "expert", "format_required", "plain_score", "provenance", "questions", "task"}
    assert set(lost) == dropped


def test_ifevals_own_rows_come_back_as_they_were() -> None:
    sample = LAYOUTS["ifeval"].sample
    row, lost = WRITERS["ifeval"](instruction(sample, "f:1"))
    assert ({name: row[name] for name in sample}, lost) == (sample, [])


@pytest.mark.parametrize(
    ("name", "changed", "lost"),
    [
        ("verl", {}, set()),
        ("verl", {"data_source": "mine"}, {"data_source", "ability"}),
        ("verl", {"data_source": "mine", "extra_info": {"index": 1, "split": "x"}}, {"extra_info"}),
        ("multi-if", {}, {"turn_1_instruction_id_list", "turn_1_kwargs"}),
        ("multi-if", {"turn_index": 1}, {"turn_2_prompt", "turn_2_instruction_id_list", "turn_2_kwargs"}),
        ("if-multi-constraints", {}, {"dataset", "constraint_type", "constraint"}),
    ],
)
def test_columns_that_a_record_has_nothing_of_are_said(
    name: str, changed: dict[str, Any], lost: set[str]
) -> None:
    losses = Losses()
    assert list(converted(iter([("f:1", {**LAYOUTS[name].sample, **changed})]), "raif", losses))
    assert losses.columns.keys() >= lost
    assert bool(losses.columns) == bool(lost)


def test_answers_are_kept_and_what_is_left_out_is_counted() -> None:
    rows: list[Found] = [
        ("f:1", dict(LAYOUTS["argilla"].sample)),
        ("f:2", RecordError("f:2: not JSON")),
        ("f:3", {"a": 1}),
        ("f:4", FULL.model_dump() | {"responses": ["a", "b"]}),
    ]
    losses = Losses()
    first, second = converted(iter(rows), "ifeval", losses)
    assert (first["response"], second["responses"]) == ("Tea is warm.", ["a", "b"])
    assert (losses.written, losses.columns, losses.fields["questions"]) == (2, {"model_name": 1}, 1)
    assert [error.message.partition(":")[2][:1] for error in losses.errors] == ["2", "3"]
