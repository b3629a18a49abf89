"""Choosing the sentences of an answer: first those with wanted words, then the seed's own, then fillers."""

from __future__ import annotations

import re

from raif.data.builtin.respond import bank
from raif.data.builtin.respond.draft import Draft


def fill(draft: Draft) -> None:
    """Choose sentences until the size is reached and every need is met; stop where nothing more fits."""
    for word, times in draft.wanted.items():
        _work_in(draft, word, times)
    stock = _stock(draft)
    for position in _order(draft):
        if _full(draft):
            return
        if position not in draft.sentences and stock[position] not in draft.shape.openings.values():
            draft.pick(position, stock[position])


def occurrences(word: str, text: str) -> int:
    """How often `word` occurs, as a part of other words too and in any case."""
    return len(re.findall(re.escape(word), text, re.IGNORECASE))


def _stock(draft: Draft) -> list[str]:
    return [*draft.seed.points, *bank.FILLERS[draft.seed.language]]


def _work_in(draft: Draft, word: str, times: int) -> None:
    """Prefer the seed's sentences that have the word; write short ones where they are not enough."""
    for position, point in enumerate(draft.seed.points):
        if occurrences(word, draft.text) >= times:
            return
        if occurrences(word, point) and position not in draft.sentences:
            draft.pick(position, point)
    for pattern in draft.rng.sample(
        bank.MENTIONS[draft.seed.language], len(bank.MENTIONS[draft.seed.language])
    ):
        if occurrences(word, draft.text) >= times:
            return
        draft.add(pattern.format(word=bank.as_written(word, draft.seed)), draft.closing)


def _order(draft: Draft) -> list[int]:
    """The first point, which opens the answer; the others in order or mixed; fillers where they run out."""
    others = list(range(1, len(draft.seed.points)))
    if draft.rng.random() < 0.5:
        draft.rng.shuffle(others)
    fillers = list(range(len(draft.seed.points), len(_stock(draft))))
    draft.rng.shuffle(fillers)
    return [0, *others, *fillers]


def _full(draft: Draft) -> bool:
    # A list is the answer: one sentence before it is enough.
    size = min(draft.size, draft.shape.least + 1) if draft.shape.bullets else draft.size
    if len(draft.sentences) < max(size, draft.shape.least):
        return False
    text = draft.text
    return all(need(text) for need in draft.needs)
