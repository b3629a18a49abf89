"""The packaged seeds keep to their own rules, and the split keeps them apart."""

import re
from collections import Counter

import pytest

from raif.data.builtin.respond import bank
from raif.data.builtin.seeds import all_seeds, split_seeds


def test_there_are_enough_seeds_in_both_languages():
    counts = Counter(seed.language for seed in all_seeds())
    assert counts.total() >= 240
    assert counts["en"] >= 160
    assert counts["zh"] >= 80


@pytest.mark.parametrize("field", ["id", "prompt"])
def test_no_seed_comes_twice(field):
    values = [getattr(seed, field) for seed in all_seeds()]
    assert len(set(values)) == len(values)


def test_english_points_have_none_of_the_marks_that_constraints_are_about():
    marked = [
        p for s in all_seeds() if s.language == "en" for p in s.points if re.search(r'[,\d"\[\]*<>]', p)
    ]
    assert not marked


def test_chinese_points_have_no_marks_and_at_most_one_comma():
    points = [p for s in all_seeds() if s.language == "zh" for p in s.points]
    assert not [p for p in points if re.search(r'[,"“”\[\]*<>]', p) or p.count("，") > 1]


def test_keywords_differ_within_a_seed():
    assert not [seed.id for seed in all_seeds() if len(set(seed.keywords)) < 6]


def test_every_task_has_a_name():
    assert not [seed.id for seed in all_seeds() if seed.task not in bank.TASKS[seed.language]]


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.999])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_split_is_disjoint_and_complete(language, share):
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
    assert set(one) != set(other)
