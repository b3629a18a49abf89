"""The project's terms as types. What is read from files is validated; results are plain and frozen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from raif import tasks
from raif.dialect import Dialect, dialect_of, semantics

SOLVED = ("math", "kk")
"""Tasks with a right answer, which is in `reference`."""


class Frozen(BaseModel):
    """A validated, immutable value. Unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Message(Frozen):
    role: Literal["system", "user", "assistant"]
    content: str


def digest(messages: Sequence[Message]) -> str:
    """Identifies a conversation in stored files."""
    turns = json.dumps([message.model_dump() for message in messages], sort_keys=True)
    return hashlib.sha256(turns.encode()).hexdigest()[:16]


class Constraint(Frozen):
    """One requirement that code checks. `kwargs` are those of the kind named by `id`."""

    id: str
    kwargs: dict[str, Any] = Field(default_factory=dict)


class Question(Frozen):
    """One yes/no question for a judge. Yes means that the requirement is met."""

    text: str


class Composition(Frozen):
    """How the checks of a record are composed. A part is the position of a check, or a nested composition.

    Positions count the constraints first, then the questions. `selected` is the part of a selection that the
    input chooses: only its checks are active.
    """

    kind: Literal["and", "chain", "selection"]
    parts: tuple[int | Composition, ...] = Field(min_length=1)
    selected: int | None = None


class Expert(Frozen):
    """A verified answer with its thinking, for behaviour cloning."""

    thinking: str
    answer: str


class FollowUp(Frozen):
    """A further turn of a record: what the user says next, and what the answer to that is checked for."""

    prompt: str
    constraints: tuple[Constraint, ...] = ()
    questions: tuple[Question, ...] = ()
    expert: Expert | None = None


class Instruction(Frozen):
    """One record: an RL prompt, an example for behaviour cloning, and the specification of its checks."""

    id: str
    task: Annotated[str, AfterValidator(tasks.known)] = "ifeval"
    messages: tuple[Message, ...] = Field(min_length=1)
    language: str = "en"
    dialect: Annotated[Dialect, BeforeValidator(dialect_of)] = "raif"
    constraints: tuple[Constraint, ...] = ()
    questions: tuple[Question, ...] = ()
    composition: Composition | None = None
    reference: str | None = None
    expert: Expert | None = None
    then: tuple[FollowUp, ...] = ()
    """Further turns, each after the model's own answer to the one before; all other fields are of the first.
    `raif.records.turns` gives each turn as a record of its own."""
    format_required: bool = True
    """False for released tasks with the suffix woFormat, whose format reward is always +1."""
    plain_score: float | None = None
    """The share of checks that a stored answer without thinking passes, if the source has one."""
    provenance: dict[str, Any] = Field(default_factory=dict)

    @property
    def semantics(self) -> str:
        """Which variant of each kind applies to this record."""
        return semantics(self.dialect, self.language)

    @property
    def prompt(self) -> str:
        """The last user turn."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one check. None: it could not be judged, so it is left out of scores and counted."""

    id: str
    passed: bool | None
    passed_loose: bool | None
    reason: str
    active: bool = True
    """False: it doesn't count, because its branch is not taken or its chain broke before it."""

    @property
    def kind(self) -> str:
        """What it is tallied under. All questions are of one kind."""
        return "question" if self.id.startswith("question:") else self.id


@dataclass(frozen=True, slots=True)
class Verification:
    """All verdicts on one response, in the order of its checks, and what they add up to.

    `fraction` is the share of active, judged checks that pass strictly; None if there are none. `followed` is
    True if all of them pass, None if that can't be said.
    """

    verdicts: tuple[Verdict, ...]
    followed: bool | None
    followed_loose: bool | None
    fraction: float | None

    @property
    def counted(self) -> tuple[Verdict, ...]:
        """The verdicts of active checks."""
        return tuple(verdict for verdict in self.verdicts if verdict.active)


@dataclass(frozen=True, slots=True)
class Relevance:
    """Whether an answer is one to its prompt, by a frozen model (`raif.models.relevance`) or by a judge.

    `relevant` is None if that can't be said. `gain`: how much likelier the answer is under its own prompt
    than under others on average, in nats a token; None if a judge was asked.
    """

    relevant: bool | None
    gain: float | None = None


@dataclass(frozen=True, slots=True)
class Reward:
    """What one response earned. The four parts have their weights in them.

    `format` in [-1, 1], `accuracy` (verdicts or math) in [-2, 2] and `length` in [-1, 0] are the paper's, and
    its weights are 1; `own` is the sum of all other rewards. `values`: what each gave, before its weight.
    """

    format: float
    accuracy: float
    length: float = 0.0
    own: float = 0.0
    values: Mapping[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return self.format + self.accuracy + self.length + self.own

    @property
    def unweighted(self) -> float:
        """The accuracy before its weight, in the paper's units, as far as relevance lets it count."""
        accuracy = self.values.get("verdicts", self.values.get("math", self.accuracy))
        return accuracy + self.values.get("relevance", 0.0)

    @property
    def content(self) -> float:
        """What the answer itself is worth, whatever its format and length: contrast compares this."""
        return self.accuracy + self.own
