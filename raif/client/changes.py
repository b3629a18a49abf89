"""What is changed about a request so that its server takes it, learnt from what the server refuses.

Servers want another name for the limit, no temperature, or fewer tokens, and say so with HTTP 400. What a
model wants of all requests is remembered as long as the process lives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from raif.client.failures import REFUSED, Failed, words
from raif.client.tokens import estimated_tokens
from raif.errors import TooLong

NAMES = ("max_tokens", "max_completion_tokens")
"""What servers call the limit of a reply's tokens."""
RENAMED = "max_completion_tokens instead of max_tokens"
UNHEATED = "without a temperature"
CAPPED = "with the most tokens that the model writes"
FITTED = "with fewer tokens, to fit the server's context"
SPARE = 100
"""Tokens of the context that are left to the chat template."""
FEWER = 4
"""By how much a reply's tokens are divided if only trying shows how many the prompt leaves."""
_N = r"`?(\d[\d,]*)"
_RENAMES = re.compile(r"max_tokens\W{0,3} (?:is )?not supported|use \W?max_completion_tokens", re.I)
_HEAT = re.compile(
    r"temperature\b[^.]{0,60}\b(?:support|deprecated|only|allowed|permitted|cannot)|support[^.]{0,30}\btemperature\b",
    re.I,
)
_CAP = re.compile(
    rf"at most {_N} (?:completion|output) tokens|range of max\w*tokens (?:is|should be) \[\d+, ?{_N}\]"
    rf"|max\w*tokens\W{{0,2}} must be (?:less than or equal to|<=) {_N}"
    rf"|max\w*tokens: \d+ > {_N}, which is the maximum",
    re.I,
)
_CONTEXT = re.compile(
    rf"context (?:length|size|window) (?:is |of )?(?:only )?\(?{_N}|max_model_len=(?:max_total_tokens=)?{_N}"
    rf"|> {_N} maximum",
    re.I,
)
_PROMPT = re.compile(
    rf"{_N} (?:input tokens|tokens from the input|in the messages|in the prompt|of text input|prompt tokens)"
    rf"|messages resulted in {_N}|(?:request|input) \({_N} tokens\)|prompt (?:has|is too long:) {_N}",
    re.I,
)
_ABOUT_LENGTH = re.compile(r"context.?(?:length|size|window)|max_model_len|reduce the length", re.I)
_HOPELESS = re.compile(r"range of input length|input token count|prompt is too long|without any output", re.I)
"""What is said of prompts that leave nothing, whatever is asked for."""


@dataclass(frozen=True, slots=True)
class Changes:
    """`cap`: the most tokens of any reply. `context`: of prompt and reply together. `left`: what the server
    says, or trying shows, that the prompt of this one request leaves of it."""

    renamed: bool = False
    unheated: bool = False
    cap: int | None = None
    context: int | None = None
    left: int | None = None

    def applied(self, request: dict[str, Any]) -> dict[str, Any]:
        """The request as it is sent."""
        name = _limit_name(request)
        dropped = {name, "temperature"} if self.unheated else {name}
        left = self._bearable(request) if self.left is None else self.left
        limit = _least(request[name], self.cap, left)
        others = {key: value for key, value in request.items() if key not in dropped}
        return others | {NAMES[1] if self.renamed else name: limit}

    def _bearable(self, request: dict[str, Any]) -> int | None:
        """What to ask for at most, before the server has counted; None if its context is unknown."""
        if self.context is None:
            return None
        left, half = _room(self.context, request), self.context // 2
        # With a long prompt, an estimate on the high side would cost much of the reply: the server decides.
        return left if left >= half else max(half, self.context - SPARE)

    def after(self, failed: Failed, sent: dict[str, Any]) -> Changes | None:
        """With what to ask again after a refusal of the request `sent`; None: nothing is known to help.

        Raises Failed if its prompt doesn't fit into the context.
        """
        if failed.status not in REFUSED:
            return None
        said, param = words(failed.body), failed.body.get("param") if isinstance(failed.body, dict) else None
        name = _limit_name(sent)
        if name == NAMES[0] and _RENAMES.search(said):
            return replace(self, renamed=True)
        if "temperature" in sent and (param == "temperature" or _HEAT.search(said)):
            return replace(self, unheated=True)
        if (cap := _number(_CAP, said)) and cap < sent[name]:
            return replace(self, cap=cap)
        code = failed.body.get("code") if isinstance(failed.body, dict) else None
        hopeless = bool(_HOPELESS.search(said))
        if not (hopeless or code == "context_length_exceeded" or _ABOUT_LENGTH.search(said)):
            return None
        context = _least(self.context, _number(_CONTEXT, said))
        left = 0 if hopeless else _left(_number(_PROMPT, said), context, sent)
        if left < 1:
            raise Failed(TooLong.of(failed.error), status=failed.status, temporary=False) from failed
        return replace(self, left=left, context=context)

    def both(self, other: Changes) -> Changes:
        """What all requests are changed by, after two have shown it."""
        return Changes(
            self.renamed or other.renamed,
            self.unheated or other.unheated,
            _least(self.cap, other.cap),
            _least(self.context, other.context),
        )


def noted(request: dict[str, Any], sent: dict[str, Any], changes: Changes) -> tuple[str, ...]:
    """How a request differs from what was wanted, in words that many share."""
    name, now = _limit_name(request), _limit_name(sent)
    fewer = CAPPED if sent[now] == changes.cap else FITTED
    found = {
        RENAMED: name != now,
        UNHEATED: "temperature" in request and "temperature" not in sent,
        fewer: sent[now] < request[name],
    }
    return tuple(words for words, true in found.items() if true)


@dataclass
class Known:
    """What is known of one model on one server. `introduced`: its server was asked about it."""

    changes: Changes = Changes()
    introduced: bool = False


@cache
def known(base_url: str | None, model: str) -> Known:
    """The same for all clients of this process."""
    return Known()


def _limit_name(request: dict[str, Any]) -> str:
    return next(name for name in NAMES if name in request)


def _least(*numbers: int | None) -> Any:
    return min((number for number in numbers if number is not None), default=None)


def _number(pattern: re.Pattern[str], said: str) -> int | None:
    found = pattern.search(said)
    return int(next(filter(None, found.groups())).replace(",", "")) if found else None


def _room(context: int, request: dict[str, Any]) -> int:
    """What a request's prompt leaves of the context, at least: its tokens are estimated on the high side."""
    return context - SPARE - sum(estimated_tokens(turn["content"]) for turn in request["messages"])


def _left(prompt: int | None, context: int | None, sent: dict[str, Any]) -> int:
    """The tokens that the reply to a refused request may have, fewer than were asked for; 0: none.

    `prompt`: its tokens, as the server says. Some count them only up to where they are too many, so that one
    less seems to be left than was asked for.
    """
    limit = sent[_limit_name(sent)]
    if prompt and context and prompt >= context:
        return 0
    counted = context - prompt if prompt and context else 0
    guesses = (counted, _room(context, sent) if context else 0)
    return next((left for left in guesses if 0 < left < limit - 1), limit // FEWER)
