"""The language of a request, and its length in letters.

The detector is sure of a text of ten words. It takes short Chinese for other languages, and many a short
English request for French, Romanian or Finnish: there, words that only one language has decide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from raif.text import detect, languages
from raif.text.han import BMP_HAN

WORDS = Path(__file__).with_name("language.yaml")
LETTERS_OF_HAN = 3
"""A Chinese character says as much as about three letters."""
_ENOUGH = 10
"""Words from which on the detector is asked."""
_FEW = 3
"""So few words in plain letters are English unless one of them says otherwise."""
_HAN = re.compile(f"[{BMP_HAN}]")
_JAPANESE_OR_KOREAN = re.compile(r"[\u3040-\u30ff\u31f0-\u31ff\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_WORD = re.compile(rf"[^\W\d_{BMP_HAN}]+")


def language_of(text: str, given: str | None) -> str | None:
    """The language's code, "zh" for any Chinese: as the source gives it, else as the text shows it.

    Text is Chinese if it has at least as many Chinese characters as other words, and none that is Japanese or
    Korean. None if it has no words.
    """
    if given and (code := languages.find(given)):
        return code
    characters, words = len(_HAN.findall(text)), _WORD.findall(text)
    if characters and characters >= len(words) and not _JAPANESE_OR_KOREAN.search(text):
        return "zh"
    if len(words) < _ENOUGH and _is_short_english(words):
        return "en"
    code = detect(text)
    return code and code.split("-")[0]


def _is_short_english(words: list[str]) -> bool:
    """Whether words that only English has outnumber those of other languages.

    If there are neither, up to three words in plain letters are English.
    """
    found = [word.lower() for word in words]
    english = sum(word in _words()["english"] for word in found)
    other = sum(word in _words()["other"] or not word.isascii() for word in found)
    return english > other or (0 < len(found) <= _FEW and not other)


@cache
def _words() -> Mapping[str, frozenset[str]]:
    return {
        name: frozenset(words.split()) for name, words in yaml.safe_load(WORDS.read_text("utf-8")).items()
    }


def length_of(text: str) -> int:
    """The characters of a text, a Chinese one as three."""
    return len(text) + (LETTERS_OF_HAN - 1) * len(_HAN.findall(text))
