"""Built-in records of all four compositions."""

import random

import pytest

from raif.config import load
from raif.config.builtin import BuiltinConfig
from raif.constraints.satisfiable import contradiction
from raif.constraints.tree import active
from raif.data import records
from raif.data.builtin import compose
from raif.data.builtin.compose import Condition, Plan, active_of, outline
from raif.data.builtin.seeds import all_seeds
from raif.errors import ConfigError
from raif.types import Composition
from raif.verdicts.checks import verify

CONFIG = load(
    BuiltinConfig, "gen-data", preset="composed", overrides=["count=200", "languages={en: 1, zh: 1}"]
)


@pytest.fixture(scope="module")
def composed():
    return list(records(CONFIG))


def has_selection(part):
    return not isinstance(part, int) and (part.kind == "selection" or any(map(has_selection, part.parts)))


def nested(record):
    return any(isinstance(part, Composition) for part in record.composition.parts)


def test_all_four_are_drawn_in_both_languages(composed):
    found = {(r.language, "nested" if nested(r) else r.composition.kind) for r in composed}
    assert found == {(each, name) for each in ("en", "zh") for name in compose.SIZES}


def test_every_expert_answer_meets_what_counts(composed):
    assert all(verify(record, record.expert.answer).followed is True for record in composed)


def test_what_counts_together_does_not_contradict_itself(composed):
    for record in composed:
        assert contradiction(active_of(record.constraints, record.composition), record.semantics) is None


def test_every_constraint_is_part_of_the_composition(composed):
    for record in composed:
        none = Composition(kind="selection", parts=(record.composition, 0), selected=1)
        assert sum(active(none, [True] * len(record.constraints))) == 1


def test_every_constraint_is_asked_for(composed):
    for record in composed:
        for item in record.constraints:
            if item.id == "keywords:existence":
                assert all(word in record.prompt for word in item.kwargs["keywords"])


def test_the_thinking_names_the_branch_and_has_a_line_for_each_constraint_that_counts(composed):
    for record in composed:
        lines = record.expert.thinking.split("\n")
        counted = len(active_of(record.constraints, record.composition))
        assert len(lines) == 1 + counted + has_selection(record.composition)


def test_both_branches_are_taken(composed):
    assert {r.composition.selected for r in composed if r.composition.kind == "selection"} == {0, 1}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_condition_is_true_of_the_request_as_stated(language):
    rng = random.Random(0)
    for seed in all_seeds():
        if seed.language == language:
            found = compose.condition(seed, rng)
            quoted = [
                word for word in seed.keywords if f'"{word}"' in found.what or f"“{word}”" in found.what
            ]
            if quoted:
                assert found.holds is (quoted[0].lower() in seed.prompt.lower())
            else:
                assert found.holds is (seed.prompt[-1] in "?？")


def test_a_nested_request_reads_well():
    inner = Composition(kind="selection", parts=(1, 2), selected=0)
    plan = Plan(Composition(kind="chain", parts=(0, inner)), Condition("it rains", True, ""))
    asked = outline(["Use no commas.", "Be brief.", "I want a title."], plan, "en")
    assert asked == "First, use no commas. Finally:\nIf it rains, be brief.\nOtherwise, I want a title."


def test_a_nested_request_reads_well_in_chinese():
    inner = Composition(kind="chain", parts=(0, 1))
    plan = Plan(Composition(kind="selection", parts=(inner, 2), selected=0), Condition("下雨", True, ""))
    asked = outline(["写两段。", "加标题。", "写一句。"], plan, "zh")
    assert asked == "\n如果下雨，首先，写两段。最后，加标题。\n否则，写一句。"


def test_one_composition_draws_as_if_there_were_no_choice():
    plain = [r.prompt for r in records(BuiltinConfig(count=5))]
    assert plain == [r.prompt for r in records(BuiltinConfig(count=5, compositions={"and": 2.0, "chain": 0}))]


def test_too_few_kinds_for_a_composition_are_named_at_once():
    config = BuiltinConfig(kinds=("startend:quotation",), compositions={"chain": 1})
    with pytest.raises(ConfigError, match="they need 2 kinds"):
        records(config)


@pytest.mark.slow
def test_many_records_have_many_combinations_and_no_contradiction():
    made = list(records(CONFIG.model_copy(update={"count": 2000})))
    assert len({frozenset(item.id for item in record.constraints) for record in made}) >= 200
    assert not [r.id for r in made if contradiction(active_of(r.constraints, r.composition), r.language)]
    assert all(verify(record, record.expert.answer).followed for record in made)
