"""The audit: enough labelled responses for every kind, `raif` right about all of them, an up-to-date page."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from raif.constraints import KINDS, find
from raif.dialect import semantics
from raif.text.tagger import tagger
from raif.verdicts.audit import page
from raif.verdicts.audit.cases import Case, cases
from raif.verdicts.audit.hacks import HACKS, attacks
from raif.verdicts.audit.rates import Finding, audit, judged, rates

FILE = Path(__file__).parents[3] / "docs" / "audit.md"
ALL = cases()
ASKED = [(id, language) for id in KINDS for language in KINDS[id].wordings]
TEA = Case("punctuation:no_comma", "en", {}, "Tea", passes=True)


def finding(*, passes: bool, passed: bool | None) -> Finding:
    return Finding(Case(TEA.kind, "en", {}, "Tea", passes), "raif", passed, "")


@pytest.mark.parametrize("label", [True, False])
def test_every_kind_has_six_responses_of_either_label_in_each_language_it_is_asked_in(label: bool) -> None:
    counts = Counter((case.kind, case.language) for case in ALL if case.passes is label)
    assert {key: counts[key] for key in ASKED if counts[key] < 6} == {}
    assert set(counts) == set(ASKED)


def test_no_response_is_labelled_twice() -> None:
    seen = Counter((case.kind, case.language, str(case.kwargs), case.response) for case in ALL)
    assert [key for key, times in seen.items() if times > 1] == []


@pytest.mark.parametrize(("kind", "language"), ASKED)
def test_raif_is_right_about_every_response(kind: str, language: str) -> None:
    found = [judged(case, "raif") for case in cases(kind) if case.language == language]
    wrong = [one for one in found if not one.right]
    assert [(one.case.response, one.case.kwargs, one.reason) for one in wrong] == []


@pytest.mark.parametrize(("kind", "language"), ASKED)
def test_kwargs_fit_the_meaning_under_raif(kind: str, language: str) -> None:
    meant = find(kind, semantics("raif", language))
    assert all(meant.bind(case.kwargs) for case in cases(kind) if case.kwargs and case.language == language)


def test_what_the_issue_of_published_rewards_names_is_told_apart() -> None:
    """Samples of what official checkers get wrong, with the official verdict."""
    for kind, kwargs, response, official in (
        ("keywords:palindrome", {}, "I have a good day.", True),
        ("keywords:exclude_word_harder", {"keyword": "tea"}, "I like tea.", True),
        ("keywords:existence", {"keywords": ["C++"]}, "I wrote it in C.", True),
        ("keywords:existence", {"keywords": ["$100"]}, "It costs $100.", False),
        ("length_constraints:number_words", {"num_words": 4, "relation": "at least"}, "I don't know.", True),
        ("ratio:sentence_type", {}, "tea and milk", True),
        ("startend:quotation", {}, "“Tea is hot.”", False),
        ("count:conjunctions", {"small_n": 3}, "Tea and milk and, And sugar.", True),
    ):
        case = Case(kind, "en", kwargs, response, passes=not official)
        assert (judged(case, "official").passed, judged(case, "raif").passed) == (official, not official), (
            kind
        )


def test_precision_and_recall_are_counted() -> None:
    found = [
        finding(passes=True, passed=True),
        finding(passes=True, passed=False),
        finding(passes=False, passed=True),
        finding(passes=False, passed=None),
    ]
    assert (rates(found).cases, rates(found).wrong) == (4, 3)
    assert (rates(found).precision, rates(found).recall) == (0.5, 0.5)
    assert rates(found[3:]).precision is None


def test_kwargs_that_a_dialect_refuses_are_no_pass() -> None:
    case = Case("count:count_increment_word", "en", {"keyword1": ["a"], "keyword2": ["b"]}, "a b b", True)
    assert judged(case, "official").passed is None
    assert judged(case, "official").reason.startswith("refused: ")
    assert judged(case, "raif").passed


def test_audit_has_a_row_for_each_kind_and_language() -> None:
    rows = audit(cases("count:numbers"))
    assert [(row.kind, row.language, set(row.findings)) for row in rows] == [
        ("count:numbers", "en", {"official", "raif"})
    ]


def test_hacks_are_tried_on_every_kind() -> None:
    (attack,) = attacks(cases("format:no_whitespace"))
    assert not attack.passed["raif"]
    (attack,) = [one for one in attacks(cases("keywords:existence")) if one.language == "en"]
    assert "keywords in a heap" in attack.passed["raif"]
    assert "a comment" in attack.passed["official"]
    assert "a comment" not in attack.passed["raif"]


def test_nothing_passes_empty() -> None:
    assert [one.kind for one in attacks(ALL) if "empty" in one.passed["raif"]] == []
    assert len(HACKS) == 8


@pytest.mark.skipif(tagger() is None, reason="the official figures of words:start_verb need NLTK's tagger")
def test_page_is_up_to_date() -> None:
    said = "run `python -m raif.verdicts.audit.page > docs/audit.md`"
    assert page.document() == FILE.read_text("utf-8"), said
