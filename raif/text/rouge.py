"""ROUGE-L of Chinese texts, with the figures of the package rouge_chinese on jieba's words."""

from __future__ import annotations

import re

_LATIN = re.compile(r"([a-zA-Z0-9]+(?:\.\d+)?%?)")
_END = re.compile(r"(?<=[。！？?])(?=[^”’])|(?<=\.{6})(?=[^”’])")


def rouge_l(text: str, reference: str) -> float:
    """F of the longest common subsequence of words, in [0, 1]. 0 if one text has no words.

    The package adds 1e-8 to the denominator, which is left out here.
    """
    first, second = _words(text), _words(reference)
    total = len(first) + len(second)
    return 2 * longest_common(first, second) / total if first and second else 0.0


def longest_common(first: list[str], second: list[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(second) + 1)
    for one in first:
        above, row = row, [0]
        for position, other in enumerate(second):
            best = above[position] + 1 if one == other else max(above[position + 1], row[-1])
            row.append(best)
    return row[-1]


def _words(text: str) -> list[str]:
    """jieba's words, and an empty one for each blank line, also if a line break follows a sentence's end."""
    from rjieba import cut

    # rjieba keeps 300-500 and release_date whole; jieba cuts them
    parts = [
        part for word in cut(text) for part in (_LATIN.split(word) if word.isascii() else [word]) if part
    ]
    lines = _END.sub("\n", " ".join(parts)).rstrip().split("\n")
    return [word for line in lines if line for word in " ".join(line.split()).split(" ")]
