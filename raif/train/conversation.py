"""Records of several turns in a rollout: one is learned from, after the policy's own answers before it.

So a record gives one group, whatever its turns, and a turn's prompt is what the policy itself makes of it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from raif.models.chat import Chat
from raif.reasoning import split
from raif.records.turns import at_turn
from raif.train.ranks import ALONE, Ranks
from raif.train.samplers.sampler import Sampler
from raif.types import Instruction


def at_drawn_turns(
    instructions: Sequence[Instruction],
    sampler: Sampler,
    chat: Chat,
    *,
    seed: int,
    longest: int | None = None,
    ranks: Ranks = ALONE,
) -> list[Instruction]:
    """Each record at one of its turns, drawn by `seed`. Earlier turns are answered by the sampler, once each.

    A conversation ends before a prompt of more than `longest` tokens: then the turn before is taken.
    """
    wanted = [
        random.Random(f"{seed}/turn/{record.id}").randint(0, len(record.then)) for record in instructions
    ]
    said: list[list[str]] = [[] for _ in instructions]
    for number in range(max(wanted, default=0)):
        going = [n for n, turn in enumerate(wanted) if turn > number]
        turns = [at_turn(instructions[n], said[n]) for n in going]
        drawn = random.Random(f"{seed}/answers/{number}").getrandbits(62)

        def answered(first: int, mine: Sequence[Instruction], seed: int = drawn) -> list[str]:
            ids = [chat.prompt(turn.messages, "thinking") for turn in mine]
            found = sampler.sample(ids, [1] * len(ids), seed=seed + first)
            texts = (chat.text(completion.ids, "thinking") for (completion,) in found)
            return [split(text, chat.style).answer or "" for text in texts]

        for n, answer in zip(going, ranks.together(turns, answered), strict=True):
            following = at_turn(instructions[n], [*said[n], answer])
            if longest is not None and len(chat.prompt(following.messages, "thinking")) > longest:
                wanted[n] = number
            else:
                said[n].append(answer)
    return [at_turn(record, answers) for record, answers in zip(instructions, said, strict=True)]
