"""The satisfiability check against brute force: every text of a small world is tried.

The world is all texts of up to five tokens. What none of them passes is held to be unsatisfiable.
"""

from __future__ import annotations

import random
from itertools import combinations, product

import pytest

from raif.constraints import find
from raif.constraints.kind import KINDS
from raif.constraints.rules import RULES, Bound
from raif.constraints.satisfiable import conflicting, contradiction
from raif.types import Constraint

TOKENS = ("tea", "cup", "TEA", ",", ".", " ")
LENGTH = 5
WORDS, SENTENCES = "length_constraints:number_words", "length_constraints:number_sentences"
FREQUENCY, LETTERS = "keywords:frequency", "keywords:letter_frequency"
CAPITALS = "change_case:capital_word_frequency"
RELATIONS = ("at least", "less than")

CONSTRAINTS = [
    *(Constraint(id=WORDS, kwargs={"num_words": n, "relation": r}) for r in RELATIONS for n in (1, 2)),
    *(
        Constraint(id=SENTENCES, kwargs={"num_sentences": n, "relation": r})
        for r in RELATIONS
        for n in (1, 2)
    ),
    *(
        Constraint(id=FREQUENCY, kwargs={"keyword": word, "frequency": n, "relation": r})
        for r in RELATIONS
        for n in (1, 2)
        for word in ("tea", "cup")
    ),
    *(
        Constraint(id="keywords:existence", kwargs={"keywords": words})
        for words in (["tea"], ["cup", "tea"], ["e, c"])
    ),
    *(
        Constraint(id="keywords:forbidden_words", kwargs={"forbidden_words": [word]})
        for word in ("tea", "cup")
    ),
    *(
        Constraint(id=LETTERS, kwargs={"letter": "e", "let_frequency": n, "let_relation": r})
        for r in RELATIONS
        for n in (1, 2)
    ),
    *(Constraint(id=CAPITALS, kwargs={"capital_frequency": 1, "capital_relation": r}) for r in RELATIONS),
    Constraint(id="punctuation:no_comma"),
    *(
        Constraint(id="startend:end_checker", kwargs={"end_phrase": text})
        for text in ("tea.", "cup", ", tea")
    ),
    *(
        Constraint(id="combination:repeat_prompt", kwargs={"prompt_to_repeat": text})
        for text in ("tea, ", "cup")
    ),
]


@pytest.fixture(scope="module")
def passing():
    """For each constraint the numbers of the world's texts that pass it."""
    world = ["".join(t) for length in range(1, LENGTH + 1) for t in product(TOKENS, repeat=length)]
    return [{n for n, text in enumerate(world) if text.strip() and passes(one, text)} for one in CONSTRAINTS]


def passes(constraint, text):
    kind = find(constraint.id, "ifeval")
    return kind.check(text, **kind.bind(constraint.kwargs)).passed


def cases():
    """All pairs and some triples whose kinds the table lets stand together."""
    numbers = range(len(CONSTRAINTS))
    triples = random.Random(0).sample(list(combinations(numbers, 3)), 1500)
    for case in [*combinations(numbers, 2), *triples]:
        ids = [CONSTRAINTS[n].id for n in case]
        if not any(one != other and conflicting(one, other) for one, other in combinations(ids, 2)):
            yield case


def rule_against(case):
    chosen = [CONSTRAINTS[n] for n in case]
    bound = [Bound(KINDS[one.id], KINDS[one.id].bind(one.kwargs)) for one in chosen]
    return next((reason for rule in RULES if (reason := rule(bound))), None)


def satisfiable(case, passing):
    return bool(set.intersection(*(passing[n] for n in case)))


def test_no_rule_speaks_against_what_a_text_meets(passing):
    wrong = {case: why for case in cases() if (why := rule_against(case)) and satisfiable(case, passing)}
    assert wrong == {}


def test_what_no_text_meets_has_a_reason(passing):
    missed = [case for case in cases() if not satisfiable(case, passing) and not rule_against(case)]
    assert [[CONSTRAINTS[n].model_dump() for n in case] for case in missed] == []


def test_the_world_has_both_sorts(passing):
    found = [satisfiable(case, passing) for case in cases()]
    assert 50 < found.count(False) < found.count(True)


def test_the_whole_check_says_what_its_rules_say(passing):
    for case in cases():
        assert contradiction([CONSTRAINTS[n] for n in case]) == rule_against(case)
