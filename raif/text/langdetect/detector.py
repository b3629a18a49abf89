"""langdetect 1.0.9 with seed 0, much faster and always with the same answer.

langdetect runs seven trials and averages them. Each multiplies the languages' probabilities by those of
randomly drawn n-grams until one language has 99.999%. Here the same grams are drawn (Python's Mersenne
Twister with seed 0 gives every text the same numbers, so they are kept), many are multiplied at once, and the
trials end as soon as the remaining ones can't change the winner. Rounding differs by less than 1e-12. If a
decision lies within 1e-9 there is no answer, and langdetect itself must be asked.
"""

from __future__ import annotations

import math
import random
from functools import cache

import numpy as np

from raif.text.langdetect.ngrams import table

_TRIALS, _LIMIT, _SURE, _SHOWN, _MARGIN = 7, 1000, 0.99999, 0.1, 1e-9
_AT_ONCE = 60  # a multiple of 5, after which langdetect looks; the product of more could underflow
_NUMBERS, _FOR_GAUSS = 32_768, 4


class Undecided(ArithmeticError):
    """Rounding could decide, or no language stands out."""


def winner(grams: np.ndarray) -> str:
    """The code of the likeliest language of a text with these grams: rows of the table, at least one."""
    drawn, total = _Drawn(grams), np.zeros(len(table().languages))
    for left in range(_TRIALS - 1, -1, -1):
        total += _trial(drawn)
        if left > _TRIALS // 2:
            continue  # no lead is enough yet
        *_, second, first = np.partition(total, -2).tolist()
        if first - second > left + _MARGIN:
            break
    if first - second < _MARGIN or first < _TRIALS * _SHOWN + _MARGIN:
        raise Undecided
    return table().languages[int(total.argmax())]


def _trial(drawn: _Drawn) -> np.ndarray:
    """The probability of each language at the end of one trial, which can't end with its first gram."""
    weight = (0.5 + 0.05 * drawn.gauss()) / 10_000
    for start in range(0, _LIMIT, _AT_ONCE):
        before, count = int(start == 0), min(_AT_ONCE, _LIMIT - start)
        factors = table().shares.take(drawn.ahead(before + count), axis=0)
        factors += weight
        if before:
            likely = factors[0]
        looks = _looks(likely, factors[before:])
        totals = np.add.reduce(looks, axis=1)
        sure = _first_sure((np.maximum.reduce(looks, axis=1) / totals).tolist())
        if sure is not None:
            drawn.use(before + 5 * (sure + 1))
            return looks[sure] / totals[sure]
        drawn.use(before + count)
        likely = looks[-1] / totals[-1]
    return likely


def _looks(likely: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """(looks, languages): how likely they are after every fifth of the factors (grams, languages)."""
    looks = np.multiply.reduce(factors.reshape(-1, 5, factors.shape[1]), axis=1)
    looks[0] *= likely
    return np.multiply.accumulate(looks)


def _first_sure(shares: list[float]) -> int | None:
    """The first look at which the likeliest language has enough."""
    for look, best in enumerate(shares):
        if best > _SURE - _MARGIN:
            if best < _SURE + _MARGIN:
                raise Undecided
            return look
    return None


class _Drawn:
    """What `random.Random(0)` draws, in its order. `_at` is how many of its numbers are used up."""

    def __init__(self, grams: np.ndarray) -> None:
        self._at = self._next = 0
        self._spare: float | None = None
        self._grams = grams
        self._prepare((400 << len(grams).bit_length()) // len(grams))  # enough for four trials

    def _prepare(self, count: int) -> None:
        """What `choice` makes of the first numbers: it takes as many bits as the number of grams has."""
        if count > _NUMBERS:
            raise Undecided
        self._prepared, n = count, len(self._grams)
        numbers = _numbers(n.bit_length())[:count]
        self._places = (numbers < n).nonzero()[0]  # it draws again if a number is too large
        self._chosen = self._grams[numbers[self._places]]

    def ahead(self, count: int) -> np.ndarray:
        """The next `count` grams, without the numbers that `gauss` took."""
        while self._next + _FOR_GAUSS + count > len(self._places):
            self._prepare(4 * self._prepared)
        while self._places[self._next] < self._at:
            self._next += 1
        return self._chosen[self._next : self._next + count]

    def use(self, count: int) -> None:
        """Move past that many of them."""
        self._next += count
        self._at = int(self._places[self._next - 1]) + 1

    def gauss(self) -> float:
        """As `Random.gauss` draws: two at a time, the second kept."""
        if self._spare is not None:
            spare, self._spare = self._spare, None
            return spare
        angle, radius = 2 * math.pi * self._uniform(), math.sqrt(-2 * math.log(1 - self._uniform()))
        self._spare = math.sin(angle) * radius
        return math.cos(angle) * radius

    def _uniform(self) -> float:
        if self._at + 2 > _NUMBERS:
            raise Undecided
        high, low = _numbers(32)[self._at : self._at + 2].tolist()
        self._at += 2
        return ((high >> 5) * 2**26 + (low >> 6)) / 2**53


@cache
def _numbers(bits: int) -> np.ndarray:
    numbers = np.frombuffer(random.Random(0).randbytes(4 * _NUMBERS), "<u4")
    return (numbers >> (32 - bits)).astype(np.int64)
