"""The fast code for sentences, tokens, capitals and words finds what NLTK and `re` find."""

from __future__ import annotations

import sys
from collections import Counter
from functools import cache
from importlib.metadata import version
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raif.text import capital_tokens, count_words, sentences, tokens, words
from raif.text.release import CURRENT, PUBLISHED
from raif.text.search import TooSlow
from raif.text.sentences import parameters
from raif.text.words import each_token

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
        ".” ",
        "!» ",
        "?’",
        "a—b",
        "A–B",
        "'rain",
        "'n'",
        "O'N",
        "'X",
    ),
    *("1. ", "\xa0", "\x1c", "\u2028", "ß", "ǅ", "𝐀", "\ud800"),
)
texts = st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=40)


INSTALLED = {(3, 9): PUBLISHED}.get(tuple(map(int, version("nltk").split(".")[:2])), CURRENT)


@cache
def nltk() -> Any:
    from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

    model, given = parameters(), PunktParameters()
    for name in ("abbrev_types", "collocations", "sent_starters"):
        setattr(given, name, getattr(model, name))
    given.ortho_context = Counter(model.ortho_context)
    return PunktSentenceTokenizer(given)


def treebank(text: str) -> list[str]:
    from nltk.tokenize import NLTKWordTokenizer

    return [token for sentence in nltk().tokenize(text) for token in NLTKWordTokenizer().tokenize(sentence)]


@settings(max_examples=600, deadline=None)
@given(texts)
def test_same_sentences_as_nltks(text: str) -> None:
    assert sentences(text, INSTALLED) == nltk().tokenize(text)


@settings(max_examples=600, deadline=None)
@given(texts)
def test_capitals_are_the_tokens_in_capitals(text: str) -> None:
    assert capital_tokens(text, INSTALLED) == sum(map(str.isupper, treebank(text)))


@settings(max_examples=200, deadline=None)
@given(st.lists(texts, min_size=4, max_size=4))
def test_same_tokens_as_nltks_also_in_parts(parts: list[str]) -> None:
    text = " plain words 12 between ".join(parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["raif.text.words"], "_LONG", 0)
        assert tokens(text, INSTALLED) == treebank(text)


@settings(deadline=None)
@given(texts)
def test_words_are_counted_as_found(text: str) -> None:
    assert count_words(text) == len(words(text))


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
    with pytest.raises(TooSlow, match="marks that may end"):
        sentences(". " * 500_000)


def test_text_of_countless_odd_words_is_refused_rather_than_taken_apart_for_ever() -> None:
    with pytest.raises(TooSlow, match="punctuation"):
        tokens(" ".join(f"a-{n}," for n in range(50_000)))


def test_first_tokens_of_a_long_text_are_found_without_the_others() -> None:
    long = " ".join(f"a {n}," for n in range(50_000))
    assert [*islice(each_token(long), 3)] == ["a", "0", ","]
