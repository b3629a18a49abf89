"""The reward of the responses of one group: a weighted sum of functions that the config lists by name.

The paper's (arXiv 2506.01413) are registered here: `format`, `verdicts` and `math`, in [-3, 3] together, and
`length`. The same verdicts score benchmarks. A function of one's own gets the attempts of one group and
returns a number for each, or None if it can't say; it is named as `module:function`, or registered in REWARDS
by a plug-in (entry-point group `raif.rewards`).
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

from raif.config.train import RewardConfig
from raif.errors import ConfigError, RaifError, RewardError
from raif.reasoning import PLACEHOLDER, Response
from raif.registry import Registry
from raif.tasks import applies
from raif.text import repetition
from raif.types import Instruction, Relevance, Reward, Verification
from raif.verdicts.solution import readable

FULL, NONE = 2.0, -2.0
WRONG_SOLUTION = -1.5


@dataclass(frozen=True, slots=True)
class Attempt:
    """One response to an instruction, as rewards see it.

    `text` is all of it, `answer` None if it never got to one. `tokens`: how many were sampled. `truncated`:
    the limit cut it off. `free_to_think`: False for a response that contrast made answer without thinking.
    """

    instruction: Instruction
    text: str
    thinking: str
    answer: str | None
    format_valid: bool
    truncated: bool
    tokens: int
    verification: Verification
    free_to_think: bool = True
    relevance: Relevance | None = None
    """Measured if `rewards` lists `relevance`, of answers that pass a check; else None."""
    fresh_words: int = 0
    """What the answer alone says, about in words: see `raif.text.repetition`, over the rollout's prompts."""


Function = Callable[..., Sequence[float | None]]
"""Called with the attempts of one group, and the config's kwargs."""
REWARDS: Registry[Function] = Registry("reward", ConfigError)


@dataclass(frozen=True)
class Rewards:
    """The rewards of a run, ready to be called: name, weight, function."""

    parts: tuple[tuple[str, float, Function], ...]

    @classmethod
    def of(cls, listed: Sequence[RewardConfig], *, limit: int, window: int) -> Rewards:
        """Find each function. Raises ConfigError if one doesn't exist or doesn't take its kwargs.

        `limit` and `window`: the tokens that `length` counts by, unless its kwargs say otherwise.
        """
        parts = []
        marks = next((each.kwargs for each in listed if each.name == "verdicts"), {})
        defaults: dict[str, dict[str, Any]] = {
            "length": {"limit": limit, "window": window},
            "relevance": marks,  # both take back what `verdicts` gave
            "substance": marks,
        }
        for each in listed:
            function = find(each.name)
            kwargs = defaults.get(each.name, {}) | each.kwargs
            try:
                inspect.signature(function).bind([], **kwargs)
            except (TypeError, ValueError) as error:  # ValueError: a built-in one hides its arguments
                raise ConfigError(
                    f"rewards: {each.name} can't be called with a group's attempts and {kwargs}: {error}",
                    "Its first argument is a list of raif.verdicts.reward.Attempt; kwargs are the others.",
                ) from None
            parts.append((each.name, each.weight, partial(function, **kwargs)))
        return cls(tuple(parts))

    @property
    def by_relevance(self) -> bool:
        """Whether answers have to be relevant."""
        return any(name == "relevance" for name, _, _ in self.parts)

    def applying(self, task: str) -> list[str]:
        """The names of those for records of the task, without format and length."""
        names = [name for name, _, _ in self.parts if name not in ("format", "length")]
        return [name for name in names if applies(name, task)]

    def of_group(self, attempts: Sequence[Attempt]) -> list[Reward | str]:
        """What each attempt at one instruction earned, or the name of the reward that could not judge it."""
        task = attempts[0].instruction.task
        earned = [(n, weight, called(n, f, attempts)) for n, weight, f in self.parts if applies(n, task)]
        found: list[Reward | str] = []
        for position in range(len(attempts)):
            sums = {"format": 0.0, "accuracy": 0.0, "length": 0.0, "own": 0.0}
            values, unjudged = dict[str, float](), ""
            for name, weight, each in earned:
                value = each[position]
                if value is None:
                    unjudged = unjudged or name
                    continue
                values[name] = value
                sums[PART.get(name, "own")] += weight * value
            found.append(unjudged or Reward(**sums, values=values))
        return found


PART = {"format": "format", "verdicts": "accuracy", "math": "accuracy", "length": "length"}
"""Which part of a Reward a named one belongs to; all others belong to `own`."""


def find(name: str) -> Function:
    """A reward by its registered name, or as `module:function`, also from the working directory."""
    module, colon, function = name.partition(":")
    if not colon:
        return REWARDS[name]
    if "" not in sys.path:
        sys.path.append("")
    try:
        imported = import_module(module)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"rewards: {name}: {error}", "Install the module, or run in the folder that holds it."
        ) from None
    except (Exception, SystemExit) as error:  # whatever the module does
        raise ConfigError(
            f"rewards: {name}: {module} can't be imported: {type(error).__name__}: {error}",
            f"python -c 'import {module}' shows where.",
        ) from error
    try:
        found: Function = getattr(imported, function)
    except AttributeError:
        raise ConfigError(f"rewards: {name}: {module} has no {function!r}") from None
    return found


def called(name: str, function: Function, attempts: Sequence[Attempt]) -> Sequence[float | None]:
    """What a function returns for one group. What it raises gets a note that names it and the record.

    Raises RewardError if it doesn't return one finite number, or None, for each attempt.
    """
    record = attempts[0].instruction.id
    try:
        returned: Any = function(attempts)
    except RaifError:
        raise
    except (SystemExit, StopIteration) as error:  # no error to Python: the latter ends a loop
        raise RewardError(
            f"the reward {name} raised {error!r}, on record {record!r}",
            "Raise another exception instead, or return None for what can't be judged.",
        ) from None
    except Exception as error:
        error.add_note(
            f"raised by the reward {name} on record {record!r}. Fix it, and resume from the newest "
            "checkpoint with --resume."
        )
        raise
    try:
        values = [] if isinstance(returned, str | Mapping) else list(returned)
    except TypeError:  # one number, or a tensor of one
        values = []
    numbers = [None if value is None else _number(value) for value in values]
    wrong = [v for v, n in zip(values, numbers, strict=True) if n is not None and not math.isfinite(n)]
    if len(values) == len(attempts) and not wrong:
        return numbers
    if wrong:
        what = f"{wrong[0]!r}, which is neither a finite number nor None"
    elif values or returned == []:
        what = f"{len(values)} values for {len(attempts)} responses"
    else:
        what = f"{returned!r}, which is no list"
    raise RewardError(
        f"the reward {name} returned {what}, on record {record!r}",
        "It returns a number, or None, for each response. Fix it, and resume with --resume.",
    )


def _number(value: Any) -> float:
    """Also of NumPy and torch; NaN for what is no number."""
    try:
        return math.nan if isinstance(value, str | bytes) else float(value)
    except (TypeError, ValueError, RuntimeError):
        return math.nan


def format_reward(attempts: Sequence[Attempt]) -> list[float | None]:
    """1 for the right format, or where none is asked for; else -1."""
    return [1.0 if _valid(a.instruction, a.format_valid) else -1.0 for a in attempts]


def verdicts_reward(attempts: Sequence[Attempt], *, full_marks: bool = False) -> list[float | None]:
    """The share of checks that pass; 2 for all, -2 for none or for an unusable response.

    `full_marks`: -2 for anything but all.
    """
    return [_share(a, full_marks=full_marks) for a in attempts]


def relevance_reward(attempts: Sequence[Attempt], *, full_marks: bool = False) -> list[float | None]:
    """A gate: takes back what `verdicts` gave to an answer that is not relevant. None if undecided."""
    return [_gate(a, _share(a, full_marks=full_marks)) for a in attempts]


def substance_reward(
    attempts: Sequence[Attempt], *, words: int = 20, echoes: bool = True, full_marks: bool = False
) -> list[float | None]:
    """Takes back what `verdicts` gave to an answer without a fresh word, and less the more there are, up to
    `words`: one that follows by being short, repeating itself or saying the same to everybody gains little.
    `echoes`: False if one that repeats its thinking has none.
    """
    return [_hollow(a, _share(a, full_marks=full_marks), words, echoes) for a in attempts]


def math_reward(attempts: Sequence[Attempt]) -> list[float | None]:
    """For tasks with a right answer: 2 if right, -1.5 if wrong, -2 if no answer can be read."""
    return [_solved(a) for a in attempts]


def length_reward(attempts: Sequence[Attempt], *, limit: int, window: int) -> list[float | None]:
    """DAPO's soft punishment (arXiv 2503.14476): from 0 to -1 over the last `window` of `limit` tokens."""
    return [overlong(a.tokens, limit=limit, window=window) for a in attempts]


REWARDS.add("format", format_reward)
REWARDS.add("verdicts", verdicts_reward)
REWARDS.add("relevance", relevance_reward)
REWARDS.add("substance", substance_reward)
REWARDS.add("math", math_reward)
REWARDS.add("length", length_reward)


def _gate(a: Attempt, share: float | None) -> float | None:
    if a.relevance is None or share is None:
        return 0.0
    return {True: 0.0, False: NONE - share, None: None}[a.relevance.relevant]


def _hollow(a: Attempt, share: float | None, words: int, echoes: bool) -> float:
    if share is None or (a.relevance and a.relevance.relevant is False):  # which took everything back
        return 0.0
    if not echoes and repetition.echoes(a.answer or "", a.thinking, a.instruction.prompt):
        return NONE - share
    return (NONE - share) * max(0, words - a.fresh_words) / words if words else 0.0


def _share(a: Attempt, *, full_marks: bool) -> float | None:
    # A plain response need not think: otherwise every plain response would get the lowest accuracy, and
    # superior-CoT would have nothing to compare with.
    response = Response(a.thinking, a.answer, a.format_valid)
    if unusable(a.instruction, response, thinking=a.free_to_think):
        return NONE
    fraction = a.verification.fraction
    if fraction is None or fraction == 1:
        return fraction and FULL
    return NONE if full_marks or not fraction else fraction


def _solved(a: Attempt) -> float | None:
    right = a.verification.verdicts[-1].passed  # the verdict on the solution comes last
    wrong = WRONG_SOLUTION if readable(a.instruction, a.answer or "") else NONE
    return None if right is None else FULL if right else wrong


def unusable(instruction: Instruction, response: Response, *, thinking: bool) -> bool:
    """Whether the reward `verdicts` is the lowest, whatever the verdicts on constraints and questions are."""
    unthinking = response.thinking.strip() in ("", PLACEHOLDER)
    return not _valid(instruction, response.format_valid) or not response.answer or (thinking and unthinking)


def _valid(instruction: Instruction, format_valid: bool) -> bool:
    return format_valid or not instruction.format_required


def overlong(tokens: int, *, limit: int, window: int) -> float:
    """The soft punishment of one response."""
    return -max(0, tokens - (limit - window)) / window if window else 0.0
