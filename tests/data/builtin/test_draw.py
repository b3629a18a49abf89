"""What is drawn for a seed: limits that bind, and kinds that make sense for it."""

from __future__ import annotations

import random

import pytest

from raif.config.builtin import LEVELS
from raif.data.builtin.draw import DRAWERS, draw, excluded, fill
from raif.data.builtin.respond import CHAINED, RESPONDERS, answer, kinds_for
from raif.data.builtin.respond.plain import Plain
from tests.data.builtin.seeds import SHIFT, SLEEP, TEA


def drawn(id, seed=SLEEP, level="middle", count=100):
    rng = random.Random(0)
    found = [draw(Plain(seed, level), id, rng) for _ in range(count)]
    return [one for one in found if one]


def test_every_responder_has_a_drawer():
    assert set(DRAWERS) == {id for id in RESPONDERS if not id.startswith(CHAINED)}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("seed", [SLEEP, SHIFT, TEA], ids=lambda seed: seed.id)
def test_the_plain_answer_fails_whatever_is_drawn(seed, level):
    plain = Plain(seed, level)
    for id in kinds_for(seed.language):
        assert not [one for one in drawn(id, seed, level) if plain.passes(one)]


def test_bounds_lie_between_the_plain_answer_and_what_the_seed_can_do():
    words = [one.kwargs for one in drawn("length_constraints:number_words")]
    usual, shortest, fullest = (
        len(Plain(SLEEP, level).text.split()) for level in ("middle", "short", "long")
    )
    assert {one["relation"] for one in words} == {"at least", "less than"}
    for one in words:
        if one["relation"] == "at least":
            assert usual < one["num_words"] <= fullest + 5
        else:
            assert shortest < one["num_words"] <= usual + 5


def test_only_words_that_a_fuller_answer_has_are_required():
    asked = {word for one in drawn("keywords:existence") for word in one.kwargs["keywords"]}
    assert "coffee" in asked
    assert "phone" not in asked


def test_only_words_that_the_answer_would_have_are_forbidden():
    text = Plain(SLEEP, "middle").text.lower()
    barred = {word for one in drawn("keywords:forbidden_words") for word in one.kwargs["forbidden_words"]}
    assert barred
    assert all(word in text for word in barred)
    assert "doctor" not in barred


def test_words_that_are_named_say_something():
    long = {
        word
        for seed in (SLEEP, TEA)
        for id in ("keywords:existence", "keywords:forbidden_words")
        for one in drawn(id, seed)
        for word in one.kwargs.get("keywords") or one.kwargs["forbidden_words"]
    }
    assert not long & {"another", "above", "nothing", "three", "不怕", "一小勺", "先用"}
    assert {"coffee", "茶壶"} & long


@pytest.mark.parametrize(
    ("id", "limit"), [("keywords:frequency", "frequency"), ("keywords:letter_frequency", "let_frequency")]
)
def test_no_lower_limit_is_one(id, limit):
    for seed in (SLEEP, TEA):
        found = [one.kwargs for level in LEVELS for one in drawn(id, seed, level)]
        assert found
        assert not [kwargs for kwargs in found if "at least" in kwargs.values() and kwargs[limit] == 1]


def test_no_word_is_named_twice_in_what_counts_together():
    kinds = ["keywords:existence", "keywords:forbidden_words", "keywords:frequency"]
    for number in range(60):
        found = fill(Plain(SLEEP, "middle"), kinds, [], lambda *_: False, 3, random.Random(number))
        named = [
            word.lower()
            for one in found or ()
            for word in (
                one.kwargs.get("keywords") or one.kwargs.get("forbidden_words") or [one.kwargs["keyword"]]
            )
        ]
        assert len(named) == len(set(named))


def test_only_a_letter_a_speech_or_an_advert_leaves_details_open():
    assert drawn("detectable_content:number_placeholders", SHIFT)
    assert not drawn("detectable_content:number_placeholders", SLEEP)


def test_a_speech_does_not_end_like_a_letter():
    speech = SHIFT.model_copy(update={"task": "speech"})
    said = {one.kwargs["end_phrase"] for one in drawn("startend:end_checker", speech)}
    assert "Thank you for listening." in said
    assert not said & {one.kwargs["end_phrase"] for one in drawn("startend:end_checker", SHIFT)}


def test_the_longer_a_text_the_more_points_it_takes():
    counts = {
        one.kwargs["num_bullets"] for one in drawn("detectable_format:number_bullet_lists", level="long")
    }
    assert min(counts) == len(SLEEP.points) // 4
    assert 2 in {
        one.kwargs["num_bullets"] for one in drawn("detectable_format:number_bullet_lists", level="short")
    }


def test_no_paragraph_is_much_longer_than_another():
    for one in drawn("length_constraints:nth_paragraph_first_word", level="long"):
        parts = answer(SLEEP, "long", [one]).text.split("\n\n")
        assert max(map(len, parts)) < 6 * min(map(len, parts)), one


def test_steps_are_for_instructions():
    headings = {
        seed.id: {one.kwargs["section_spliter"] for one in drawn("detectable_format:multiple_sections", seed)}
        for seed in (SLEEP, TEA)
    }
    assert "Step" not in headings["en-test"]
    assert "步骤" in headings["zh-test"]


def test_a_comma_is_only_forbidden_where_there_would_be_one():
    without = SLEEP.model_copy(
        update={"points": tuple(p.model_copy(update={"text": p.plain or p.text}) for p in SLEEP.points)}
    )
    assert drawn("punctuation:no_comma")
    assert not drawn("punctuation:no_comma", without)


@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_the_last_step_of_a_chain_depends_on_the_others(size):
    kinds, places = kinds_for("en"), [tuple(range(size))]
    needs = {
        "chain:title_again": {"detectable_format:title"},
        "chain:bullets_counted": {"detectable_format:number_bullet_lists"},
    }
    found = [
        fill(Plain(SLEEP, "long"), kinds, places, lambda *_: False, size, random.Random(n)) for n in range(40)
    ]
    assert all(found)
    for steps in found:
        ids = [one.id for one in steps]
        assert ids[-1].startswith(CHAINED)
        assert needs.get(ids[-1], set()) <= set(ids)
        for one in steps:
            if one.id == "chain:in_order":
                assert len(one.kwargs["parts"]) == len([id for id in ids if not id.startswith(CHAINED)]) >= 2


def test_two_ways_to_divide_a_text_are_not_asked_together():
    assert excluded("length_constraints:number_paragraphs", "detectable_format:multiple_sections")
    assert excluded("change_case:english_capital", "startend:end_checker")
    assert not excluded("punctuation:no_comma", "detectable_format:title")
