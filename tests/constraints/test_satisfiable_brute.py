"""The satisfiability check against brute force: every text of a small world is tried."""

from __future__ import annotations

import random
from itertools import combinations, product

import pytest

from raif.constraints import find
from raif.constraints.kind import KINDS
from raif.constraints.satisfiable import RULES, Bound, conflicting, contradiction
from raif.types import Constraint

RELATIONS = ("at least", "less than")


def bounds(id, number, relation="relation", counts=(1, 2), **more):
    return [Constraint(id=id, kwargs={number: n, relation: r, **more}) for r in RELATIONS for n in counts]


def constraints(words, letter, texts):
    """All kinds that limit, require or forbid words and letters, each with small bounds."""
    return [
        *bounds("length_constraints:number_words", "num_words"),
        *bounds("length_constraints:number_sentences", "num_sentences"),
        *(one for word in words for one in bounds("keywords:frequency", "frequency", keyword=word)),
        *bounds("keywords:letter_frequency", "let_frequency", "let_relation", letter=letter),
        *bounds("change_case:capital_word_frequency", "capital_frequency", "capital_relation", (1,)),
        *(Constraint(id="keywords:existence", kwargs={"keywords": each}) for each in (words[:1], words)),
        *(Constraint(id="keywords:forbidden_words", kwargs={"forbidden_words": [word]}) for word in words),
        Constraint(id="punctuation:no_comma"),
        *(Constraint(id="startend:end_checker", kwargs={"end_phrase": text}) for text in texts),
        *(Constraint(id="combination:repeat_prompt", kwargs={"prompt_to_repeat": text}) for text in texts),
    ]


class World:
    """All texts of up to `length` tokens, and which of them pass each constraint."""

    def __init__(self, tokens, gap, length, chosen):
        self.constraints = chosen
        sizes = range(1, length + 1)
        texts = [gap.join(each) for size in sizes for each in product(tokens, repeat=size)]
        self._passing = [{n for n, text in enumerate(texts) if passes(one, text)} for one in chosen]

    def cases(self, size, count=2000):
        """Combinations that the table allows; a sample of them if there are many."""
        every = list(combinations(range(len(self.constraints)), size))
        for case in random.Random(0).sample(every, min(count, len(every))):
            ids = [self.constraints[n].id for n in case]
            if not any(one != other and conflicting(one, other) for one, other in combinations(ids, 2)):
                yield case

    def met(self, case):
        return bool(set.intersection(*(self._passing[n] for n in case)))

    def of(self, case):
        return [self.constraints[n] for n in case]


def passes(constraint, text):
    kind = find(constraint.id, "official")
    return bool(text.strip()) and kind.check(text, **kind.bind(constraint.kwargs)).passed


def rule_against(chosen):
    bound = [Bound(KINDS[one.id], KINDS[one.id].bind(one.kwargs)) for one in chosen]
    return next((reason for rule in RULES if (reason := rule(bound))), None)


@pytest.fixture(scope="module")
def readable():
    """Separate words, as a reader sees them: a checker also finds "tea" in "teacup"."""
    tokens = [word + mark for word in ("tea", "cup", "TEA") for mark in ("", ",", ".")]
    return World(tokens, " ", 3, constraints(["tea", "cup"], "e", ["tea.", "cup", "cup, tea"]))


@pytest.fixture(scope="module")
def letters():
    """Any text of a few lower-case letters, long enough for two of everything."""
    small = [c for c in constraints(["ab", "ba"], "a", ["ab.", "ba"]) if "capital" not in c.id]
    return World("ab. ", "", 6, small)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_no_rule_speaks_against_what_a_text_meets(readable, size):
    met = [case for case in readable.cases(size) if readable.met(case)]
    assert len(met) > 20
    assert {case: why for case in met if (why := rule_against(readable.of(case)))} == {}


@pytest.mark.parametrize("size", [1, 2])
def test_what_no_text_meets_has_a_reason(letters, size):
    unmet = [letters.of(case) for case in letters.cases(size) if not letters.met(case)]
    assert unmet
    assert [[one.model_dump() for one in case] for case in unmet if not rule_against(case)] == []


def test_the_whole_check_says_what_its_rules_say(readable):
    for case in readable.cases(2):
        assert contradiction(readable.of(case)) == rule_against(readable.of(case))
