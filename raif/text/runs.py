"""Runs of consecutive words: what a text says again, and what it shares with others."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from raif.text.han import BMP_HAN

Run = tuple[str, ...]

_UNSPACED = f"\u3040-\u30ff{BMP_HAN}"
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


def tokens(text: str) -> list[str]:
    """Words in lower case, and single Chinese and Japanese characters, without punctuation."""
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def mostly_unspaced(items: Sequence[str]) -> bool:
    """Whether most of the tokens are characters of a language without spaces."""
    return 2 * sum(bool(re.match(f"[{_UNSPACED}]", item)) for item in items) > len(items)


def runs(items: Sequence[str], length: int) -> list[Run]:
    """Each `length` consecutive tokens; all tokens if there are fewer."""
    return [tuple(items[start : start + length]) for start in range(max(1, len(items) - length + 1))]


def fours(text: str) -> list[Run]:
    """The runs of four; all words of a shorter text, none of an empty one."""
    return [run for run in runs(tokens(text), 4) if run]


def repeated_share(text: str) -> float:
    """The share of the text's runs of four that occurred before in it; 0 if nothing repeats."""
    found = fours(text)
    return 1 - len(set(found)) / len(found) if found else 0.0


def alike_share(answers: Sequence[Sequence[str]]) -> float:
    """The share of the prompts that have the most frequent run of four in their answers.

    `answers`: those to each prompt. 1 / prompts if nothing is said twice, near 1 if all are told the same.
    """
    found = Counter(run for texts in answers for run in {four for text in texts for four in fours(text)})
    return max(found.values(), default=0) / len(answers)


def fresh(prompts: Sequence[str], answers: Sequence[Sequence[str]]) -> list[list[int]]:
    """What each answer says of its own: its different runs of four that are neither in its prompt nor in an
    answer to another prompt. About as many as it has words, if it has something to say.

    `answers`: those to each prompt.
    """
    own = [[set(fours(text)) for text in texts] for texts in answers]
    said = Counter(run for texts in own for run in set[Run]().union(*texts))
    return [
        [sum(said[run] == 1 for run in text.difference(fours(prompt))) for text in texts]
        for prompt, texts in zip(prompts, own, strict=True)
    ]
