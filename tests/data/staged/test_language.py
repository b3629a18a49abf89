"""The language of short requests, where a detector guesses, and of long ones, where it knows."""

from __future__ import annotations

import pytest

from raif.data.builtin.seeds import all_seeds
from raif.data.staged.language import language_of, length_of

ENGLISH = """
What is an API? | What is API? | Define entropy. | Explain recursion | Tell me a joke | Write a poem
Summarize Hamlet | Best pasta recipes? | Translate hello | Java vs Python | Fix my code | List prime numbers
How are you? | Plan a trip to Rome | Solve x+2=5 | Who was Napoleon? | Compare cats and dogs
Name ten animals
Sort a list in Python | Describe a sunset | Capital of France? | Is Pluto a planet? | Make a table
Photosynthesis
Rhyme with orange | Convert 5 miles to km | Create a logo idea | Suggest a title | Find the best café in Rome
"""
OTHERS = {
    "de": "Wie ist das Wetter heute? | Schreibe ein Gedicht über den Herbst. | Nenne zehn Tiere",
    "fr": "Écris un poème sur la mer. | Raconte une histoire | Comment faire du pain ?",
    "es": "Escribe un poema sobre el mar | Cuenta un chiste | Explica la fotosíntesis",
    "it": "Scrivi una poesia sul mare | Raccontami una storia",
    "pt": "Escreva um poema sobre o mar | O que é uma API?",
    "ja": "海についての詩を書いてください",
    "ru": "Напиши стихотворение о море",
}


def split(texts: str) -> list[str]:
    return [text.strip() for text in texts.replace("\n", "|").split("|") if text.strip()]


@pytest.mark.parametrize("text", split(ENGLISH))
def test_short_english_is_english(text: str) -> None:
    assert language_of(text, None) == "en"


def test_the_beginnings_of_english_requests_are_english() -> None:
    words = [seed.prompt.split() for seed in all_seeds() if seed.language == "en"]
    for length in range(1, 10):
        texts = [" ".join(each[:length]) for each in words]
        wrong = [text for text in texts if language_of(text, None) != "en"]
        assert len(wrong) <= 0.02 * len(texts), wrong


@pytest.mark.parametrize(
    ("code", "text"), [(code, text) for code, texts in OTHERS.items() for text in split(texts)]
)
def test_other_languages_are_not_english(code: str, text: str) -> None:
    assert language_of(text, None) not in ("en", "zh")


@pytest.mark.parametrize(
    "text", ["什么是API？", "你好", "写首诗", "请解释一下 Python 里的 list 是什么", "翻译：Hello"]
)
def test_short_chinese_is_chinese(text: str) -> None:
    assert language_of(text, None) == "zh"


@pytest.mark.parametrize(
    ("text", "said", "code"),
    [
        ("What is the weather like in the mountains today, and will it rain again?", None, "en"),
        ("Wie ist das Wetter heute in den Bergen, und wird es wieder regnen?", None, "de"),
        ("Hola", "English", "en"),
        ("anything", "Chinese (Simplified)", "zh"),
        ("anything", "zh-cn", "zh"),
        ("anything", "中文", "zh"),
        ("anything", "Portuguese", "pt"),
        ("anything", "eng_Latn", "en"),
        ("What is an API?", "unknown", "en"),
        ("什么是API？", "n/a", "zh"),
        ("anything", "EN", "en"),
        ("12345 67890", None, None),
    ],
)
def test_what_the_row_says_and_what_the_detector_says(text: str, said: str | None, code: str | None) -> None:
    assert language_of(text, said) == code


def test_a_chinese_character_is_as_long_as_three() -> None:
    assert length_of("什么是API？") == 3 * 3 + 4
