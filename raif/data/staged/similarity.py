"""How alike two texts are: their tokens, runs of tokens that they share, and near-duplicates.

Two texts are as similar as the Jaccard index of their shingles: words and pairs of words, or characters in
Chinese and Japanese. Single words keep short prompts comparable. MinHash finds candidates for duplicates; the
shingles themselves decide.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from raif.errors import require
from raif.text.han import BMP_HAN

Shingles = frozenset[tuple[str, ...]]

PERMUTATIONS, BANDS = 128, 32
"""Bands of four: a pair is a candidate with probability 0.9998 at similarity 0.7, with 0.87 at 0.5."""

_UNSPACED = f"\u3040-\u30ff{BMP_HAN}"
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


def tokens(text: str) -> list[str]:
    """Words in lower case, and single Chinese and Japanese characters, without punctuation."""
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def mostly_unspaced(items: Sequence[str]) -> bool:
    """Whether most of the tokens are characters of a language without spaces."""
    return 2 * sum(bool(re.match(f"[{_UNSPACED}]", item)) for item in items) > len(items)


def runs(items: Sequence[str], length: int) -> list[tuple[str, ...]]:
    """Each `length` consecutive tokens; all tokens if there are fewer."""
    return [tuple(items[start : start + length]) for start in range(max(1, len(items) - length + 1))]


class Duplicate(NamedTuple):
    of: str
    """The key of the earlier text."""
    similarity: float
    """1 if they differ only in case and punctuation."""


class Seen:
    """Earlier texts, by their keys."""

    def __init__(self, threshold: float) -> None:
        require("rensa", extra="data")
        from rensa import RMinHashLSH

        self._threshold = threshold
        self._near = RMinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, num_bands=BANDS)
        self._exact: dict[tuple[str, ...], str] = {}
        self._kept: list[tuple[str, Shingles]] = []

    def find(self, text: str) -> Duplicate | None:
        """The first text that `text` duplicates."""
        items = tuple(tokens(text))
        if items in self._exact:
            return Duplicate(self._exact[items], 1.0)
        own = _shingles(items)
        for number in sorted(self._near.query(_minhash(own))):
            key, other = self._kept[number]
            if (similarity := len(own & other) / len(own | other)) >= self._threshold:
                return Duplicate(key, round(similarity, 3))
        return None

    def add(self, key: str, text: str) -> None:
        items = tuple(tokens(text))
        own = _shingles(items)
        self._exact.setdefault(items, key)
        self._near.insert(len(self._kept), _minhash(own))
        self._kept.append((key, own))


def _shingles(items: tuple[str, ...]) -> Shingles:
    return frozenset(runs(items, 1)) | frozenset(runs(items, 2))


def _minhash(own: Shingles) -> object:
    from rensa import RMinHash

    signature = RMinHash(num_perm=PERMUTATIONS, seed=0)
    signature.update([" ".join(run) for run in own])
    return signature
