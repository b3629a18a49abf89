"""Built-in records of all four compositions."""

import random
import re
from collections import Counter

import pytest

from raif.config import load
from raif.config.builtin import BuiltinConfig
from raif.constraints.satisfiable import contradiction
from raif.constraints.tree import active
from raif.data import records
from raif.data.builtin import compose
from raif.data.builtin.compose import Condition, Plan, active_of, outline
from raif.data.builtin.respond import CHAINED, answer
from raif.data.builtin.respond.plain import meets
from raif.data.builtin.seeds import all_seeds
from raif.data.card import guessed
from raif.errors import ConfigError
from raif.text import chinese, count_words
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


def test_every_branch_is_possible_together_with_what_always_counts(composed):
    for record in composed:
        for path in compose.paths(record.composition):
            counted = active_of(record.constraints, path)
            assert contradiction(counted, record.semantics) is None
            seed = next(seed for seed in all_seeds() if seed.id == record.provenance["seed"])
            found = answer(seed, record.provenance["level"], counted)
            assert found
            assert all(meets(found.text, one, record.language) for one in counted)


def test_the_thinking_says_which_branch_holds(composed):
    for record in composed:
        if record.language == "en" and "condition" in record.provenance:
            said = record.expert.thinking
            assert '"if"' in said or '"otherwise"' in said or re.search("first|second", said)


def test_the_steps_of_a_chain_depend_on_each_other(composed):
    chained = [r for r in composed for steps in compose.chains(r.composition) if (r, steps)]
    assert chained
    for record in composed:
        for steps in compose.chains(record.composition):
            ids = [record.constraints[place].id for place in steps]
            assert ids[-1].startswith(CHAINED)
            assert not any(id == "startend:end_checker" for id in ids[:-1])


def test_a_selection_is_no_step_of_a_chain(composed):
    for record in composed:
        parts = [record.composition, *(p for p in record.composition.parts if not isinstance(p, int))]
        assert all(isinstance(p, int) for part in parts if part.kind == "chain" for p in part.parts)


def test_the_form_of_a_condition_does_not_tell_whether_it_holds():
    rng = random.Random(1)
    seen = Counter()
    for seed in all_seeds():
        for _ in range(40):
            found = compose.condition(seed, rng)
            seen[found.form, found.holds] += 1
    conditions = {form: {"true": seen[form, True], "false": seen[form, False]} for form, _ in seen}
    assert len(conditions) == 4
    assert guessed(conditions) < 0.53


def test_both_branches_are_taken(composed):
    assert {r.composition.selected for r in composed if r.composition.kind == "selection"} == {0, 1}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_condition_is_true_of_the_request_as_stated(language):
    rng = random.Random(0)
    for seed in all_seeds():
        if seed.language == language:
            found = compose.condition(seed, rng)
            text = seed.prompt.lower()
            size = len(chinese.characters(text)) if language == "zh" else count_words(text)
            others = [len(text.split()) if language == "en" else len(re.sub(r"\s", "", text))]
            others += [len(re.findall("[\u4e00-\u9fff]" if language == "zh" else r"\w+", text))]
            named = re.search('["“]([^"”]+)["”]|([0-9]+)', found.what)
            facts = {
                "word": str(named[1]).lower() in text,
                "start": text.lstrip('"“').startswith(str(named[1]).lower()),
                "longer": size > int(named[2] or 0),
                "shorter": size < int(named[2] or 0),
            }
            if found.form in ("longer", "shorter"):
                counted = {each > int(named[2]) for each in (size, *others)}
                assert len(counted) == 1, "a reader who counts in another way gets another branch"
            assert found.holds is facts[found.form], (seed.prompt, found)


def test_a_nested_request_reads_well():
    inner = Composition(kind="selection", parts=(1, 2), selected=0)
    plan = Plan(Composition(kind="and", parts=(0, inner)), Condition("it rains", True, ""))
    asked = outline(["Use no commas.", "Be brief.", "I want a title."], plan, "en")
    assert asked == "Use no commas.\nIf it rains, be brief.\nOtherwise, I want a title."


def test_a_nested_request_reads_well_in_chinese():
    inner = Composition(kind="chain", parts=(0, 1))
    plan = Plan(Composition(kind="selection", parts=(inner, 2), selected=0), Condition("下雨", True, ""))
    asked = outline(["写两段。", "加标题。", "写一句。"], plan, "zh")
    assert asked == "\n如果下雨，首先，写两段。最后，加标题。\n否则，写一句。"


def test_one_composition_draws_as_if_there_were_no_choice():
    plain = [r.prompt for r in records(BuiltinConfig(count=5))]
    assert plain == [r.prompt for r in records(BuiltinConfig(count=5, compositions={"and": 2.0, "chain": 0}))]


def test_a_chain_without_a_step_to_begin_with_is_refused_at_once():
    config = BuiltinConfig(kinds=("startend:quotation", "punctuation:no_comma"), compositions={"chain": 1})
    with pytest.raises(ConfigError, match="a chain needs"):
        records(config)


def test_too_few_kinds_for_a_composition_are_named_at_once():
    config = BuiltinConfig(kinds=("startend:quotation",), compositions={"selection": 1})
    with pytest.raises(ConfigError, match="they need 2 kinds"):
        records(config)


@pytest.mark.slow
def test_many_records_have_many_combinations_and_no_contradiction():
    made = list(records(CONFIG.model_copy(update={"count": 2000})))
    assert len({frozenset(item.id for item in record.constraints) for record in made}) >= 200
    assert not [r.id for r in made if contradiction(active_of(r.constraints, r.composition), r.language)]
    assert all(verify(record, record.expert.answer).followed for record in made)
