"""IFTrain's 29 kinds in the builtin data: drawn where the plain answer breaks them, and then met."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from raif.constraints.iftrain.common import TRAINING
from raif.data.builtin.draw import DRAWERS, draw
from raif.data.builtin.respond import RESPONDERS, answer, kinds_for
from raif.data.builtin.respond.plain import Plain, meets
from raif.data.builtin.seeds import all_seeds
from raif.types import Constraint
from tests.data.builtin.seeds import SHIFT, SLEEP, TEA

ASKED = [(id, language) for language in ("en", "zh") for id in kinds_for(language, TRAINING)]
RARE = {"punctuation:punctuation_exclamation"}
"""Few of the packaged answers have an exclamation mark to leave out."""


def written(id: str, seed=SLEEP, **kwargs: object) -> str:
    found = answer(seed, "short", [Constraint(id=id, kwargs=kwargs)])
    assert found
    assert meets(found.text, Constraint(id=id, kwargs=kwargs), seed.language)
    return found.text


def test_all_29_have_a_responder_and_a_drawer() -> None:
    assert len(TRAINING) == 29
    assert set(RESPONDERS) >= TRAINING
    assert set(DRAWERS) >= TRAINING


@pytest.mark.parametrize(("id", "language"), ASKED)
def test_what_is_drawn_is_met(id: str, language: str) -> None:
    """Where it is not met, as with words at the ends of two sentences, the record is dropped."""
    rng, met = random.Random(0), Counter[bool]()
    for seed in [seed for seed in all_seeds() if seed.language == language][:40]:
        plain = Plain(seed, rng.choice(["short", "middle", "long"]))
        if (drawn := draw(plain, id, rng)) and (found := answer(seed, plain.level, [drawn])):
            assert not plain.passes(drawn)
            met[meets(found.text, drawn, language)] += 1
    assert id in RARE or met[True] >= 3
    assert id in RARE or met[True] >= 5 * met[False] or id == "keywords:no_adjacent_consecutive"


def test_a_copy_is_the_whole_answer() -> None:
    assert written("copy:copying_multiple", prompt_to_repeat="Why?", N=2) == "Why?\n******\nWhy?"
    assert written("new:copy_span_idx", prompt_to_repeat="Why not?", n_start=4, n_end=7) == "not"


def test_words_stand_where_they_are_asked_for() -> None:
    assert written("first_word:first_word_answer", first_word="night").startswith("Night is where I would")
    assert written("last_word:last_word_answer", last_word="night").endswith("It all comes down to night.")
    assert written("keywords:start_end").endswith("It all comes down to sleep")
    assert written("keywords:start_end", seed=TEA).startswith("茶叶是最先要说的。")
    text = written("keywords:keyword_specific_position", keyword="coffee", n=2, m=4)
    assert "even on Sunday. Always think of coffee first. Keep the room" in text
    assert written("last_word:last_word_sent", seed=TEA, last_word="朋友").count("，朋友。") == 3


def test_marks_stand_around_words_and_between_sentences() -> None:
    assert written("detectable_format:square_brackets").startswith("[Go] [to] [bed] [at] [a] [fixed] [time,]")
    assert written("detectable_format:bigram_wrapping", seed=TEA).startswith("<<先烧 一壶水，>> <<凉到 85>>")
    assert ".-Keep the room dark" in written("detectable_format:sentence_hyphens")
    assert written("punctuation:punctuation_dot").split("\n")[-1].endswith("for three weeks")


def test_an_exclamation_mark_in_a_greeting_becomes_a_full_stop() -> None:
    glad = SHIFT.model_copy(update={"farewell": "Sleep well!"})
    assert written("punctuation:punctuation_exclamation", seed=glad).endswith("Sleep well.")


def test_a_sentence_without_a_word_twice_is_the_answer() -> None:
    assert written("count:count_unique") == SLEEP.points[0].text
