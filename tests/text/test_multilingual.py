"""Words and sentences by the language of the text, as Multi-IF's program counts them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from raif.text.multilingual import sentences_of, words_of
from tests.parity import Parity

FRAME = "面包店早上六点开门，王奶奶每天买两个小面包"
"""Chinese, so that what is added to it is counted as in Chinese."""


def added(text: str) -> int:
    found, before = words_of(f"{FRAME} {text}"), words_of(FRAME)
    return (found or 0) - (before or 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("面包", 2),
        ("ABC-def", 1),  # deleted marks join
        ("A，B", 1),
        ("a=b", 1),
        ("a | b", 3),
        ("【】", 1),  # a mark that is not deleted
        ("〇", 1),
        ("👍🏽 👩‍👩‍👧", 2),
        ("a👍b", 2),  # emoji join, too
        ("カー・ド", 4),
    ],
)
def test_chinese_words_are_characters_emoji_and_pieces(text: str, words: int) -> None:
    assert added(text) == words


@pytest.mark.parametrize(
    ("text", "sentences"),
    [("。", 1), ("！”", 2), ("……", 1), ("。他走了\n她来了", 3), ("。版本是3.5", 3), ("。\u2028他走了", 2)],
)
def test_chinese_sentences_are_what_stands_between_marks(text: str, sentences: int) -> None:
    assert sentences_of(FRAME + text) == sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("नदी के किनारे एक पुराना घर है। वहाँ कौन रहता है?", 2),
        ("नदी के किनारे एक पुराना घर है।।", 2),
        ("नदी के किनारे एक पुराना घर है. वहाँ कौन रहता है॥", 1),
    ],
)
def test_hindi_sentences_end_at_dandas(text: str, sentences: int) -> None:
    assert sentences_of(text) == sentences


def test_hindi_vowel_signs_end_words() -> None:
    assert words_of("हिन्दी भाषा में लिखी हुई एक छोटी सी कहानी") == 16


@pytest.mark.parametrize("text", ["One cat. Two dogs!", "123. 456!", "Один кот. Два пса!"])
def test_other_languages_are_counted_as_english_is(text: str) -> None:
    assert (words_of(text), sentences_of(text)) == (4 if "123" not in text else 2, 2)


@pytest.mark.parity
def test_every_count_is_the_official_program_s(benchmark_data: Path, parity: Parity) -> None:
    path = benchmark_data / "multi-turn" / "fixtures" / "counts.jsonl"
    cases = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]
    ours = [[words_of(case["text"]), sentences_of(case["text"])] for case in cases]
    parity.same(path, "upstream", ours, [[case["words"], case["sentences"]] for case in cases])
