"""The records of a run, and which of them each step learns from.

That is a function of the step's position, so a resumed run needs no reader's state.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import gcd, lcm
from typing import TypeVar

from raif.config.train import TrainConfig
from raif.errors import RaifError, require
from raif.models.chat import Chat
from raif.records.turns import blank_turns, with_experts
from raif.tasks import TASKS
from raif.train.logps import Sample
from raif.types import Expert, Instruction
from raif.verdicts.reward import Rewards

T = TypeVar("T")


def check_rewards(records: Iterable[Instruction], *, judged: bool, rewards: Rewards | None = None) -> None:
    """Raise RaifError at a record with nothing to reward, or with questions if they are not `judged`.

    Without `rewards` they are the paper's.
    """
    for record in (turn for each in records for turn in blank_turns(each)):
        if record.questions and not judged:
            raise RaifError(
                f"the training record {record.id!r} has questions for a judge",
                "Name one: judge.model with judge.endpoint.base_url, its server, or with judge.local.",
            )
        if record.task == "math":
            require("math_verify", extra="math")
        names = list(TASKS[record.task].rewards) if rewards is None else rewards.applying(record.task)
        if not names:
            raise RaifError(
                f"the training record {record.id!r} has the task {record.task}, which no reward is for",
                f"Add one of {', '.join(TASKS[record.task].rewards) or 'your own'} to rewards, or leave out "
                "the records of this task.",
            )
        if (
            {*names} <= {"verdicts", "relevance", "substance"}
            and not record.questions
            and not record.constraints
        ):
            raise RaifError(
                f"the training record {record.id!r} has no constraint, question or reference answer",
                "Leave it out of data.train: there is nothing to reward. method: sft can learn from it.",
            )


@dataclass(frozen=True)
class Feed:
    """The usable records: prompts short enough to sample for, and those with an expert answer to clone.

    Each block of sum(ratio) prompts has ratio[k] of pools[k]. Without a mix or weights there is one pool.
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
        weighted: Sequence[tuple[float, Sequence[Instruction]]] = (),
    ) -> Feed:
        """Pools by task with a `mix`, or by source if these are `weighted`."""
        fits = tuple(r for r in records if len(chat.prompt(r.messages, "thinking")) <= max_prompt_tokens)
        pools = {tasks: tuple(r for r in fits if r.task in tasks.split("+")) for tasks in mix or ()}
        for tasks, pool in pools.items():
            if not pool:
                raise RaifError(
                    f"data.mix: {tasks}: no training record of this task has a prompt short enough",
                    "Leave it out, or give data.train records of that task.",
                )
        short = set(map(id, fits))
        for number, (_, source) in enumerate(weighted):
            pool = pools[f"{number}"] = tuple(r for r in source if id(r) in short)
            if not pool:
                raise RaifError(
                    f"data.train: source {number + 1} has no record with a prompt short enough",
                    "Leave it out, or raise data.max_prompt_tokens.",
                )
        weights = list(mix.values()) if mix else [weight for weight, _ in weighted]
        ratio = whole(weights) if weights else (1,)
        experts = tuple(
            turn
            for r in fits
            for turn in with_experts(r)
            if turn is r or len(chat.prompt(turn.messages, "thinking")) <= max_prompt_tokens
        )
        return cls(fits, experts, len(records) - len(fits), tuple(pools.values()) or (fits,), ratio)

    def check(self, config: TrainConfig) -> None:
        """Raise RaifError if a run with `config` has no prompts, or no expert answers that it needs."""
        if not self.prompts:
            raise RaifError("no training record has a prompt short enough", "Raise data.max_prompt_tokens.")
        if config.method == "sft" and not self.experts:
            raise RaifError("no training record has an expert answer", "method: sft learns from `expert`.")
        if config.method == "grpo" and config.cloning.warmup_steps and not self.experts:
            raise RaifError("no training record has an expert answer to clone", "Set cloning.warmup_steps=0.")

    def check_length(
        self, context: int | None, chat: Chat, config: TrainConfig, reader: str = "the model"
    ) -> None:
        """Raise RaifError if a prompt and its longest response together exceed the context of the reader."""
        if not context or not self.prompts:
            return
        longest = max(len(chat.prompt(r.messages, "thinking")) for r in self.prompts)
        if any(r.then for r in self.prompts):  # later turns are as long as their prompts can be
            longest = max(longest, config.data.max_prompt_tokens)
        grpo = config.method == "grpo"
        key, most = "rollout.max_new_tokens", longest + config.rollout.max_new_tokens if grpo else 0
        if config.clone_limit > context >= most and config.clones:
            answers = [clone_sample(r, r.expert, chat, prompt_tokens=False) for r in self.experts if r.expert]
            key = "cloning.max_tokens" if grpo else "sft.max_tokens"
            most = min(max(map(len, answers), default=0), config.clone_limit)
        if most > context:
            raise RaifError(
                f"{reader} reads {context} tokens, and a prompt with its response can have {most}",
                f"Lower {key} or data.max_prompt_tokens, or take a model or server with a longer context.",
            )

    def probes(self, chat: Chat) -> list[Sample]:
        """Two samples of different length from the first prompt, to compare computations by."""
        for record in self.prompts[:1]:
            prompt = chat.prompt(record.messages, "thinking")
            answer = chat.completion(record.expert) if record.expert else prompt
            return [Sample(prompt, answer[:64], []), Sample(prompt, answer[:16], [])]
        return []

    def draw(self, start: int, count: int, seed: int) -> list[Instruction]:
        """`count` prompts from position `start` on, of all pools by their ratio."""
        return [self._draw_one(position, seed) for position in range(start, start + count)]

    def _draw_one(self, position: int, seed: int) -> Instruction:
        """Each block takes its share of each pool in an order of its own; each pool has its own epochs."""
        block, offset = divmod(position, sum(self.ratio))
        slots = [pool for pool, share in enumerate(self.ratio) for _ in range(share)]
        random.Random(f"{seed}/mix/{block}").shuffle(slots)
        pool = slots[offset]
        (item,) = draw(self.pools[pool], block * self.ratio[pool] + slots[:offset].count(pool), 1, seed)
        return item


def whole(weights: Sequence[float]) -> tuple[int, ...]:
    """The ratio in the smallest whole numbers: 0.2, 1 -> 1, 5. Denominators above 100 are rounded."""
    exact = [Fraction(str(weight)).limit_denominator(100) for weight in weights]
    scale = lcm(*(f.denominator for f in exact))
    numbers = [int(f * scale) for f in exact]
    return tuple(n // gcd(*numbers) for n in numbers)


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
    """An expert answer as a sample; `prompt_tokens`: the prompt is learned too, as in the authors' code."""
    prompt, ids = chat.prompt(instruction.messages, "thinking"), chat.completion(expert)
    if prompt_tokens:
        prompt, ids = prompt[:1], prompt[1:] + ids
    return Sample(prompt, ids, [])
