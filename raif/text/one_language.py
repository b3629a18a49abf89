"""Whether all of a text is in one language: its script, its common words, and langdetect's verdict.

langdetect takes "Hello" for Finnish and looks at a long text as a whole. So short texts are known by their
words, and each sentence is looked at for the common words of another language.
"""

from __future__ import annotations

import re
from collections import Counter

from raif.text.langdetect.language import detect
from raif.text.reader import fold
from raif.text.reader import words as words_of

_WORDS: dict[str, frozenset[str]] = {
    code: frozenset(words.split())
    for code, words in {
        "en": "the of and to is in it you that was for on are with as they be at this have from or had by "
        "but what all were we when your can there an which their if will how about out them then she "
        "many some so these would into has her him his my more no not do does i he its our us who "
        "very much just",
        "de": "der die das und ist ich du nicht ein eine einen einem den dem des zu mit auf für im sie er "
        "es wir ihr sich auch wie von bei aus nach sehr oder aber wenn dass kann hat haben war wird "
        "sind als noch man",
        "fr": "le la les un une des est et dans pour que qui sur avec ne pas au aux ce cette il elle nous "
        "vous je tu du en plus mais ou sont être très leur ses son sa",
        "es": "el los las un una es y en para que con por no del al se su sus lo como más pero este esta "
        "son muy ser hay yo tu nos ellos está",
        "it": "il lo gli un una è e per che con non del della di sono nel nella più ma come questo questa "
        "anche molto ci si le al alla dei",
        "pt": "o os as um uma é e para que com não do da dos das em no na se mais mas como este esta são "
        "muito por ao ele ela você eu",
    }.items()
}
_COMMON_IN = {
    word: tuple(code for code, words in _WORDS.items() if word in words)
    for word in frozenset[str]().union(*_WORDS.values())
}
"""The languages in which a word is common."""
_SCRIPTS = {
    "ar": "\u0600-\u06ff", "fa": "\u0600-\u06ff", "ur": "\u0600-\u06ff", "bg": "\u0400-\u04ff",
    "ru": "\u0400-\u04ff", "uk": "\u0400-\u04ff", "bn": "\u0980-\u09ff", "gu": "\u0a80-\u0aff",
    "he": "\u0590-\u05ff", "hi": "\u0900-\u097f", "mr": "\u0900-\u097f", "ne": "\u0900-\u097f",
    "kn": "\u0c80-\u0cff", "ml": "\u0d00-\u0d7f", "pa": "\u0a00-\u0a7f", "ta": "\u0b80-\u0bff",
    "te": "\u0c00-\u0c7f", "th": "\u0e00-\u0e7f", "ko": "\uac00-\ud7a3\u1100-\u11ff",
    "ja": "\u3040-\u30ff\u3400-\u9fff々", "zh": "\u3400-\u9fff々〇", "zh-cn": "\u3400-\u9fff々〇",
    "zh-tw": "\u3400-\u9fff々〇",
}  # fmt: skip
"""Languages that are not written with Latin letters."""
_LATIN = "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ"
_PARTS = re.compile(r"\n+|(?<=[.!?。！？])\s*")
_MOST = 0.8
_SHORT = 30
"""Letters, up to which langdetect is not asked."""


def is_in(text: str, language: str) -> str | None:
    """None if all of the text is in `language`, a code of langdetect or `zh`; else the reason against it."""
    script = _SCRIPTS.get(language, _LATIN)
    for part in ["".join(filter(str.isalpha, text)), *_letters_of_sentences(text)]:
        own = len(re.findall(f"[{script}]", part))
        if not part or own < _MOST * len(part) - (3 if script != _LATIN else 0):
            return f'no letters of {language}: "{part[:30]}"' if part else "no letters to tell a language"
    if language.startswith("zh"):
        return None
    for part in filter(None, map(str.strip, _PARTS.split(text))):
        other = _other_language(part, language)
        if other:
            return f'"{part[:40]}" is {other}'
    if language in _WORDS and _common(text, language) >= 0.2:
        return None
    found = detect(text.lower() if text.isupper() else text)
    if sum(map(str.isalpha, text)) <= _SHORT:  # langdetect is guessing: only the words of another one count
        others = [other for other in _WORDS if other != language and _common(text, other) >= 0.4]
        found = others[0] if others and found != language else None
    return None if found in (None, language) else f"detected {found}, asked for {language}"


def _letters_of_sentences(text: str) -> list[str]:
    parts = ("".join(filter(str.isalpha, part)) for part in _PARTS.split(text))
    return [part for part in parts if len(part) >= 12]


def _other_language(sentence: str, language: str) -> str | None:
    """Another language with three of its common words in the sentence, and more than of the one asked for."""
    words = words_of(sentence)
    if len(words) < 3:
        return None
    hits = Counter(other for word in words for other in _COMMON_IN.get(fold(word), ()))
    least = hits[language] if language in _WORDS else 0.4 * len(words)
    others = (other for other in _WORDS if other != language and hits[other] >= 3 and hits[other] > least)
    return next(others, None)


def _common(text: str, language: str) -> float:
    found = [fold(word) for word in words_of(text)]
    return sum(word in _WORDS[language] for word in found) / max(1, len(found))
