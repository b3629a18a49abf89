"""Records of several turns: each turn is a record of its own, after the answers to the turns before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from raif import records
from raif.errors import RecordError
from raif.files import jsonl
from raif.records.turns import at_turn, blank_turns, with_experts
from raif.types import Expert, Instruction
from raif.verdicts.checks import verify, verify_turns

RECORD: dict[str, Any] = {
    "id": "tea",
    "messages": [{"role": "user", "content": "Describe tea without commas."}],
    "constraints": [{"id": "punctuation:no_comma", "kwargs": {}}],
    "expert": {"thinking": "Short.", "answer": "Hot leaves."},
    "then": [
        {
            "prompt": "Mention China, too.",
            "constraints": [
                {"id": "punctuation:no_comma", "kwargs": {}},
                {"id": "keywords:existence", "kwargs": {"keywords": ["China"]}},
            ],
            "expert": {"thinking": "Where?", "answer": "Hot leaves from China."},
        },
        {"prompt": "Is it kind?", "questions": [{"text": "Is it kind?"}]},
    ],
}


def read(row: dict[str, Any]) -> Instruction:
    return records.instruction(row, "rows.jsonl:1")


def test_a_turn_comes_after_the_answers_before_it() -> None:
    turn = at_turn(read(RECORD), ["Hot, wet.", "From China."])
    assert [(m.role, m.content) for m in turn.messages] == [
        ("user", "Describe tea without commas."),
        ("assistant", "Hot, wet."),
        ("user", "Mention China, too."),
        ("assistant", "From China."),
        ("user", "Is it kind?"),
    ]
    assert (turn.id, turn.then, turn.constraints, turn.expert) == ("tea/3", (), (), None)
    assert [question.text for question in turn.questions] == ["Is it kind?"]


def test_the_first_turn_keeps_its_own_checks() -> None:
    turn = at_turn(read(RECORD))
    assert (turn.id, len(turn.messages), [c.id for c in turn.constraints]) == (
        "tea/1",
        1,
        ["punctuation:no_comma"],
    )


def test_a_record_of_one_turn_is_its_turn() -> None:
    record = read({name: value for name, value in RECORD.items() if name != "then"})
    assert at_turn(record) is record
    assert with_experts(record) == [record]


def test_there_is_no_turn_after_the_last() -> None:
    with pytest.raises(RecordError, match="tea: 3 answers before a turn, of 3 turns"):
        at_turn(read(RECORD), ["a", "b", "c"])


def test_turns_with_experts_end_where_one_is_missing() -> None:
    turns = with_experts(read(RECORD))
    assert [turn.id for turn in turns] == ["tea/1", "tea/2"]
    assert turns[1].messages[1].content == "Hot leaves."
    assert turns[1].expert == Expert(thinking="Where?", answer="Hot leaves from China.")
    assert [turn.id for turn in blank_turns(read(RECORD))] == ["tea/1", "tea/2", "tea/3"]


def test_verdicts_are_given_turn_by_turn() -> None:
    found = verify_turns(read(RECORD), ["Hot, wet.", "Leaves from China.", "Yes."])
    assert [one.followed for one in found] == [False, True, None]
    assert [len(one.verdicts) for one in found] == [1, 2, 1]


def test_one_response_to_several_turns_is_refused() -> None:
    with pytest.raises(RecordError, match="tea: it has 3 turns, not one") as caught:
        verify(read(RECORD), "Hot.")
    assert "verify_turns" in caught.value.hint


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ([{"prompt": "x", "constraints": [{"id": "no:such"}]}], r"rows\.jsonl:1: then\.0\.constraints\.0: "),
        ([{"prompt": "x", "constraint": []}], r"then\.0\.constraint"),
        ([{"constraints": []}], r"then\.0"),
    ],
)
def test_a_turn_that_can_not_be_used_is_named(then: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(RecordError, match=said):
        read(RECORD | {"then": then})


def test_a_record_survives_being_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    jsonl.write(path, [read(RECORD)])
    assert list(records.read(path)) == [read(RECORD)]
    assert read(RECORD | {"then": json.dumps(RECORD["then"])}) == read(RECORD)  # as in columnar files
