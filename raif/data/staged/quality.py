"""The seven qualities of a request and its answer, each a question whether a fault is there."""

from __future__ import annotations

import re
from typing import Literal

from raif.client.chat import ChatClient
from raif.config.staged import Fault
from raif.judge.judgment import without_reasoning
from raif.prompts import Prompts
from raif.types import Frozen, Message

Answer = Literal["yes", "no", "not applicable"]

_STARTS: dict[Answer, re.Pattern[str]] = {
    "not applicable": re.compile(r"\W*(not applicable|n/a|不适用)(?![a-z])", re.IGNORECASE),
    "no": re.compile(r"\W*(no\b|否|不是|没有)", re.IGNORECASE),
    "yes": re.compile(r"\W*(yes\b|是)", re.IGNORECASE),
}


class Quality(Frozen):
    """What the judge says of one fault. `faulty` is None where it doesn't apply or can't be said."""

    fault: Fault
    faulty: bool | None
    judged: bool
    """False: the replies said neither yes nor no."""
    reason: str


async def quality(chat: ChatClient, prompts: Prompts, fault: Fault, request: str, answer: str) -> Quality:
    """Ask about one fault, once more where the reply can't be read."""
    question = prompts.tables["faults"][fault]
    asked = prompts.turn("quality", request=request, answer=answer, question=question)
    text = without_reasoning((await chat.reply((asked,))).text)
    if (said := _said(text)) is None and text:
        again = (asked, Message(role="assistant", content=text), prompts.turn("again"))
        text = without_reasoning((await chat.reply(again)).text)
        said = _said(text)
    if said is None:
        return Quality(fault=fault, faulty=None, judged=False, reason=f"neither yes nor no: {text[:200]!r}")
    faulty = None if said == "not applicable" else said == "yes"
    return Quality(fault=fault, faulty=faulty, judged=True, reason=text)


def _said(text: str) -> Answer | None:
    return next((word for word, pattern in _STARTS.items() if pattern.match(text)), None)
