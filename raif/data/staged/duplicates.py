"""Exact and near-duplicates: MinHash finds candidates, the shingles themselves decide.

Two texts are as similar as the Jaccard index of their shingles: words and pairs of words, or of characters in
Chinese and Japanese. The single ones keep short prompts comparable.
"""

from __future__ import annotations

from typing import NamedTuple

from raif.data.staged.shingles import runs, tokens
from raif.errors import require

Shingles = frozenset[tuple[str, ...]]

PERMUTATIONS, BANDS = 128, 32
"""Bands of four: a pair as similar as 0.7 is a candidate with probability 0.9998, one of 0.5 with 0.87."""


class Duplicate(NamedTuple):
    of: str
    """The key of the text that came first."""
    similarity: float
    """1 where they differ in case and punctuation at most."""


class Seen:
    """The texts that came before, by their keys."""

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
        own = shingles(items)
        for number in sorted(self._near.query(_minhash(own))):
            key, other = self._kept[number]
            if (similarity := jaccard(own, other)) >= self._threshold:
                return Duplicate(key, round(similarity, 3))
        return None

    def add(self, key: str, text: str) -> None:
        items = tuple(tokens(text))
        own = shingles(items)
        self._exact.setdefault(items, key)
        self._near.insert(len(self._kept), _minhash(own))
        self._kept.append((key, own))


def shingles(items: tuple[str, ...]) -> Shingles:
    return frozenset(runs(items, 1)) | frozenset(runs(items, 2))


def jaccard(one: Shingles, other: Shingles) -> float:
    return len(one & other) / len(one | other)


def _minhash(own: Shingles) -> object:
    from rensa import RMinHash

    signature = RMinHash(num_perm=PERMUTATIONS, seed=0)
    signature.update([" ".join(run) for run in own])
    return signature
