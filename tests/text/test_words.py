"""The fast ways to sentences and capitals find what NLTK finds."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raif.text import capital_tokens, sentences, tokens
from raif.text.search import TooSlow
from raif.text.sentences import parameters

PIECES = (
    *".?!,;:'\"()[]{}<>*-_/\\@#&$%`~+=|^",
    *([" "] * 12),
    *(
        "\n",
        "\n\n",
        "\t",
        "A",
        "B",
        "NO",
        "IBM",
        "a",
        "b",
        "word",
        "I",
        "THE",
        "the",
        "Mr",
        "U",
        "S",
        "1",
        "12",
    ),
    *("é", "É", "“", "”", "‘", "’", "«", "--", "...", "'s", "'S", "n't", "N'T", "'m", "'LL", "' ", "U.S."),
    *(
        "cannot",
        "GONNA",
        "WANNA",
        "'TIS",
        "MORE'N",
        ". ",
        "? ",
        "! ",
        ".) ",
        '." ',
        "Dr.",
        "e.g.",
        "I.",
        "No.",
    ),
    *("1. ", "\xa0", "\x1c", "\u2028", "ß", "ǅ", "𝐀", "\ud800"),
)
texts = st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=40)


@cache
def nltk() -> Any:
    from nltk.tokenize.punkt import PunktSentenceTokenizer

    return PunktSentenceTokenizer(parameters())


@settings(max_examples=600, deadline=None)
@given(texts)
def test_same_sentences_as_nltks(text: str) -> None:
    assert sentences(text) == nltk().tokenize(text)


@settings(max_examples=600, deadline=None)
@given(texts)
def test_capitals_are_the_tokens_in_capitals(text: str) -> None:
    assert capital_tokens(text) == sum(map(str.isupper, tokens(text)))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("I'm IBM's.", 2),
        ("DON'T.", 2),
        ("A-B A/B", 2),
        ("“NO”", 1),
        ("CANNOT", 2),
        ("'NO'", 1),
    ],
)
def test_capitals_are_counted_with_nltks_quirks(text: str, count: int) -> None:
    assert capital_tokens(text) == count


def test_text_with_countless_marks_is_refused_rather_than_read_for_ever() -> None:
    with pytest.raises(TooSlow, match="5,000 marks"):
        sentences(". " * 500_000)
