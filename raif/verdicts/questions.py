"""Asking a judge a record's questions, but only those that count.

Each round asks the questions that count however the open ones are answered; their answers decide what the
next round asks. So a question behind a failed check, or in a branch that is not taken, costs no call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from raif.constraints.tree import active
from raif.judge.judgment import JudgeItem
from raif.types import Instruction, Message, Verdict

if TYPE_CHECKING:
    from raif.judge.judge import Judge

NOT_ASKED = "not asked: inactive"


async def judged(
    instruction: Instruction, answer: str, found: Sequence[Verdict], judge: Judge
) -> list[Verdict]:
    """The verdicts, with those on questions filled in."""
    done, first = list(found), len(instruction.constraints)
    request = asked(instruction)
    positions = range(first, first + len(instruction.questions))
    waiting = {position for position in positions if done[position].passed is None}
    while round_ := due(instruction, done, waiting):
        items = [
            JudgeItem(request, answer, instruction.questions[position - first].text, instruction.language)
            for position in round_
        ]
        for position, said in zip(round_, await asyncio.gather(*map(judge.judge, items)), strict=True):
            done[position] = Verdict(done[position].id, said.passed, said.passed, said.reason)
        waiting -= set(round_)
    for position in waiting:
        done[position] = replace(done[position], reason=NOT_ASKED)
    return done


def due(instruction: Instruction, found: Sequence[Verdict], waiting: Collection[int]) -> list[int]:
    """The waiting positions that count, strictly or loosely, even if all waiting checks fail."""
    strict = [position not in waiting and verdict.passed for position, verdict in enumerate(found)]
    loose = [position not in waiting and verdict.passed_loose for position, verdict in enumerate(found)]
    counts = zip(active(instruction.composition, strict), active(instruction.composition, loose), strict=True)
    return [position for position, either in enumerate(counts) if position in waiting and any(either)]


def asked(instruction: Instruction) -> str:
    """What the user asked for."""
    return transcript(instruction.messages)


def transcript(messages: Sequence[Message]) -> str:
    """A single turn as it is, several turns with their roles."""
    if len(messages) == 1:
        return messages[0].content
    return "\n\n".join(f"[{message.role}]\n{message.content}" for message in messages)
