"""Changes within sentences: placeholders for what they name, phrases set off, words in capitals."""

from __future__ import annotations

import re
from collections.abc import Sequence

from raif.data.builtin.seeds import Seed
from raif.data.builtin.words import content

_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
_DAY = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_OF_MONTH = r"(?:[12]?\d|3[01])"
_NUMBER = r"\d+(?:[.,]\d+)*"
_OPEN = {
    "en": (
        (r"\b\d{1,2}[:.]\d{2}(?:\s?[ap]\.?m\b)?|\b\d{1,2}\s?[ap]m\b", "[time]"),
        (rf"\b{_OF_MONTH}(?:st|nd|rd|th)?(?: of)? (?:{_MONTH})\b|\b(?:{_MONTH}) {_OF_MONTH}\b", "[date]"),
        (r"[£$€]\d+(?:[.,]\d+)*", "[price]"),
        (rf"\b(?:{_DAY})\b", "[day]"),
        (r"\b(?:1[5-9]|20)\d\d\b", "[year]"),
        (rf"(?<![\d.,:/-])\b{_NUMBER}(?:(?: to | and | or |–|-){_NUMBER})?(?![\d.,:]*\d)\b", "[number]"),
    ),
    "zh": (
        (r"\d+月\d+[日号](?:[到至]\d+[日号])?", "[日期]"),
        (r"\d{1,2}[:：]\d{2}|\d+点(?:\d+分|半)?", "[时间]"),
        (r"(?:周|星期)[一二三四五六日天]", "[星期]"),
        (r"(?:1[5-9]|20)\d\d(?=年)", "[年份]"),
        (r"\d+(?:\.\d+)?(?=元)", "[金额]"),
        (r"(?<![\d.])\d+(?:\.\d+)?(?:[到至~～-]\d+(?:\.\d+)?)?(?![\d.])", "[数字]"),
    ),
}
"""What a writer could leave open, with the placeholder that takes its place. The first pattern wins."""
_ANY = {
    language: re.compile("|".join(f"(?P<p{n}>{pattern})" for n, (pattern, _) in enumerate(patterns)))
    for language, patterns in _OPEN.items()
}
_GREETED = {
    "en": (re.compile(r"(?<= )[A-Z][\w.'’ -]*(?=\W*$)"), "[name]"),
    "zh": (re.compile(r"^[^，,：:！!]+"), "[称呼]"),
}
_SIGNED = {"en": "[your name]", "zh": "[署名]"}


def with_placeholders(
    language: str, greeting: str, farewell: str, sentences: Sequence[str], count: int
) -> tuple[str, str, list[str]]:
    """Greeting, farewell and sentences with placeholders for `count` names, dates and numbers, if there are
    so many.
    """
    left, names = count, _GREETED[language]
    if greeting and left:
        greeting, done = names[0].subn(names[1], greeting, count=1)
        left -= done
    if "\n" in farewell and left:
        farewell = farewell.rpartition("\n")[0] + "\n" + _SIGNED[language]
        left -= 1
    found = []
    for sentence in sentences:
        if left:
            sentence, done = _ANY[language].subn(
                lambda match: _OPEN[language][int(str(match.lastgroup)[1:])][1], sentence, count=left
            )
            left -= done
        found.append(sentence)
    return greeting, farewell, found


def highlighted(sentences: Sequence[str], count: int, seed: Seed) -> list[str]:
    """The sentences with `count` phrases between asterisks, if there are so many: keywords first."""
    found, left = list(sentences), count
    for _ in range(count):
        for number, sentence in enumerate(found):
            if left and (match := _phrase(sentence, seed)):
                found[number] = f"{sentence[: match.start()]}*{match.group()}*{sentence[match.end() :]}"
                left -= 1
    return found


def _phrase(sentence: str, seed: Seed) -> re.Match[str] | None:
    """A phrase to highlight. Not at the start: a line that starts with `*` is a bullet."""
    known = "|".join(sorted(map(re.escape, seed.keywords), key=len, reverse=True))
    if seed.language == "zh":
        patterns = [rf"(?<=[^*])(?:{known})(?!\*)"]
    else:
        telling = "|".join(content(sentence, seed.language))
        patterns = [rf"(?i)(?<= )(?:{each})s?\b(?![*'’-])" for each in (known, telling) if each]
    if sentence.count("*") >= 4:
        return None
    spans = [match.span() for match in re.finditer(r"\*[^*]+\*", sentence)]
    for pattern in patterns:
        for match in re.finditer(pattern, sentence):
            if not any(low <= match.start() < high or low < match.end() <= high for low, high in spans):
                return match
    return None


def capitalized(sentences: Sequence[str], count: int, seed: Seed) -> list[str]:
    """The sentences with `count` more words in capitals, if there are so many: keywords first, one a sentence
    and round again.
    """
    found, left = list(sentences), count
    for _ in range(count):
        for number, sentence in enumerate(found):
            small = re.findall(r"\b[a-z]{4,}\b", sentence)
            known = [word for word in small if word in seed.keywords]
            word = next(iter([*known, *sorted(content(sentence, "en"), key=len, reverse=True)]), "")
            if left and word:
                found[number] = re.sub(rf"\b{word}\b", word.upper(), sentence, count=1)
                left -= 1
    return found
