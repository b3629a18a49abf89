"""Conversations are led turn by turn: each turn is asked after the model's own answers to the earlier ones.

All conversations are led side by side: first all first turns are asked, then all second turns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from raif.eval.answers import Answer, Ask
from raif.types import Message

UNREACHED = "an earlier turn has no answer"


def in_turns(
    asks: Sequence[Ask],
    before: Mapping[str, str],
    collect: Callable[[Sequence[Ask], int], Mapping[str, Answer]],
    said: Callable[[Answer], str],
) -> tuple[list[Ask], dict[str, Answer]]:
    """What was asked, in the order of `asks`, and the answers by item id.

    `before`: by item id, the item whose turn comes before its own; all others begin a conversation. Of a
    later turn, the last message is asked. `collect` answers some, after so many others. `said`: what of an
    answer stays in the conversation. A turn after one without an answer is not asked.
    """
    asked: dict[str, Ask] = {}
    answers: dict[str, Answer] = {}
    waiting = list(asks)
    while ready := [ask for ask in waiting if ask.id not in before or before[ask.id] in answers]:
        turns = [_after(ask, asked, answers, before, said) for ask in ready]
        asked |= {turn.id: turn for turn in turns}
        answers |= collect(turns, len(answers))
        waiting = [ask for ask in waiting if ask.id not in asked]
    return [asked.get(ask.id, ask) for ask in asks], answers


def _after(
    ask: Ask,
    asked: Mapping[str, Ask],
    answers: Mapping[str, Answer],
    before: Mapping[str, str],
    said: Callable[[Answer], str],
) -> Ask:
    if ask.id not in before:
        return ask
    earlier = before[ask.id]
    answer = Message(role="assistant", content=said(answers[earlier]))
    return replace(ask, messages=(*asked[earlier].messages, answer, ask.messages[-1]))
