"""A drawn instruction spread over several turns: each asks for more, and what was asked still counts.

The answer to the last turn meets all constraints, so that those of every turn can be met together.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

from raif.config.builtin import Thinking
from raif.data.builtin import compose
from raif.data.builtin.instruct import Drawn, Impossible
from raif.types import FollowUp, Instruction

_ONWARD = {
    "en": (
        "Thank you. Now write it again, with everything that I have asked for so far and one change: {more}",
        "Good. Please answer once more. All of the above still counts, and in addition: {more}",
        "Rewrite your answer so that it keeps to what I said before and to this: {more}",
    ),
    "zh": (
        "谢谢。请再写一遍，前面提出的要求仍然有效，另外：{more}",
        "好的。请在保留上述全部要求的基础上重新回答，并做到：{more}",
        "请修改你的回答：之前的要求都要满足，同时还有一点：{more}",
    ),
}


def spread(one: Drawn, most: int, rng: random.Random) -> list[Drawn]:
    """The same instruction after each of its turns, at most `most`; each turn has a constraint of its own.

    It must be an `and` of constraints. `most` is above 1.
    """
    turns = rng.randint(1, min(most, len(one.constraints)))
    ends = sorted(rng.sample(range(1, len(one.constraints)), turns - 1))
    return [
        Drawn(one.plain, one.constraints[:end], (), compose.plan("and", one.plain.seed, end, rng))
        for end in (*ends, len(one.constraints))
    ]


def record(
    id: str, turns: Sequence[Drawn], prompt: str, thinking: Thinking, rng: random.Random
) -> Instruction:
    """The record of all turns, each with its expert's answer; `prompt` is the first turn's.

    Raises Impossible if no choice of the seed's sentences meets a turn.
    """
    experts = [turn.expert(thinking, rng) for turn in turns]
    if None in experts:
        raise Impossible("no choice of sentences meets it")
    first, *others = (expert for expert in experts if expert)
    language = turns[0].plain.seed.language
    then = []
    for (before, turn), expert in zip(pairwise(turns), others, strict=True):
        new = turn.constraints[len(before.constraints) :]
        more = ("" if language == "zh" else " ").join(
            compose.worded(constraint, language, rng) for constraint in new
        )
        onward = rng.choice(_ONWARD[language]).format(more=more)
        then.append(FollowUp(prompt=onward, constraints=turn.constraints, expert=expert))
    return turns[0].record(id, prompt, first, {}).model_copy(update={"then": tuple(then)})
