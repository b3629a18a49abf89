"""Properties of every record: its answer passes, it follows the words of the prompt, nothing is filler."""

from __future__ import annotations

import re

import pytest

from raif.config.builtin import BuiltinConfig
from raif.constraints import KINDS
from raif.constraints.satisfiable import contradiction
from raif.data import records
from raif.data.builtin.respond import ON_REQUEST, RESPONDERS, kinds_for
from raif.data.builtin.seeds import SPLITS, all_seeds
from raif.data.builtin.words import length_of
from raif.errors import ConfigError
from raif.records.turns import with_experts
from raif.verdicts.checks import verify

SEEDS = {seed.id: seed for seed in all_seeds()}


ALTERED = {
    "detectable_content:number_placeholders",
    "detectable_format:json_format",
    "change_case:english_capital",
    "change_case:english_lowercase",
}
"""Kinds that change a greeting."""


def of(records, id):
    return [(record, item.kwargs) for record in records for item in record.constraints if item.id == id]


def test_every_expert_answer_passes_strictly(made):
    assert all(verify(record, record.expert.answer).followed is True for record in made)


def test_no_record_contradicts_itself(made):
    assert not [record.id for record in made if contradiction(record.constraints, record.semantics)]


def test_every_kind_with_a_responder_is_drawn(made):
    drawn = {(record.language, item.id) for record in made for item in record.constraints}
    assert drawn == {(language, id) for language in ("en", "zh") for id in kinds_for(language)}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_training_kinds_are_drawn_if_they_are_named_and_only_then(language):
    assert not ON_REQUEST & set(kinds_for(language))
    named = kinds_for(language, ON_REQUEST)
    assert len(named) == len(ON_REQUEST) - 4 * (language == "zh")
    config = BuiltinConfig(count=300, kinds=tuple(named), max_constraints=1, languages={language: 1})
    found = list(records(config))
    rare = {"punctuation:punctuation_exclamation"}  # few of the plain answers have such a mark
    assert {item.id for record in found for item in record.constraints} | rare == set(named)
    assert all(verify(record, record.expert.answer).followed is True for record in found)


def test_every_responder_is_for_a_kind():
    assert not set(RESPONDERS) - set(KINDS)


def test_prompts_are_different(made):
    assert len({record.prompt for record in made}) == len(made)


def test_the_request_comes_first_and_ends_before_the_constraints_begin(made):
    for record in made:
        request = SEEDS[record.provenance["seed"]].prompt
        assert record.prompt.startswith(request)
        rest = record.prompt.removeprefix(request)
        assert (
            rest.startswith("\n" if request[-1] not in ".!?。！？" else (" ", "\n"))
            or record.language == "zh"
        )


def test_prompts_are_not_glued(made):
    for record in made:
        asked = record.prompt.removeprefix(SEEDS[record.provenance["seed"]].prompt)
        assert not re.search(r"[a-z][.!?][A-Z]|  | \n|\s$", asked), record.prompt


def test_two_sections_are_two(made):
    for record, kwargs in of(made, "detectable_format:multiple_sections"):
        head = re.escape(kwargs["section_spliter"])
        found = re.findall(rf"^{head} (\d+)$", record.expert.answer.strip('"“”'), re.MULTILINE)
        assert found == [str(n + 1) for n in range(kwargs["num_sections"])]
        if kwargs["section_spliter"] in ("Step", "步骤"):
            assert record.provenance["task"] in ("howto", "plan", "fix")


def test_the_exact_phrase_and_the_postscript_are_as_written(made):
    for record, kwargs in of(made, "startend:end_checker"):
        assert record.expert.answer.rstrip('"”').endswith(kwargs["end_phrase"])
    for record, kwargs in of(made, "detectable_content:postscript"):
        shouted = any(item.id == "change_case:english_capital" for item in record.constraints)
        assert shouted or f"\n{kwargs['postscript_marker']}" in record.expert.answer


def test_the_title_is_on_the_first_line_of_the_answer(made):
    for record, _ in of(made, "detectable_format:title"):
        assert record.expert.answer.startswith("<<")


def test_placeholders_are_taken_from_the_sentences(made):
    for record, _ in of(made, "detectable_content:number_placeholders"):
        assert not re.search("Contact \\[|Written by \\[|作者\\[|联系人是\\[", record.expert.answer)


def test_every_sentence_is_the_seeds_own():
    config = BuiltinConfig(
        count=200, kinds=("punctuation:no_comma", "startend:end_checker"), max_constraints=1
    )
    for record in records(config):
        seed = SEEDS[record.provenance["seed"]]
        own = [text for point in seed.points for text in point.variants]
        own += [
            seed.greeting,
            seed.farewell,
            re.sub("[,，]", "", seed.greeting),
            re.sub("[,，]", "", seed.farewell),
        ]
        text = record.expert.answer
        for constraint in record.constraints:
            text = text.removesuffix(constraint.kwargs.get("end_phrase", ""))
        for sentence in sorted(own, key=len, reverse=True):
            text = text.replace(sentence, "")
        assert not text.strip(), (record.id, text)


def test_letters_open_and_close_as_letters_do(made):
    letters = [
        record
        for record in made
        if record.provenance["task"] in ("email", "letter")
        and not {item.id for item in record.constraints} & ALTERED
    ]
    assert letters
    for record in letters:
        seed = SEEDS[record.provenance["seed"]]
        assert re.sub("[,，]", "", seed.greeting) in re.sub("[,，]", "", record.expert.answer)


def test_english_prose_has_commas_and_figures(made):
    own = [record.expert.answer for record in made if record.language == "en"]
    assert sum("," in answer for answer in own) > 0.8 * len(own)
    assert sum(bool(re.search(r"\d", answer)) for answer in own) > 0.6 * len(own)


def test_the_number_of_constraints_is_as_configured():
    config = BuiltinConfig(count=20, heldout_share=0, min_constraints=2, max_constraints=3)
    assert {len(record.constraints) for record in records(config)} == {2, 3}


def test_kinds_languages_and_lengths_can_be_chosen():
    config = BuiltinConfig(
        count=10, kinds=("startend:quotation",), languages={"en": 1}, max_constraints=1, levels={"short": 1}
    )
    made = list(records(config))
    assert {r.language for r in made} == {"en"}
    assert {c.id for r in made for c in r.constraints} == {"startend:quotation"}
    assert {r.provenance["level"] for r in made} == {"short"}


def test_requests_and_answers_can_be_kept_short():
    config = BuiltinConfig(count=30, languages={"en": 1}, levels={"short": 1}, longest=56)
    for record in records(config):
        seed = SEEDS[record.provenance["seed"]]
        assert len(seed.prompt.split()) <= 56


@pytest.mark.parametrize("language", ["en", "zh"])
def test_expert_answers_can_be_kept_short(language):
    chosen = {"count": 40, "languages": {language: 1}, "turns": 2}
    for split in SPLITS:
        free = list(records(BuiltinConfig(**chosen), split))
        short = list(records(BuiltinConfig(**chosen, longest_expert=110), split))
        assert longest_answer(short) <= 110 < longest_answer(free)
        assert len(short) == len(free)


def longest_answer(made):
    answers = [(turn.expert.answer, turn.language) for record in made for turn in with_experts(record)]
    return max(length_of(*each) for each in answers)


def test_no_seed_that_is_short_enough_is_named():
    config = BuiltinConfig(count=3, languages={"en": 1}, longest=5)
    with pytest.raises(ConfigError, match="longest"):
        list(records(config))


@pytest.fixture(scope="module")
def judged():
    config = BuiltinConfig(
        count=300, judged=1, languages={"en": 1, "zh": 1}, compositions={"and": 1, "nested": 1}
    )
    return list(records(config))


def test_a_judge_is_asked_what_the_answer_is_known_to_meet(judged):
    assert {record.task for record in judged} == {"complex"}
    assert all(len(record.questions) == 1 for record in judged)
    assert all(re.search("[?？]$", record.questions[0].text) for record in judged)
    assert len({re.sub('"[^"]*"|“[^”]*”', "", record.questions[0].text) for record in judged}) >= 12


def test_a_figure_that_a_judge_looks_for_is_there(judged):
    for record in judged:
        if "concrete figure" in record.questions[0].text and record.composition.kind == "and":
            assert re.search(r"\d", record.expert.answer)


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
