"""Words for thoughts and constraints: what a text is about, quotations from it, lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import yaml

from raif.text import chinese, count_words

_AROUND = {"en": 3, "zh": 6}
"""Words, or characters, on each side of what is quoted."""
_LEAST, _LONGEST = {"en": 3, "zh": 4}, {"en": 9, "zh": 14}
"""Words, or characters, of the beginning of a sentence that is quoted."""
_BREAKS = {
    "en": re.compile(
        r"[,;:?]|\s(?:because|so that|which|who|while|but|unless|until|since|where|although|though|instead)\b"
    ),
    "zh": re.compile("[，；：？]"),
}
_QUOTED, _CUT, _STOP = {"en": '"{}"', "zh": "“{}”"}, {"en": " ...", "zh": "……"}, {"en": ".", "zh": "。"}
_ENDS = ".!?。！？"
_SENTENCE_END = re.compile(r"(?<=[。！？])|(?<=[.!?])\s+|\n+")
_TEXT_GIVEN = re.compile(r'"[^"]{30,}"|“[^”]{12,}”|(?<=[\s:])\'.{60,}\'', re.DOTALL)
_LONG = re.compile(r"(?<![\w'’-])[a-z]{5,}(?![\w'’-])")
_MARKS = re.compile(r"[\"“”‘’<>*\n]")
_WORDS = {
    name: frozenset(words.split())
    for name, words in yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8")).items()
}


def length_of(text: str, language: str) -> int:
    """Words, or Chinese characters."""
    return len(chinese.characters(text)) if language == "zh" else count_words(text)


@lru_cache(maxsize=4096)
def content(text: str, language: str) -> tuple[str, ...]:
    """The words of a text that say what it is about, each once: nouns in Chinese, in English long words but
    for adverbs and those that every text has.
    """
    if language == "zh":
        return tuple(dict.fromkeys(chinese.nouns(text)))
    found = (word for word in dict.fromkeys(_LONG.findall(text)) if word not in _WORDS["common"])
    return tuple(word for word in found if not word.endswith("ly") or word in _WORDS["no_adverbs"])


def head(sentence: str, language: str) -> str:
    """The beginning of a sentence in quotation marks: up to its first break, or what fits if that is long."""
    bare = _MARKS.sub("", sentence).rstrip(_ENDS)
    parts = [part for part in _up_to_breaks(bare, language) if _size(part, language) >= _LEAST[language]]
    return _QUOTED[language].format(_fitted(parts[0] if parts else bare, language, _LONGEST[language]))


def core(request: str, language: str) -> str:
    """What a request comes down to, quoted: its last question outside of the text it is about, or its first
    sentence.
    """
    own = [each.strip() for each in _SENTENCE_END.split(_TEXT_GIVEN.sub("...", request)) if each.strip()]
    telling = [each for each in own if _size(each, language) > 2 * _LEAST[language]] or own
    asked = next((each for each in reversed(telling) if each.endswith(("?", "？"))), telling[0])
    longest, bare = 2 * _LONGEST[language], _MARKS.sub("", asked)
    if _size(bare, language) > longest:
        parts = [part for part in _up_to_breaks(bare, language) if _size(part, language) <= longest]
        bare = parts[-1] + _CUT[language] if parts else _fitted(bare, language, longest)
    elif bare[-1] not in _ENDS:
        bare += _STOP[language]
    return _QUOTED[language].format(bare)


def _up_to_breaks(text: str, language: str) -> list[str]:
    """The text up to each of its breaks."""
    return [text[: match.start()] for match in _BREAKS[language].finditer(text)]


def _fitted(text: str, language: str, longest: int) -> str:
    """As many whole words of the text as fit."""
    if _size(text, language) <= longest:
        return text
    if language == "zh":
        end = 0
        for word in chinese.words(text):
            after = text.index(word, end) + len(word)
            if after > longest and end:
                break
            end = after
        return text[:end] + _CUT[language]
    words = text.split()[:longest]
    while words[-1].strip(",") in _WORDS["loose"]:
        words.pop()
    return " ".join(words) + _CUT[language]


def _size(text: str, language: str) -> int:
    return len(text) if language == "zh" else len(text.split())


def quoted(text: str, language: str) -> str:
    """The text in quotation marks."""
    return _QUOTED[language].format(text)


def within_quotes(text: str) -> str:
    """The text with single quotation marks, to stand between double ones."""
    return text.replace('"', "'").replace("“", "‘").replace("”", "’")


def listed(items: Sequence[str], language: str) -> str:
    """Items as a list without quotation marks: a, b and c."""
    *front, last = items
    comma, final = ("、", "和") if language == "zh" else (", ", " and ")
    return comma.join(front) + final + last if front else last


def snippet(text: str, place: int, language: str) -> str:
    """The words around a place in the text, without marks that would break a quotation."""
    around = _AROUND[language]
    start = text.rfind("\n", 0, place) + 1
    end = text.find("\n", place)
    line = text[start : end if end >= 0 else len(text)]
    place -= start
    if language == "zh":
        return _MARKS.sub("", line[max(0, place - around) : place + around + 1]).strip()
    spans = [match.span() for match in re.finditer(r"\S+", line)]
    at = next((n for n, (low, high) in enumerate(spans) if low <= place < high), 0)
    low, high = spans[max(0, at - around)][0], spans[min(len(spans) - 1, at + around)][1]
    return _MARKS.sub("", line[low:high])


def onward(text: str, place: int, language: str) -> str:
    """The words of a sentence from a place in the text on, without marks that would break a quotation."""
    around = _AROUND[language]
    start = max((end.end() for end in _SENTENCE_END.finditer(text, 0, place)), default=0)
    end = next((end.start() for end in _SENTENCE_END.finditer(text, place + 1)), len(text))
    units = re.finditer(r"\S" if language == "zh" else r"\S+", text[start:end])
    spans = [(start + match.start(), start + match.end()) for match in units]
    at = next((n for n, (_, high) in enumerate(spans) if place < high), 0)
    last = min(len(spans) - 1, at + around)
    first = max(0, min(at, last - around + 2))  # not the word alone, if it ends the sentence
    return _MARKS.sub("", text[spans[first][0] : spans[last][1]])


def two_snippets(old: str, new: str, language: str) -> tuple[str, str]:
    """The same passage of two variants of a sentence, from where they begin to differ."""
    same = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), 0)
    start = max(old.rfind(" ", 0, max(0, same - 8)), 0) if language == "en" else max(0, same - 3)
    width = 45 if language == "en" else 14

    def cut(text: str) -> str:
        part = text[start : start + width]
        if language == "en" and len(text) > start + width:
            part = part.rpartition(" ")[0]
        return _MARKS.sub("", part).strip(" ,;:.。")

    return cut(old), cut(new)
