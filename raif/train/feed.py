"""What each step learns from, as a function of its position: a resumed run needs no reader's state."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from raif.train.batch import Sample
from raif.train.chat import Chat
from raif.types import Expert, Instruction

T = TypeVar("T")


@dataclass(frozen=True)
class Feed:
    """The usable records: prompts short enough to sample for, and those with an expert answer to clone."""

    prompts: tuple[Instruction, ...]
    experts: tuple[Instruction, ...]
    too_long: int

    @classmethod
    def of(cls, records: Sequence[Instruction], chat: Chat, max_prompt_tokens: int) -> Feed:
        fits = [r for r in records if len(chat.prompt(r.messages, "thinking")) <= max_prompt_tokens]
        return cls(tuple(fits), tuple(r for r in fits if r.expert), len(records) - len(fits))


def draw(items: Sequence[T], start: int, count: int, seed: int) -> list[T]:
    """`count` items from position `start` of an endless sequence of epochs, each in its own order."""
    drawn: list[T] = []
    while len(drawn) < count:
        epoch, offset = divmod(start + len(drawn), len(items))
        order = random.Random(f"{seed}/{epoch}").sample(range(len(items)), len(items))
        drawn += [items[i] for i in order[offset : offset + count - len(drawn)]]
    return drawn


def clone_sample(instruction: Instruction, expert: Expert, chat: Chat, *, prompt_tokens: bool) -> Sample:
    """An expert answer as a sample; with `prompt_tokens` the prompt is learnt too, as the reference does."""
    prompt, ids = chat.prompt(instruction.messages, "thinking"), chat.completion(expert)
    if prompt_tokens:
        prompt, ids = prompt[:1], prompt[1:] + ids
    return Sample(prompt, ids, [])
