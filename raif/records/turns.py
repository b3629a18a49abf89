"""A record of several turns, turn by turn: each is a record of its own, after the answers before it.

Verdicts, rewards and requests all take such a record, so they need to know nothing of conversations.
"""

from __future__ import annotations

from collections.abc import Sequence

from raif.errors import RecordError
from raif.types import SOLVED, Instruction, Message


def at_turn(record: Instruction, answers: Sequence[str] = ()) -> Instruction:
    """The turn that comes after these answers. A record of one turn is its only turn.

    Raises RecordError if there is no such turn.
    """
    if len(answers) > len(record.then):
        raise RecordError(
            f"{record.id}: {len(answers)} answers before a turn, of {1 + len(record.then)} turns"
        )
    if not record.then:
        return record
    id = f"{record.id}/{1 + len(answers)}"
    if not answers:
        return record.model_copy(update={"id": id, "then": ()})
    messages = list(record.messages)
    for answer, following in zip(answers, record.then, strict=False):
        messages.append(Message(role="assistant", content=answer))
        messages.append(Message(role="user", content=following.prompt))
    turn = record.then[len(answers) - 1]
    changed = {
        "id": id,
        "then": (),
        "messages": tuple(messages),
        "task": "ifeval" if record.task in SOLVED else record.task,
        "constraints": turn.constraints,
        "questions": turn.questions,
        "expert": turn.expert,
        "composition": None,
        "reference": None,
        "plain_score": None,
    }
    return record.model_copy(update=changed)


def blank_turns(record: Instruction) -> list[Instruction]:
    """All turns, after empty answers: for what does not depend on them."""
    return [at_turn(record, [""] * number) for number in range(1 + len(record.then))]


def with_experts(record: Instruction) -> list[Instruction]:
    """The turns up to the first that lacks an expert answer, each after the experts' answers before it."""
    turns, answers = list[Instruction](), list[str]()
    while len(answers) <= len(record.then):
        turn = at_turn(record, answers)
        if turn.expert is None:
            break
        turns.append(turn)
        answers.append(turn.expert.answer)
    return turns
