"""Errors that the user can fix: each says what is wrong, where, and what to do next.

Any other exception is a bug and keeps its traceback.
"""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Iterable, Sequence
from typing import Self

LISTED = 40
"""So many known values are listed."""


class RaifError(Exception):
    """Something wrong or missing outside the program. `hint` says what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class ConfigError(RaifError):
    """A preset, config file or override that can't be used."""


class RecordError(RaifError):
    """A line of a data file that can't be used; the message starts with file:line."""


class ConstraintError(RaifError):
    """An unknown constraint id, or kwargs that don't fit it."""


class MissingDependency(RaifError):
    """An optional package that this command needs is not installed."""


class EndpointError(RaifError):
    """A model server that can't be reached, or that refuses a request."""


class FailedRequest(EndpointError):
    """A request that has failed for good although others may succeed. `reason` is what many can share."""

    def __init__(self, message: str, hint: str = "", reason: str = "") -> None:
        super().__init__(message, hint)
        self.reason = reason


class RefusedRequest(FailedRequest):
    """A request that the server calls wrong, for example because it is too long."""


TOO_LONG = "the prompt doesn't fit the context"


class TooLong(RefusedRequest):
    """A request whose prompt leaves no room for a reply in the model's context: counted, and never fatal."""

    @classmethod
    def of(cls, error: EndpointError) -> Self:
        """A server's refusal as what it is."""
        return cls(
            error.message,
            "Such items need a model with a longer context; vLLM's is set by --max-model-len.",
            TOO_LONG,
        )


class RewardError(RaifError):
    """A reward function of the user's returned something else than rewards."""


class NothingJudged(RaifError):
    """No response of a training step could be judged, so there is nothing to learn from."""


class UnhealthyRun(RaifError):
    """A run stopped itself, as asked, because something was ruining it."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest known spelling, or lists what is known. Empty if nothing is.

    An id such as `keywords:existence` may have been put into another family; otherwise it is compared with
    those of its own first, without the family.
    """
    options = sorted(known)
    family, colon, rest = name.rpartition(":")
    own = [each for each in options if colon and each.startswith(f"{family}:")]
    others = [each for each in options if each not in own]
    in_family = [each.rpartition(":")[2] for each in own]
    near = (
        [each for each in others if colon and each.endswith(f":{rest}")]
        or [f"{family}:{each}" for each in difflib.get_close_matches(rest, in_family, n=1)]
        or difflib.get_close_matches(name, others, n=1, cutoff=0.8 if own else 0.6)
    )
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Known: {listed(own or options)}." if options else ""


def listed(names: Sequence[str], most: int = LISTED) -> str:
    """The names, or the first of them and how many more there are."""
    more = f", and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def require(*modules: str, extra: str) -> None:
    """Raise MissingDependency, with the extra that installs it, if one of `modules` can't be imported."""
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise MissingDependency(
                f"this needs {module}, which is not installed", f"pip install 'raif[{extra}]'"
            )
