"""Two notions of a word: runs of word characters, and the tokens of NLTK's `word_tokenize`."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, lru_cache
from typing import Any

from raif.text.sentences import sentences

_WORD = re.compile(r"\w+")
# Between whitespace: a word that stays whole, and marks around it that split off or change no case; or one
# that splits at its apostrophe, unless a period behind it keeps it together. The latter are kept, so short.
_PLAIN = re.compile(
    r"""[("'“‘*\[{<\#_]* [A-Za-z0-9_/]+(?:[-.][A-Za-z0-9_/]+)* []),.!?;:"'”’*}>]*
    | [("*\[{<\#]{0,9} [A-Za-z]{1,40}('[A-Za-z]{1,40}) []),!?;:"*}>]{0,9}""",
    re.VERBOSE,
)
_SPLIT_WORD = re.compile(r"(?i)cannot|gimme|gonna|gotta|lemme|wanna|d'ye|more'n|'t(?:is|was)")


def words(text: str) -> list[str]:
    r"""Matches of `\w+`: "don't" is two. By `re`, since newer NLTK takes `regex`, whose `\w` has more."""
    return _WORD.findall(text)


def tokens(text: str) -> list[str]:
    """Treebank-style tokens, sentence by sentence: "don't" is "do" and "n't", punctuation stands alone."""
    return [token for sentence in sentences(text) for token in _tokenizer().tokenize(sentence)]


def capital_tokens(text: str) -> int:
    """How many of the `tokens` are in capitals: word by word, where none depends on its surroundings."""
    if _SPLIT_WORD.search(text):
        return _in_capitals(tokens(text))
    count = 0
    for word, times in Counter(text.split()).items():
        if word.islower() or not any(map(str.isupper, word)):
            continue
        plain = _PLAIN.fullmatch(word)
        if not plain:
            return _in_capitals(tokens(text))
        count += times * (split_capitals(word) if plain[1] else word.isupper())
    return count


def _in_capitals(found: list[str]) -> int:
    return sum(map(str.isupper, found))


@lru_cache(maxsize=4096)
def split_capitals(word: str) -> int:
    """How many tokens in capitals a single word has: "I'm" and "A's" have one, "IBM'S" two."""
    return _in_capitals(_tokenizer().tokenize(word))


@cache
def _tokenizer() -> Any:
    from nltk.tokenize import NLTKWordTokenizer

    return NLTKWordTokenizer()
