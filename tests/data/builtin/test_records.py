"""Properties of every record: its answer passes, nothing contradicts, the thinking fits."""

import re

import pytest

from raif.config.builtin import BuiltinConfig
from raif.constraints import KINDS
from raif.constraints.satisfiable import contradiction
from raif.data import records
from raif.data.builtin.respond import RESPONDERS, kinds_for
from raif.errors import ConfigError
from raif.verdicts.checks import verify


def test_every_expert_answer_passes_strictly(made):
    assert all(verify(record, record.expert.answer).followed is True for record in made)


def test_no_record_contradicts_itself(made):
    assert not [record.id for record in made if contradiction(record.constraints, record.semantics)]


def test_every_kind_with_a_responder_is_drawn(made):
    drawn = {(record.language, item.id) for record in made for item in record.constraints}
    assert drawn == {(language, id) for language in ("en", "zh") for id in kinds_for(language)}


def test_every_responder_is_for_a_kind():
    assert not set(RESPONDERS) - set(KINDS)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_responder_has_thoughts_in_each_language_that_it_is_drawn_in(language):
    assert all(RESPONDERS[id].thoughts[language] for id in kinds_for(language))


def test_prompts_are_different(made):
    assert len({record.prompt for record in made}) == len(made)


def test_the_request_comes_first(made):
    repeated = [r for r in made for c in r.constraints if c.id == "combination:repeat_prompt"]
    assert repeated
    for record in repeated:
        given = next(
            c.kwargs["prompt_to_repeat"] for c in record.constraints if "prompt_to_repeat" in c.kwargs
        )
        assert record.prompt.startswith(given)


def test_the_thinking_has_a_line_for_the_request_and_one_for_each_constraint(made):
    assert all(len(r.expert.thinking.split("\n")) == 1 + len(r.constraints) for r in made)


def test_the_thinking_has_no_tags(made):
    assert not [r.id for r in made if re.search("[<>]", r.expert.thinking)]


SAID = {
    "keywords:existence": "keywords",
    "keywords:frequency": "frequency",
    "keywords:forbidden_words": "forbidden_words",
    "keywords:letter_frequency": "let_frequency",
    "length_constraints:number_words": "num_words",
    "length_constraints:number_sentences": "num_sentences",
    "length_constraints:number_paragraphs": "num_paragraphs",
    "detectable_format:number_bullet_lists": "num_bullets",
    "detectable_content:postscript": "postscript_marker",
    "startend:end_checker": "end_phrase",
}


def test_the_thinking_names_the_concrete_values(made):
    for record in made:
        for constraint, line in zip(record.constraints, record.expert.thinking.split("\n")[1:], strict=True):
            value = constraint.kwargs.get(SAID.get(constraint.id, ""), [])
            for word in value if isinstance(value, list) else [value]:
                assert str(word).lower() in line.lower()


def test_the_places_of_keywords_that_the_thinking_quotes_are_in_the_answer(made):
    for record in made:
        for constraint, line in zip(record.constraints, record.expert.thinking.split("\n")[1:], strict=True):
            if constraint.id == "keywords:existence":
                _, places = re.split("[:：]", line, maxsplit=1)
                quoted = re.findall('["“]([^"”]+)["”]', places)
                assert quoted
                assert all(place in record.expert.answer for place in quoted)


def test_english_answers_are_short(made):
    words = [len(r.expert.answer.split()) for r in made if r.language == "en"]
    assert 30 <= sum(words) / len(words) <= 80


def test_the_number_of_constraints_is_as_configured():
    config = BuiltinConfig(count=20, heldout_share=0, min_constraints=2, max_constraints=3)
    assert {len(record.constraints) for record in records(config)} == {2, 3}


def test_kinds_and_languages_can_be_chosen():
    config = BuiltinConfig(count=10, kinds=("startend:quotation",), languages={"en": 1}, max_constraints=1)
    made = list(records(config))
    assert {r.language for r in made} == {"en"}
    assert {c.id for r in made for c in r.constraints} == {"startend:quotation"}


def test_an_unknown_kind_is_named_at_once():
    with pytest.raises(ConfigError, match="startend:quotations"):
        records(BuiltinConfig(kinds=("startend:quotations",)))


def test_a_kind_that_a_language_lacks_is_named_at_once():
    with pytest.raises(ConfigError, match="'zh'"):
        records(BuiltinConfig(kinds=("change_case:english_capital",)))


def test_more_records_than_can_be_made_are_refused():
    config = BuiltinConfig(count=5000, kinds=("startend:quotation",), languages={"en": 1}, max_constraints=1)
    with pytest.raises(ConfigError, match="1000 draws"):
        list(records(config))
