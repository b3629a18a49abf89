"""The n-grams by which langdetect 1.0.9 knows a language, and how frequent they are in each."""

from __future__ import annotations

import json
import re
import string
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from raif.text.langdetect import original

_LONGEST = 10_000
_SPACES = re.compile("  +")
_BEYOND_ASCII = re.compile(r"[^\0-\x7f]+")
_LATIN = bytes(range(ord("A"), ord("z") + 1))
_NO_LATIN = dict.fromkeys(_LATIN)
_ASCII = " " + string.ascii_letters
_CODES = bytes(max(0, _ASCII.find(chr(code))) for code in range(256))
"""For `bytes.translate`: the position of each letter, 0 for all else."""


class Table(NamedTuple):
    """langdetect's profiles: `shares[rows[gram]]` is how frequent a gram is in each of `languages`."""

    languages: list[str]
    rows: dict[str, int]
    shares: np.ndarray
    """(grams, languages), float64."""


@cache
def table() -> Table:
    """The profiles as arrays."""
    profiles = [json.loads(profile) for profile in original.profiles()]
    grams = dict.fromkeys(chain.from_iterable(profile["freq"] for profile in profiles))
    rows = {gram: row for row, gram in enumerate(grams)}
    shares = np.zeros((len(rows), len(profiles)))
    for column, profile in enumerate(profiles):
        frequencies = profile["freq"]
        totals = np.array(profile["n_words"])[[len(gram) - 1 for gram in frequencies]]
        found = list(map(rows.__getitem__, frequencies))
        shares[found, column] = np.array(list(frequencies.values())) / totals
    return Table([profile["name"] for profile in profiles], rows, shares)


def known_grams(text: str) -> np.ndarray:
    """The rows of the grams of `text` that some profile has, in langdetect's order, with repetitions."""
    plain = _without_latin(original.cleaned(text)[:_LONGEST])
    if plain.isascii():
        return _ascii_grams(plain)
    padded = "  " + _SPACES.sub(" ", plain.translate(_NORMAL)).lstrip(" ")
    windows = zip(padded, padded[1:], padded[2:], strict=False)
    return np.fromiter(chain.from_iterable(map(_ENDING_WITH.__getitem__, windows)), np.int64)


def _ascii_grams(text: str) -> np.ndarray:
    """The same for ASCII text, where everything but letters is a space, in one look-up."""
    codes = np.frombuffer(b"\0\0" + text.encode().translate(_CODES), np.uint8)
    kept = codes > 0
    kept[1:] |= kept[:-1]  # and the first of spaces in a row
    kept[:2] = True
    codes = codes[kept].astype(np.int32)
    windows = codes[:-2] * len(_ASCII)
    windows += codes[1:-1]
    windows *= len(_ASCII)
    windows += codes[2:]
    found = _ascii_rows().take(windows, axis=0).ravel()
    return found[found >= 0]


@cache
def _ascii_rows() -> np.ndarray:
    """(windows of three, 3): what `_EndingWith` finds for each; -1 for a gram that is unknown or not used."""
    size = len(_ASCII)
    found = np.full((size, size, size, 3), -1, np.int32)
    position = {letter: code for code, letter in enumerate(_ASCII)}
    for gram, row in table().rows.items():
        if gram.isascii() and gram != " " and all(map(position.__contains__, gram)):
            place: tuple[Any, ...] = (..., *map(position.__getitem__, gram), len(gram) - 1)
            found[place] = row
    capital = [code for letter, code in position.items() if letter.isupper()]
    found[:, 0, :, 2] = -1  # nothing reaches across a space
    found[np.ix_(range(size), capital, capital)] = -1
    return found.reshape(-1, 3)


class _EndingWith(dict[tuple[str, str, str], tuple[int, ...]]):
    """The known grams that end with the last of three characters. No gram is taken between two capitals."""

    def __missing__(self, window: tuple[str, str, str]) -> tuple[int, ...]:
        if len(self) > 65_536:
            self.clear()
        _, before, last = window
        grams = [last] * (last != " ") + [before + last] + ["".join(window)] * (before != " ")
        rows = {} if before.isupper() and last.isupper() else table().rows
        found = self[window] = tuple(rows[gram] for gram in grams if gram in rows)
        return found


_ENDING_WITH = _EndingWith()


def _without_latin(text: str) -> str:
    """Without ASCII letters, if there are more than twice as many characters from U+0300 on.

    langdetect means to leave out the Latin ones among these, but compares a number with a name: they count.
    In Latin text, dashes and curly quotes are normalized here, so that often nothing is left beyond ASCII.
    """
    if text.isascii():
        return text
    ascii = text.encode("ascii", "ignore")
    latin = len(ascii) - len(ascii.translate(None, _LATIN))
    if 2 * latin >= len(text) - len(ascii):
        return _BEYOND_ASCII.sub(lambda run: run[0].translate(_NORMAL), text)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return text.translate(_NO_LATIN) if 2 * latin < np.count_nonzero(codes >= 0x300) else text


class _Normal(dict[int, str]):
    """For `str.translate`: each character as langdetect's grams have it, computed once."""

    def __missing__(self, code: int) -> str:
        self[code] = original.normalize(chr(code))
        return self[code]


_NORMAL = _Normal()
