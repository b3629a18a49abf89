"""Two notions of a word: runs of word characters, and the tokens of NLTK's `word_tokenize`."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from raif.text.sentences import sentences

_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    r"""Matches of `\w+`: "don't" is two. By `re`, since newer NLTK takes `regex`, whose `\w` has more."""
    return _WORD.findall(text)


def tokens(text: str) -> list[str]:
    """Treebank-style tokens, sentence by sentence: "don't" is "do" and "n't", punctuation stands alone."""
    return [token for sentence in sentences(text) for token in _tokenizer().tokenize(sentence)]


@cache
def _tokenizer() -> Any:
    from nltk.tokenize import NLTKWordTokenizer

    return NLTKWordTokenizer()
