"""What every meaning of the dialect `raif` has in common; the audit has the verdicts."""

from __future__ import annotations

import inspect
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from raif.constraints import KINDS, Kind, find
from raif.constraints.kind import variants
from raif.verdicts.audit.cases import cases

PLAIN = [variants(id)["raif"] for id in KINDS if "raif" in variants(id)]
KWARGS = {case.kind: case.kwargs for case in cases() if case.language == "en"}
LONG = {
    "blank lines": "\n" * 50_000 + "P.S.",
    "spaces": "<i>x" + " " * 50_000,
    "asterisks": "*" * 50_000,
    "bullets": "* " * 25_000,
    "brackets": "[" * 50_000,
    "angles": "<<a " * 10_000,
    "dots": ". " * 12_000,
    "apostrophes": "a'" * 25_000,
    "fence": "```json\n" + " " * 50_000 + "x```",
    "comments": "<!--" * 10_000,
}


@pytest.mark.parametrize("kind", PLAIN, ids=lambda kind: kind.id)
def test_difference_from_the_official_check_is_said_in_one_line(kind: Kind) -> None:
    first = (inspect.getdoc(kind.check) or "").split("\n")[0]
    assert first.endswith(".")


@pytest.mark.parametrize("kind", PLAIN, ids=lambda kind: kind.id)
def test_examples_show_both_verdicts(kind: Kind) -> None:
    assert {case.passes for case in kind.examples} == {True, False}


def test_chinese_records_have_the_meaning_of_raif_unless_there_is_one_of_their_own() -> None:
    assert find("copy:copy", "zh") is variants("copy:copy")["raif"]
    assert find("punctuation:no_comma", "zh") is variants("punctuation:no_comma")["zh"]
    assert find("copy:copy", "official") is KINDS["copy:copy"]


@settings(max_examples=20, deadline=None)
@given(st.text(st.characters(), max_size=200) | st.text("*-[]<>\"“”\n .!?aA1'_#`", max_size=200))
@example("\ud800 half a pair")
@example("")
def test_no_check_raises_on_any_text(text: str) -> None:
    for kind in PLAIN:
        assert kind.check(text, **kind.bind(KWARGS[kind.id])).passed in (True, False)


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_no_check_hangs_on_a_long_text(text: str) -> None:
    for kind in PLAIN:
        start = time.process_time()
        try:
            kind.check(text, **kind.bind(KWARGS[kind.id]))
        except TimeoutError:  # it is unjudged
            continue
        assert time.process_time() - start < 2, kind.id
