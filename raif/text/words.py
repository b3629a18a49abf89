"""Two kinds of words: runs of word characters, and the tokens of NLTK's `word_tokenize`.

`release` says whose tokens: NLTK's differ by release.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from raif.text.release import PUBLISHED, Release
from raif.text.search import TooSlow
from raif.text.sentences import sentences
from raif.text.treebank import cut

_MOST = 150_000
"""How many characters the tokenizer reads in half a second; each call counts as 50 of them."""
_CALL = 50
_LONG = 1_000
_WORD = re.compile(r"\w+")
_IN_WORD = bytes(chr(code).isalnum() or code == ord("_") for code in range(256))
"""For `bytes.translate`: 1 for what is part of a word, 0 for all else."""
# What the tokenizer does on one side of such a space never depends on the other side: none of its rules
# looks past a space and a letter or digit.
_SEAM = re.compile(" (?<=[A-Za-z0-9] )(?=[A-Za-z0-9])")
_CUT = ("cannot", "gimme", "gonna", "gotta", "lemme", "wanna")
# Between white space: a word that stays whole, with marks around it that split off or have no case; or a word
# that may split at its apostrophe, unless a full stop after it keeps it together.
_PLAIN = re.compile(
    r"""[("'“‘*\[{<\#_]* [A-Za-z0-9_/]+(?:[-.][A-Za-z0-9_/]+)* []),.!?;:"'”’*}>]*
    | [("*\[{<\#]* ([A-Za-z]+'[A-Za-z]+) []),!?;:"*}>]*""",
    re.VERBOSE,
)
_LETTER_APART = re.compile("[A-Za-z]+'[A-CE-LO-RU-Za-ce-lo-ru-z]")
"""A single letter after an apostrophe, which NLTK 3.9 splits off unless it may be short for a word."""
_CLITIC = re.compile("([A-Za-z]+?)('[sSmMdD]|'ll|'LL|'re|'RE|'ve|'VE|n't|N'T)")
_SPLIT = (*_CUT, "d'ye", "more'n", "'tis", "'twas")


def words(text: str) -> list[str]:
    r"""Matches of `\w+`: "don't" is two. By `re`: newer NLTK uses `regex`, whose `\w` matches more."""
    return _WORD.findall(text)


def count_words(text: str) -> int:
    """How many `words` there are."""
    if not text.isascii():
        return len(words(text))
    marked = text.encode().translate(_IN_WORD)
    return marked.count(b"\0\1") + marked.startswith(b"\1")


def tokens(text: str, release: Release = PUBLISHED) -> list[str]:
    """Treebank-style tokens, sentence by sentence: "don't" is "do" and "n't", punctuation stands alone.

    Raises TooSlow if too much of the text is not plain words.
    """
    return list(each_token(text, release))


def each_token(text: str, release: Release = PUBLISHED) -> Iterator[str]:
    """The same one by one, so that only as many are computed as are asked for."""
    known: dict[str, list[str]] = {}
    spent = 0
    for sentence in sentences(text, release):
        for piece in _SEAM.split(sentence) if len(sentence) > _LONG else [sentence]:
            if piece not in known:
                plain = piece.isalnum() and piece.isascii() and piece.lower() not in _CUT
                spent += 0 if plain else len(piece) + _CALL
                if spent > _MOST:
                    raise TooSlow("too much punctuation to take apart")
                known[piece] = [piece] if plain else cut(piece, release)
            yield from known[piece]


def capital_tokens(text: str, release: Release = PUBLISHED) -> int:
    """How many of the `tokens` are in capitals; counted word by word if no word depends on its neighbours."""
    small = text.lower()
    if any(word in small for word in _SPLIT) or any(letter in text for letter in "ıİſ"):
        return _in_capitals(tokens(text, release))  # a word such as "cannot" becomes two tokens
    count = 0
    for word, times in Counter(word for word in text.split() if not word.islower()).items():
        if not any(map(str.isupper, word)):
            continue
        plain = _PLAIN.fullmatch(word)
        if not plain:
            return _in_capitals(tokens(text, release))
        count += times * (_capital_parts(plain[1], release) if plain[1] else word.isupper())
    return count


def _capital_parts(word: str, release: Release) -> int:
    """How many tokens in capitals a word with an apostrophe has: one in "I'm" and "A's", two in "IBM'S"."""
    if release == PUBLISHED and _LETTER_APART.fullmatch(word):
        return _in_capitals(word.split("'"))
    parts = _CLITIC.fullmatch(word)
    return _in_capitals([*parts.groups()] if parts else [word])


def _in_capitals(found: list[str]) -> int:
    return sum(map(str.isupper, found))
