"""What each step learns from, as a function of its position: a resumed run needs no reader's state."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import gcd, lcm
from typing import TypeVar

from raif.errors import RaifError
from raif.models.chat import Chat
from raif.train.batch import Sample
from raif.types import Expert, Instruction

T = TypeVar("T")


@dataclass(frozen=True)
class Feed:
    """The usable records: prompts short enough to sample for, and those with an expert answer to clone.

    Of each block of sum(ratio) prompts, ratio[k] are of pools[k]; without a mix, all are of one pool.
    """

    prompts: tuple[Instruction, ...]
    experts: tuple[Instruction, ...]
    too_long: int
    pools: tuple[tuple[Instruction, ...], ...]
    ratio: tuple[int, ...]

    @classmethod
    def of(
        cls,
        records: Sequence[Instruction],
        chat: Chat,
        max_prompt_tokens: int,
        mix: Mapping[str, float] | None = None,
    ) -> Feed:
        fits = tuple(r for r in records if len(chat.prompt(r.messages, "thinking")) <= max_prompt_tokens)
        pools = tuple(_of_tasks(fits, tasks) for tasks in mix) if mix else (fits,)
        ratio = whole(list(mix.values())) if mix else (1,)
        return cls(fits, tuple(r for r in fits if r.expert), len(records) - len(fits), pools, ratio)

    def draw(self, start: int, count: int, seed: int) -> list[Instruction]:
        """The prompts from position `start` on, of all pools by their ratio."""
        return [draw_mixed(self.pools, self.ratio, p, seed) for p in range(start, start + count)]


def _of_tasks(records: Sequence[Instruction], tasks: str) -> tuple[Instruction, ...]:
    found = tuple(r for r in records if r.task in tasks.split("+"))
    if not found:
        raise RaifError(
            f"data.mix: {tasks}: no training record of it has a prompt short enough",
            "Leave it out, or give data.train records of that task.",
        )
    return found


def whole(weights: Sequence[float]) -> tuple[int, ...]:
    """The ratio in the smallest whole numbers: 0.2, 1 -> 1, 5. Denominators above 100 are rounded away."""
    exact = [Fraction(str(weight)).limit_denominator(100) for weight in weights]
    scale = lcm(*(f.denominator for f in exact))
    numbers = [int(f * scale) for f in exact]
    return tuple(n // gcd(*numbers) for n in numbers)


def draw_mixed(pools: Sequence[Sequence[T]], ratio: Sequence[int], position: int, seed: int) -> T:
    """The item at `position`: a block takes its share of each pool in an order of its own, and each pool
    goes through its own epochs.
    """
    block, offset = divmod(position, sum(ratio))
    slots = [pool for pool, share in enumerate(ratio) for _ in range(share)]
    random.Random(f"{seed}/mix/{block}").shuffle(slots)
    pool = slots[offset]
    (item,) = draw(pools[pool], block * ratio[pool] + slots[:offset].count(pool), 1, seed)
    return item


def draw(items: Sequence[T], start: int, count: int, seed: int) -> list[T]:
    """`count` items from position `start` of an endless sequence of epochs, each in its own order."""
    drawn: list[T] = []
    while len(drawn) < count:
        epoch, offset = divmod(start + len(drawn), len(items))
        order = _order(len(items), epoch, seed)
        drawn += [items[i] for i in order[offset : offset + count - len(drawn)]]
    return drawn


@lru_cache(maxsize=16)
def _order(length: int, epoch: int, seed: int) -> tuple[int, ...]:
    return tuple(random.Random(f"{seed}/{epoch}").sample(range(length), length))


def clone_sample(instruction: Instruction, expert: Expert, chat: Chat, *, prompt_tokens: bool) -> Sample:
    """An expert answer as a sample; with `prompt_tokens` the prompt is learnt too, as the reference does."""
    prompt, ids = chat.prompt(instruction.messages, "thinking"), chat.completion(expert)
    if prompt_tokens:
        prompt, ids = prompt[:1], prompt[1:] + ids
    return Sample(prompt, ids, [])
