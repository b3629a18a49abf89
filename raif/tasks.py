"""What the `task` of a record means: what a record must have, and which rewards are for it alone.

A plug-in adds a task of its own when its module is loaded, by the entry-point group `raif.tasks`:
`TASKS.add("poem", Task(rewards=("rhyme",)))`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from raif.errors import RaifError
from raif.registry import Registry
from raif.text import final_answer

if TYPE_CHECKING:
    from raif.types import Instruction


@dataclass(frozen=True, slots=True)
class Task:
    """What a task asks of its records, and how they are rewarded.

    `rewards`: names of rewards, as `rewards` of the config lists them. A reward that some task names is for
    the records of such tasks only; every other reward is for all records.
    `lacks`: what is wrong with a record of this task, as `field: what`; "" if nothing is.
    """

    rewards: tuple[str, ...]
    lacks: Callable[[Instruction], str] = lambda record: ""


def _no_reference(record: Instruction) -> str:
    return "" if record.reference else f"reference: the task {record.task} needs the right answer"


def _no_roles(record: Instruction) -> str:
    assigned = final_answer.roles(record.reference or "")
    return _no_reference(record) or ("" if assigned else "reference: assigns no roles")


TASKS: Registry[Task] = Registry("task", RaifError)
TASKS.add("ifeval", Task(("verdicts", "relevance", "substance")))
TASKS.add("complex", Task(("verdicts", "relevance", "substance")))
TASKS.add("math", Task(("math",), _no_reference))
TASKS.add("kk", Task(("math",), _no_roles))


def known(name: str) -> str:
    """The name of a task. Raises ValueError, with the nearest spelling, if there is none of that name."""
    try:
        TASKS[name]
    except RaifError as error:
        raise ValueError(f"{name!r} is not a task. {error.hint}") from None
    return name


def applies(reward: str, task: str) -> bool:
    """Whether a reward, by its name in the config, is for records of the task."""
    return reward in TASKS[task].rewards or not any(reward in TASKS[name].rewards for name in TASKS)
