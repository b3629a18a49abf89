"""Two notions of a word: runs of word characters, and the tokens of NLTK's `word_tokenize`."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

from raif.text.sentences import sentences

_WORD = re.compile(r"\w+")
# Between whitespace: a word that stays whole, and marks around it that split off or change no case; or one
# that splits at its apostrophe, unless a period behind it keeps it together.
_PLAIN = re.compile(
    r"""[("'“‘*\[{<\#_]* [A-Za-z0-9_/]+(?:[-.][A-Za-z0-9_/]+)* []),.!?;:"'”’*}>]*
    | [("*\[{<\#]* [A-Za-z]+'[A-Za-z]+ []),!?;:"*}>]*""",
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
    capitals = [word for word in text.split() if not word.islower() and any(map(str.isupper, word))]
    if _SPLIT_WORD.search(text) or not all(map(_PLAIN.fullmatch, capitals)):
        return _in_capitals(tokens(text))
    return sum(_in_capitals(word_tokens(word)) if "'" in word else word.isupper() for word in capitals)


def _in_capitals(found: list[str]) -> int:
    return sum(map(str.isupper, found))


@lru_cache(maxsize=4096)
def word_tokens(word: str) -> list[str]:
    return _tokenizer().tokenize(word)


@cache
def _tokenizer() -> Any:
    from nltk.tokenize import NLTKWordTokenizer

    return NLTKWordTokenizer()
