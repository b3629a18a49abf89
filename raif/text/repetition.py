"""Runs of words: what a text says again, and what it shares with others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from raif.text.han import BMP_HAN

Run = tuple[str, ...]

_UNSPACED = f"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff{BMP_HAN}"
"""Thai and Lao, Burmese, Khmer, kana and Han: a character stands for a word."""
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
_ECHO = 8
"""Words in a row that are no accident, unless the thinking drafts the answer or quotes its sentences."""


def _runs(text: str, length: int) -> list[Run]:
    """Each so many consecutive words, in lower case; none if there are fewer."""
    words = _WORD.findall(text.lower())
    return list(zip(*(words[start:] for start in range(length)), strict=False))


def fours(text: str) -> list[Run]:
    """Each four consecutive words."""
    return _runs(text, 4)


def repeated_share(text: str) -> float:
    """The share of the text's runs that occurred before in it; 0 if nothing repeats."""
    found = fours(text)
    return 1 - len(set(found)) / len(found) if found else 0.0


def alike_share(answers: Sequence[Sequence[str]]) -> float:
    """The share of the prompts that have the most frequent run in their answers.

    `answers`: those to each prompt. 1 / prompts if nothing is said twice, near 1 if all are told the same.
    """
    found = Counter(run for texts in answers for run in {four for text in texts for four in fours(text)})
    return max(found.values(), default=0) / len(answers)


def fresh_words(prompts: Sequence[str], answers: Sequence[Sequence[str]]) -> list[list[int]]:
    """What each answer says of its own: its different runs that are neither in its prompt nor in an answer to
    another prompt. A text that never repeats itself or others has three less than words.

    `answers`: those to each prompt.
    """
    own = [[set(fours(text)) for text in texts] for texts in answers]
    said = Counter(run for texts in own for run in set[Run]().union(*texts))
    return [
        [sum(said[run] == 1 for run in text.difference(fours(prompt))) for text in texts]
        for prompt, texts in zip(prompts, own, strict=True)
    ]


def echoes(answer: str, thinking: str, prompt: str) -> bool:
    """Whether the answer says eight words in a row that are its thinking's and not the prompt's.

    A model that has to use a word can copy the line of its thinking that says so.
    """
    shared = set(_runs(answer, _ECHO)).intersection(_runs(thinking, _ECHO))
    return not shared.issubset(_runs(prompt, _ECHO))
