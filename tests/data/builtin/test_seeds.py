"""The packaged seeds keep to their own rules, and the split keeps them apart."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from raif.config.builtin import LEVELS
from raif.data.builtin.respond.think import thoughts
from raif.data.builtin.seeds import all_seeds, split_seeds

GROUPS = {
    "problem": {"advice", "howto", "plan", "decide", "fix"},
    "understanding": {"explain", "summary", "meaning", "opinion", "review"},
    "information": {"compare", "describe", "report", "list", "extract"},
    "creativity": {"story", "email", "letter", "speech", "advert", "design"},
}
MARKS = {"en": re.compile(r"[,;:\"“”()\[\]0-9]|--|—"), "zh": re.compile(r"[，、；：“”‘’（）《》0-9]")}
LONG = {
    "en": {"short": (28, 80), "middle": (75, 170), "long": (130, 300)},
    "zh": {"short": (45, 130), "middle": (100, 330), "long": (180, 600)},
}
"""Words, or Chinese characters, of the answer at each level."""


def size(text: str, language: str) -> int:
    return len(re.findall(r"[\u4e00-\u9fff]", text)) if language == "zh" else len(text.split())


def test_there_are_enough_seeds_in_both_languages_and_all_four_groups():
    counts = Counter(seed.language for seed in all_seeds())
    assert counts["en"] >= 300
    assert counts["zh"] >= 200
    groups = Counter((seed.language, seed.group) for seed in all_seeds())
    assert min(groups[language, group] for language in MARKS for group in GROUPS) >= 45


@pytest.mark.parametrize("field", ["id", "prompt"])
def test_no_seed_comes_twice(field: str):
    values = [getattr(seed, field) for seed in all_seeds()]
    assert len(set(values)) == len(values)


def test_no_sentence_is_used_twice():
    texts = Counter(point.text for seed in all_seeds() for point in seed.points)
    assert [text for text, count in texts.items() if count > 1] == []


def test_requests_are_of_several_forms():
    questions = [seed.prompt.rstrip().endswith(("?", "？")) for seed in all_seeds()]
    long = [size(seed.prompt, seed.language) > 40 for seed in all_seeds()]
    assert 0.15 <= sum(questions) / len(questions) <= 0.6
    assert 0.1 <= sum(long) / len(long) <= 0.6


def test_its_task_is_one_of_its_group_and_has_a_name():
    for seed in all_seeds():
        assert seed.task in GROUPS[seed.group], seed.id
        assert seed.task in thoughts(seed.language)["tasks"], seed.id


def test_letters_have_a_greeting_and_a_farewell_and_nothing_else_but_a_speech_has():
    for seed in all_seeds():
        if seed.task in {"email", "letter"}:
            assert seed.greeting, seed.id
            assert seed.farewell, seed.id
        elif seed.task != "speech":
            assert not seed.greeting, seed.id
            assert not seed.farewell, seed.id


def test_it_has_material_for_three_lengths():
    for seed in all_seeds():
        levels = Counter(point.level for point in seed.points)
        assert seed.points[0].level == 1, seed.id
        assert levels[1] == 3, seed.id
        assert levels[2] >= 4, seed.id
        assert levels[3] >= 4, seed.id
        for level, (least, most) in LONG[seed.language].items():
            text = " ".join(point.text for point in seed.points if point.level <= LEVELS[level])
            assert least <= size(text, seed.language) <= most, seed.id


def test_a_sentence_with_marks_has_a_plain_form_without_any():
    for seed in all_seeds():
        for point in seed.points:
            assert bool(MARKS[seed.language].search(point.text)) is bool(point.plain), seed.id
            assert not MARKS[seed.language].search(point.plain), seed.id
        assert not MARKS[seed.language].search(seed.postscript), seed.id


def test_prose_has_commas_and_figures():
    for seed in all_seeds():
        assert 4 <= sum(bool(point.plain) for point in seed.points) <= 10, seed.id
        assert any(re.search(r"\d", point.text) for point in seed.points), seed.id


def test_each_point_is_one_whole_sentence():
    for seed in all_seeds():
        ends = r"[。！？]" if seed.language == "zh" else r"[.!?](?=\s)"
        for text in (each for point in seed.points for each in point.variants):
            assert re.search(r"[.!?。！？]$", text), seed.id
            assert len(re.findall(ends, text)) <= (1 if seed.language == "zh" else 0), seed.id
            assert text == text.strip(), seed.id
            assert "  " not in text, seed.id
            assert "\n" not in text, seed.id


def test_the_second_answer_shares_no_sentence_with_the_first():
    for seed in all_seeds():
        assert 3 <= len(seed.second) <= 5, seed.id
        assert not set(seed.second) & {point.text for point in seed.points}, seed.id


def test_its_keywords_are_in_its_sentences_and_two_of_them_often():
    for seed in all_seeds():
        text = " ".join(point.text for point in seed.points).lower()
        counts = [text.count(word.lower()) for word in set(seed.keywords)]
        assert len(counts) == 6, seed.id
        assert min(counts) >= 1, seed.id
        assert sum(count >= 3 for count in counts) >= 2, seed.id


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.999])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_split_is_disjoint_and_complete(language: str, share: float):
    train, held = (
        {s.id for s in split_seeds(language, split, seed=3, heldout_share=share)}
        for split in ("train", "heldout")
    )
    assert train
    assert held
    assert not train & held
    assert train | held == {s.id for s in all_seeds() if s.language == language}


def test_another_random_seed_holds_out_other_seeds():
    one, other = (split_seeds("en", "heldout", seed=number, heldout_share=0.2) for number in (1, 2))
    assert {s.id for s in one} != {s.id for s in other}


def test_a_copy_with_other_points_has_its_own_order():
    seed = all_seeds()[0]
    assert len(seed.ladder) == len(seed.points)
    assert len(seed.model_copy(update={"points": seed.points[:5]}).ladder) == 5
