"""Words, sentences and paragraphs as an English reader counts them, for the dialect `raif`.

The official checkers use a different splitter for each kind, and to most of them "don't" is two words.
"""

from __future__ import annotations

import re
from functools import lru_cache

from raif.text.han import HAN
from raif.text.release import CURRENT
from raif.text.sentences import sentences as punkt

_ALNUM = r"[^\W_]"
_EACH = f"[{HAN}\u3041-\u3096\u30a1-\u30fa]"
_WORD_PATTERN = (
    rf"{_EACH}|(?:(?!{_EACH}){_ALNUM})+(?:(?:['’‘&@._-]+(?:(?!{_EACH}){_ALNUM})+)|(?<=\d)[,:](?=\d)\d+)*"
)
_WORD = re.compile(_WORD_PATTERN)
_LATIN_WORD = re.compile(rf"{_ALNUM}+(?:(?:['’‘&@._-]+{_ALNUM}+)|(?<=\d)[,:](?=\d)\d+)*")
_TOKEN = re.compile(rf"{_WORD_PATTERN}|\.{{2,}}|[^\w\s]")
_DASHES = re.compile(r"-{2,}|\.{2,}")
_SIGN = re.compile(_ALNUM)
_LETTER = re.compile(r"[^\W\d_]")
_BLANK_LINE = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")
_CURLY = str.maketrans("’‘ʼ“”„«»", '\'\'\'"""""')
_FALSE_START = re.compile(r"(?:^[^\S\n]*|(?<=[.!?][^\S\n]))(?:[-*+•·●]|\d+[.)])[^\S\n]+", re.MULTILINE)
_TITLE = re.compile(r"\b(?:Capt|Col|Dr|Gen|Hon|Lt|Maj|Messrs|Mr|Mrs|Ms|Prof|Rev|Sgt|St|e\.g|i\.e|cf|vs)\.$")
"""What stands before a name or an example, and ends no sentence. Punkt's model does not know all of them."""
_BEFORE_NUMBER = re.compile(r"\b(?:Fig|No|Nos|Vol|Ch|Eq|approx|ca|pp?)\.$")


@lru_cache(maxsize=8)  # the checks of one response ask for the same text
def words(text: str) -> tuple[str, ...]:
    """The words: "don't", "well-known", "3.5", "example.com" and "R&D" are one each, a dash separates two."""
    pattern = _WORD if text and max(text) >= "\u2e80" else _LATIN_WORD  # which reads six times as fast
    return tuple(pattern.findall(_DASHES.sub(" ", text)))


@lru_cache(maxsize=8)
def tokens(text: str) -> tuple[str, ...]:
    """The words and the punctuation marks. Several full stops in a row are one mark."""
    return tuple(_TOKEN.findall(text.replace("--", "—")))


def sentences(text: str) -> list[str]:
    """Punkt's sentences that have a letter or digit. Markers of lists are no part of them."""
    found: list[str] = []
    for sentence in punkt(unmarked(text), CURRENT):
        if found and (
            _TITLE.search(found[-1]) or (_BEFORE_NUMBER.search(found[-1]) and sentence[0].isdigit())
        ):
            found[-1] += f" {sentence}"
        elif words(sentence):
            found.append(sentence)
    return found


def unmarked(text: str) -> str:
    """Without the markers of bullets and numbered points."""
    return _FALSE_START.sub("", text)


def paragraphs(text: str) -> list[str]:
    """What blank lines separate and what has a word in it."""
    return [part.strip() for part in _BLANK_LINE.split(text) if words(part)]


def fold(text: str) -> str:
    """In lower case, with straight quotation marks: what two spellings of a word share."""
    return text.translate(_CURLY).lower()


def trimmed(text: str) -> str:
    """Without what is neither letter nor digit at both ends."""
    start, end = _SIGN.search(text), _SIGN.search(text[::-1])
    return text[start.start() : len(text) - end.start()] if start and end else ""


@lru_cache(maxsize=2**14)
def first_letter(word: str) -> str:
    """The first letter in lower case, or an empty text."""
    found = _LETTER.search(word)
    return found[0].lower() if found else ""


def letters(text: str) -> str:
    """Only its letters."""
    return "".join(filter(str.isalpha, text))


def spaced(text: str) -> str:
    """With single spaces and none at the ends: line breaks in a copied text make no difference."""
    return " ".join(text.split())


def end_mark(sentence: str) -> str:
    """The mark that ends a sentence, before quotation marks and brackets: one of `.?!`, or an empty text."""
    closed = sentence.rstrip(" \t\n\"'“”‘’«»)]}*_")
    found = re.search(r"[.?!…‽]+$", closed)
    if not found:
        return ""
    return next((mark for mark in "?!." if mark in found[0].replace("…", ".").replace("‽", "?!")), "")
