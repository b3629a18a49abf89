"""What two texts share: runs of words, or of characters where a language puts no spaces between words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from raif.text.chinese import BMP_HAN

_UNSPACED = f"\u3040-\u30ff{BMP_HAN}"
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


def tokens(text: str) -> list[str]:
    """Words in lower case, and each Chinese or Japanese character by itself; punctuation is left out."""
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def unspaced(items: Sequence[str]) -> bool:
    """Whether most of the tokens are characters of a language without spaces."""
    return 2 * sum(bool(re.match(f"[{_UNSPACED}]", item)) for item in items) > len(items)


def runs(items: Sequence[str], length: int) -> list[tuple[str, ...]]:
    """Each `length` tokens that follow each other; all of them where they are fewer."""
    return [tuple(items[start : start + length]) for start in range(max(1, len(items) - length + 1))]
