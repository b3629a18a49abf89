"""Single sentences: more alliterative or longer than the last, or with a keyword."""

from __future__ import annotations

import re
from itertools import groupby, pairwise

from raif.constraints.ifbench.common import Number, Position, bare_words, no_kwargs, trim_start
from raif.constraints.kind import Example, Outcome, Text, kind
from raif.text import sentences


def _alliterating(sentence: str) -> int:
    """How many words are next to one with the same first character."""
    initials = [start[0] for word in sentence.lower().split() if (start := trim_start(word))]
    runs = [sum(1 for _ in run) for _, run in groupby(initials)]
    return sum(length for length in runs if length > 1)


@kind(
    "sentence:alliteration_increment",
    wordings={"en": ("From sentence to sentence, let more neighbouring words begin with the same letter.",)},
    draw=no_kwargs,
    examples=(
        Example(True, "A tea. Big black tea.", {}),
        Example(False, "Big black tea. A tea.", {}),
    ),
)
def alliteration_increment(response: str) -> Outcome:
    """All runs of a sentence are added up."""
    counts = [_alliterating(sentence) for sentence in sentences(response)]
    return Outcome(all(a < b for a, b in pairwise(counts)), f"alliterating words by sentence: {counts}")


@kind(
    "sentence:keyword",
    wordings={"en": ('Sentence {N} must contain the word "{word}".', 'Put "{word}" into sentence {N}.')},
    draw=lambda rng, material: {"word": rng.choice(material.words), "N": rng.randint(1, 8)},
    examples=(
        Example(True, "A dog. A cat!", {"word": "Cat", "N": 2}),
        Example(False, "A dog. Catkins!", {"word": "Cat", "N": 2}),
    ),
)
def keyword(response: str, *, word: Text, N: Position) -> Outcome:
    """As a whole word, in any case, in the Nth of Punkt's sentences."""
    found = sentences(response)
    if len(found) < N:
        return Outcome(False, f"{len(found)} sentences, no sentence {N}")
    passed = re.search(rf"\b{re.escape(word)}\b", found[N - 1], re.IGNORECASE) is not None
    return Outcome(passed, f'{"" if passed else "no "}"{word}" in sentence {N}')


@kind(
    "sentence:increment",
    wordings={"en": ("Every sentence must have exactly {small_n:word} more than the one before it.",)},
    draw=lambda rng, material: {"small_n": rng.randint(1, 5)},
    examples=(
        Example(True, "One. Two words.", {"small_n": 1}),
        Example(False, "One. Just three words.", {"small_n": 1}),
    ),
)
def increment(response: str, *, small_n: Number) -> Outcome:
    """Punkt's sentences, words without punctuation. A single sentence passes."""
    counts = [len(bare_words(sentence)) for sentence in sentences(response)]
    return Outcome(all(a + small_n == b for a, b in pairwise(counts)), f"words by sentence: {counts}")
