"""The fast detection always agrees with langdetect with seed 0."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from raif.text.langdetect import detector, original
from raif.text.langdetect.detector import Undecided, winner
from raif.text.langdetect.language import detect
from raif.text.langdetect.ngrams import known_grams, table

PIECES = (
    *(
        "The quick brown fox jumps over the lazy dog. ",
        "Der schnelle braune Fuchs. ",
        "le renard ",
        "ja und nein ",
    ),
    *("LA CASA ES GRANDE ", "sì o no ", "быстрая лиса ", "敏捷的狐狸 ", "きつねと犬 ", "빠른 여우 "),
    *("سریع روباه ", "nhanh chóng e\u0301 ", "https://example.org/a?b=c ", "a.b@example.org ", "123 !!! "),
    *("\n\n", "IBM ", "x", "No", "\ud800", "\0", "ǅ"),
)
mixed = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
profiled = st.lists(st.sampled_from(list(table().rows)), max_size=40).map("".join)


@settings(max_examples=150, deadline=None)
@given(mixed | profiled | st.text(max_size=60))
@example("a" * 30_000 + "die der das")
@example("HTTP://X.Y THE END")
@example("   \n ")
@example("ler 내 ")  # no language is sure within the limit
@example("It’s “done” — naïve, isn’t it? " * 9)
@example("Ελλάδα — English words, more than a few")
@example("Lểnaswonjंशோதிறьма상트페قضreśஅனைומנ")
def test_same_language_as_langdetects(text: str) -> None:
    assert detect(text) == original.detect(text)


@pytest.mark.parametrize("text", ["zxq", "a", "no", "ok hotel taxi", "la casa e bella"])
def test_short_and_ambiguous_text_has_langdetects_language(text: str) -> None:
    assert detect(text) == original.detect(text)


def test_clear_text_is_decided_without_langdetect() -> None:
    assert winner(known_grams(PIECES[0])) == "en"


def test_what_rounding_might_decide_is_left_to_langdetect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector, "_MARGIN", 1.0)
    with pytest.raises(Undecided):
        winner(known_grams(PIECES[0]))
    detect.cache_clear()
    assert detect(PIECES[0]) == original.detect(PIECES[0])
