"""The questions of a record, asked of a judge: only those that count, as far as that is known.

A round asks what counts whatever comes of the open questions; its answers decide what the next round asks. So
a question behind a failed check, or in a branch that is not taken, costs no call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from raif.constraints.tree import active
from raif.judge.judgment import JudgeItem
from raif.types import Instruction, Verdict

if TYPE_CHECKING:
    from raif.judge.judge import Judge

NOT_ASKED = "not asked: inactive"


async def judged(
    instruction: Instruction, answer: str, found: Sequence[Verdict], judge: Judge
) -> list[Verdict]:
    """The verdicts with those of the questions in place of None."""
    done, first = list(found), len(instruction.constraints)
    positions = range(first, first + len(instruction.questions))
    waiting = {position for position in positions if done[position].passed is None}
    while round_ := due(instruction, done, waiting):
        items = [_item(instruction, answer, position - first) for position in round_]
        for position, said in zip(round_, await asyncio.gather(*map(judge.judge, items)), strict=True):
            done[position] = Verdict(done[position].id, said.passed, said.passed, said.reason)
        waiting -= set(round_)
    for position in waiting:
        done[position] = replace(done[position], reason=NOT_ASKED)
    return done


def due(instruction: Instruction, found: Sequence[Verdict], waiting: Collection[int]) -> list[int]:
    """Which of the waiting positions count, strictly or loosely, even if all waiting checks were to fail."""
    strict = [position not in waiting and verdict.passed for position, verdict in enumerate(found)]
    loose = [position not in waiting and verdict.passed_loose for position, verdict in enumerate(found)]
    counts = zip(active(instruction.composition, strict), active(instruction.composition, loose), strict=True)
    return [position for position, either in enumerate(counts) if position in waiting and any(either)]


def _item(instruction: Instruction, answer: str, number: int) -> JudgeItem:
    question = instruction.questions[number].text
    return JudgeItem(_input(instruction), answer, question, instruction.language)


def _input(instruction: Instruction) -> str:
    """What the user asked for: a single turn as it is, several with their roles."""
    messages = instruction.messages
    if len(messages) == 1:
        return messages[0].content
    return "\n\n".join(f"[{message.role}]\n{message.content}" for message in messages)
