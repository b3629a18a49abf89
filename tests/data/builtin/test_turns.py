"""Records of several turns from the builtin generator."""

from __future__ import annotations

from itertools import pairwise

import pytest

from raif.config.builtin import BuiltinConfig
from raif.data.builtin.generate import records
from raif.records.turns import with_experts
from raif.verdicts.checks import verify

SEVERAL = BuiltinConfig(count=60, turns=3, min_constraints=2)


def test_every_turn_adds_constraints_and_has_an_answer_that_meets_them_all() -> None:
    made = list(records(SEVERAL))
    assert {len(record.then) for record in made} == {0, 1, 2}
    for record in made:
        turns = with_experts(record)
        assert len(turns) == 1 + len(record.then)
        for before, after in pairwise(turns):
            assert after.constraints[: len(before.constraints)] == before.constraints
            assert len(after.constraints) > len(before.constraints)
        assert all(verify(turn, turn.expert.answer if turn.expert else "").followed for turn in turns)


def test_the_same_config_gives_the_same_conversations() -> None:
    assert list(records(SEVERAL)) == list(records(SEVERAL))


def test_a_record_without_an_expert_has_none_at_any_turn() -> None:
    made = records(SEVERAL.model_copy(update={"expert_share": 0.0}))
    assert not any(turn.expert for record in made for turn in (record, *record.then))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"compositions": {"and": 1, "chain": 1}}, "there is chain"),
        ({"judged": 0.5}, "there is judged: 0.5"),
    ],
)
def test_turns_are_for_plain_constraints(keys: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        BuiltinConfig.model_validate({"turns": 2, **keys})
