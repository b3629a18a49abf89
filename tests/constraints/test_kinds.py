"""Properties that every kind has."""

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from raif.constraints import KINDS, Kind, Material, find
from raif.constraints.kind import Example
from raif.data.builtin.respond import kinds_for
from raif.errors import ConstraintError

ALL = [KINDS[name] for name in KINDS]
MATERIAL = {
    "en": Material("en", "Describe a harbour town.", ("ships", "salt air", "C++", "morning")),
    "zh": Material("zh", "介绍一个港口小镇。", ("船只", "清晨")),
}
EXAMPLES = [pytest.param(kind, case, id=f"{kind.id}-{case.passes}") for kind in ALL for case in kind.examples]
ASKED = [
    pytest.param(find(kind.id, language), language, id=f"{kind.id}-{language}")
    for kind in ALL
    for language in kind.wordings
]


def test_there_are_ifevals_25_kinds_xml_four_for_chains_ifbenchs_58_and_iftrains_29_and_25() -> None:
    rooms = [kind.check.__module__.split(".")[2] for kind in ALL]
    assert (rooms.count("ifbench"), rooms.count("iftrain"), len(ALL)) == (58, 29 + 25, 30 + 58 + 54)


@pytest.mark.parametrize(("kind", "case"), EXAMPLES)
def test_example_has_the_verdict_it_claims(kind: Kind, case: Example) -> None:
    outcome = kind.check(case.response, **kind.bind(case.kwargs))
    if outcome.passed is None:
        pytest.skip(outcome.reason)
    assert outcome.passed is case.passes


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.id)
def test_kind_has_a_passing_and_a_failing_example(kind: Kind) -> None:
    assert {case.passes for case in kind.examples} == {True, False}


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.id)
def test_conflicts_name_other_kinds(kind: Kind) -> None:
    assert kind.conflicts <= set(KINDS) - {kind.id}


@pytest.mark.parametrize(("kind", "language"), ASKED)
def test_every_wording_renders_every_kwarg(kind: Kind, language: str) -> None:
    kwargs = kind.draw(random.Random(0), MATERIAL[language])
    for template in kind.wordings[language]:
        one = Kind(kind.id, kind.check, {language: (template,)}, kind.draw, kind.conflicts, kind.examples)
        assert "{" not in one.ask(random.Random(0), language, kwargs)
        assert all("{" + name in template for name in kwargs)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_data_is_made_of_is_asked_in_three_ways(language: str) -> None:
    assert all(len(set(KINDS[id].wordings[language])) >= 3 for id in kinds_for(language))


@pytest.mark.parametrize(("kind", "language"), ASKED)
def test_drawn_kwargs_bind_as_they_are(kind: Kind, language: str) -> None:
    for seed in range(100):
        kwargs = kind.draw(random.Random(seed), MATERIAL[language])
        assert kind.bind(kwargs) == kwargs


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.id)
def test_same_seed_draws_the_same(kind: Kind) -> None:
    first, second = (kind.draw(random.Random(7), MATERIAL["en"]) for _ in range(2))
    assert first == second


def test_drawn_keywords_mean_themselves_as_a_regex() -> None:
    drawn = {
        word
        for s in range(50)
        for word in KINDS["keywords:existence"].draw(random.Random(s), MATERIAL["en"])["keywords"]
    }
    assert drawn == {"ships", "salt air", "morning"}


def test_seed_without_keywords_gets_everyday_words() -> None:
    assert KINDS["keywords:existence"].draw(random.Random(0), Material("zh"))["keywords"]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.id)
def test_kind_can_be_asked_in_english_and_but_for_ifbenchs_in_chinese(kind: Kind) -> None:
    ifbench = kind.check.__module__.startswith("raif.constraints.ifbench.")
    assert set(kind.wordings) == ({"en"} if ifbench else {"en", "zh"})
    with pytest.raises(ConstraintError, match=f"{kind.id} can't be asked in 'fr'"):
        kind.ask(random.Random(0), "fr", kind.examples[0].kwargs)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(), max_size=200) | st.text('*-[]<>"\n .!?aA1', max_size=200))
@example("\ud800 half a pair")
@example("[" * 3000)
@example("\n" * 3000 + "x")
@example("* " * 3000)
def test_no_check_raises_on_any_text(text: str) -> None:
    for kind in ALL:
        assert kind.check(text, **kind.bind(kind.examples[0].kwargs)).passed in (True, False, None)
