"""Prompts with other constraints, in their own words."""

from __future__ import annotations

from typing import Any

import pytest

from raif.train.rewrite import added, exchanged, rewritable, without, words_of
from raif.types import Composition, Constraint, Instruction, Message

WORDS, COMMA = "length_constraints:number_words", "punctuation:no_comma"
NO_COMMA = Constraint(id=COMMA)


def words(number: int, relation: str = "at least") -> Constraint:
    return Constraint(id=WORDS, kwargs={"num_words": number, "relation": relation})


def record(prompt: str, *constraints: Constraint, **fields: Any) -> Instruction:
    return Instruction(
        id="1", messages=(Message(role="user", content=prompt),), constraints=constraints, **fields
    )


TEXT = "Describe tea. Make it at least 90 words long. Leave out every comma."
LIST = "Describe tea.\nRequirements:\n1. Make it at least 90 words long.\n2. Leave out every comma."
ASKED = (words(90), NO_COMMA)


@pytest.mark.parametrize("prompt", [TEXT, LIST])
def test_a_constraint_is_exchanged_in_the_same_words(prompt: str) -> None:
    found = exchanged(record(prompt, *ASKED), 0, words(1, "less than"))
    assert found
    assert found.prompt == prompt.replace("at least 90 words", "fewer than 1 word")
    assert found.constraints == (words(1, "less than"), NO_COMMA)


def test_another_kind_is_asked_in_its_own_words() -> None:
    found = exchanged(record(TEXT, *ASKED), 1, Constraint(id="detectable_format:title"), 1)
    assert found
    assert found.prompt.endswith("long. A title belongs at the top, with << before it and >> after it.")


@pytest.mark.parametrize(
    ("prompt", "left"),
    [
        (TEXT, "Describe tea. Leave out every comma."),
        (LIST, "Describe tea.\nRequirements:\n1. Leave out every comma."),
    ],
)
def test_one_is_taken_away_with_its_words(prompt: str, left: str) -> None:
    found = without(record(prompt, *ASKED), 0)
    assert found
    assert found.prompt == left
    assert found.constraints == (NO_COMMA,)


@pytest.mark.parametrize(
    ("prompt", "end"), [(TEXT, " Leave out every comma. {}"), (LIST, "\n2. Leave out every comma.\n3. {}")]
)
def test_one_is_added_at_the_end(prompt: str, end: str) -> None:
    found = added(record(prompt, *ASKED), Constraint(id="startend:quotation"), 0)
    assert found
    assert found.prompt.endswith(end.format("Set double quotation marks around the whole of what you write."))
    assert len(found.constraints) == 3


def test_in_chinese() -> None:
    asked = Constraint(id=WORDS, kwargs={"num_words": 90, "relation": "at least", "unit": "字"})
    one = record("介绍一下茶。篇幅要至少90个字（不含标点）。", asked, language="zh")
    found = exchanged(one, 0, Constraint(id=WORDS, kwargs=asked.kwargs | {"num_words": 20}))
    assert found
    assert found.prompt == "介绍一下茶。篇幅要至少20个字（不含标点）。"
    more = added(found, Constraint(id="startend:quotation"), 0)
    assert more
    assert more.prompt.startswith(found.prompt + "请用一对双引号")


def test_what_is_worded_otherwise_is_left_alone() -> None:
    one = record("Describe tea in ninety words or more.", words(90))
    assert words_of(one, words(90)) is None
    assert exchanged(one, 0, words(20)) is None
    assert without(one, 0) is None
    assert added(one, Constraint(id=WORDS, kwargs={"relation": "no such"}), 0) is None


def test_the_expert_answer_belongs_to_the_old_prompt() -> None:
    one = record(TEXT, *ASKED, expert={"thinking": "Hm.", "answer": "Tea"}, plain_score=0.5)
    found = without(one, 0)
    assert found
    assert (found.expert, found.plain_score) == (None, None)


def test_only_records_whose_checks_all_count() -> None:
    assert rewritable(record(TEXT, *ASKED))
    assert rewritable(record(TEXT, *ASKED, composition=Composition(kind="and", parts=(0, 1))))
    assert not rewritable(record(TEXT, *ASKED, composition=Composition(kind="chain", parts=(0, 1))))
    assert not rewritable(record(TEXT, *ASKED, language="fr"))
