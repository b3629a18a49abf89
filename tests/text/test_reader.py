"""Words and sentences as an English reader counts them, and what of a text is seen."""

from __future__ import annotations

import pytest

from raif.text import reader
from raif.text.one_language import is_in
from raif.text.visible import visible


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I don’t know.", ["I", "don’t", "know"]),
        ("A well-known R&D team, e.g. ours", ["A", "well-known", "R&D", "team", "e.g", "ours"]),
        ("3.5 of 1,000 at 10:30", ["3.5", "of", "1,000", "at", "10:30"]),
        ("stop—now -- or... never", ["stop", "now", "or", "never"]),
        ("* tea\n- and/or milk!", ["tea", "and", "or", "milk"]),
        ("**bold** _it_", ["bold", "it"]),
        ("茶 tea", ["茶", "tea"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert [*reader.words(text)] == words


def test_tokens_are_words_and_marks() -> None:
    assert [*reader.tokens("Don't go... now!?")] == ["Don't", "go", "...", "now", "!", "?"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1. Boil water. 2. Add tea.", 2),
        ("* Boil water.\n* Add tea.", 2),
        ("Prof. Lee met Capt. Hook. They left.", 2),
        ("“No.” She left.", 2),
        ("...", 0),
        ("Tea", 1),
    ],
)
def test_sentences(text: str, count: int) -> None:
    assert len(reader.sentences(text)) == count


def test_paragraphs_have_words() -> None:
    assert reader.paragraphs("\nTea.\n \n***\n\nMilk.\nSalt.") == ["Tea.", "Milk.\nSalt."]


@pytest.mark.parametrize(
    ("sentence", "mark"), [("Tea.", "."), ("“Tea?”", "?"), ("What?!", "?"), ("Tea…", "."), ("Tea", "")]
)
def test_end_mark_stands_before_closing_quotes(sentence: str, mark: str) -> None:
    assert reader.end_mark(sentence) == mark


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("t\u200be\u00ada", "tea"),
        ("Tea.<!-- milk -->", "Tea."),
        ("Tea.\n[//]: # (milk)\nSalt.", "Tea.\n\nSalt."),
        ("Tea.<!-- milk", "Tea."),
        ("cafe\u0301", "café"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("a < b -> c", "a < b -> c"),
        ("[1]: https://example.org", "[1]: https://example.org"),
    ],
)
def test_what_is_hidden_is_not_seen(text: str, seen: str) -> None:
    assert visible(text) == seen


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello", "en"),
        ("Emma, Liam and Noah went to Reykjavik, Oslo and Helsinki.", "en"),
        ("DER TEE IST SEHR HEISS UND DIE MILCH IST KALT.", "de"),
        ("Чай горячий, а GPS нет.", "ru"),
        ("El té está muy caliente y la leche está fría.", "es"),
    ],
)
def test_text_is_in_its_language(text: str, language: str) -> None:
    assert is_in(text, language) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("It is hot.", "de"),
        ("12345", "en"),
        ("Der Tee ist heiß. The milk is cold, and we do not like it.", "de"),
        ("茶很热。", "en"),
        ("Чай горячий, а молоко холодное, и мы его никогда не пьём.", "uk"),
    ],
)
def test_text_is_not_in_another_language(text: str, language: str) -> None:
    assert is_in(text, language) is not None
