"""How much of a text is said again."""

from __future__ import annotations


def repeated_share(text: str, n: int) -> float:
    """Share of the text's n-grams of words that occurred before in it: 0 where nothing repeats, towards 1."""
    words = text.lower().split()
    grams = list(zip(*(words[i:] for i in range(n)), strict=False))
    return 1 - len(set(grams)) / len(grams) if grams else 0.0
