"""The one door for replies: every stage reads them here, split into thinking and answer.

A reply that is no answer says why: it is cut off, empty, a refusal, or an answer wrapped in chatter. What was
asked and what came back is noted for the item that a stage works on, as it came.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from raif.client.chat import Reply
from raif.client.paid import PaidClient
from raif.errors import EndpointError
from raif.prompts import Prompts
from raif.reasoning import Style, parted, split
from raif.types import Frozen, Message

_HEAD = 300
"""Characters in which a refusal shows."""
_REFUSAL = re.compile(
    r"^\W*(?:(?:i(?:'|’)?m|i am|we are|we're)?\s*(?:so|very|really|truly)?\s*(?:sorry|afraid)|unfortunately|"
    r"(?:i|we|my) apologi\w+|as an ai)\b.{0,80}?"
    r"\b(?:can(?:'|’)?t|cannot|can not|unable|not able|won(?:'|’)?t)\b.{0,20}?"
    r"\b(?:help|assist|comply|fulfil\w*|provide|answer|do (?:that|this|so)|with (?:that|this))\b|"
    r"^\W*(?:i|we) (?:can(?:'|’)?t|cannot|can not|won(?:'|’)?t|am unable to|must decline|decline)\b.{0,10}?"
    r"\b(?:to|help|assist|comply|fulfil\w*|provide|answer|do (?:that|this|so))\b|"
    r"^\W*(?:我)?(?:很|非常|十分|实在)?(?:抱歉|对不起|不好意思).{0,30}?(?:无法|不能|没法|不便|帮不)|"
    r"^\W*(?:我|作为.{0,12}?(?:AI|人工智能|助手|模型)).{0,10}?(?:无法|不能)(?:提供|协助|帮|回答|完成|满足|生成)",
    re.IGNORECASE,
)
_WRAPPED = re.compile(
    r"^\W*(?:sure|certainly|of course|absolutely|okay|ok|alright|got it|no problem|gladly)\b[^\n\w]*"
    r"(?:\n|here\b|below\b|this is\b|i(?:'|’)ve\b|i have\b|[^\n]{0,80}:\s*\n)|"
    r"^\W*(?:here(?:'|’)?s|here is|here are|below (?:is|are)|the following is) [^\n:]{0,100}:\s|"
    r"^\W*(?:好的|当然|没问题|可以)[，,！!。：:～~\s]*(?:\n|以下|下面|这是|这里)|"
    r"^\W*(?:以下|下面|这)是[^\n：:]{0,30}[：:]\s*\n|"
    r"^```",
    re.IGNORECASE,
)
_TRAILER = re.compile(
    r"\n\s*(?:let me know|feel free|i hope (?:this|that)|is there anything|would you like|"
    r"如果(?:你|您)?(?:需要|还有|有)|希望(?:这|以上|对))[^\n]*$",
    re.IGNORECASE,
)
_STARTS = {
    "not applicable": re.compile(r"\W*(not applicable|n/a|不适用)(?![a-z])", re.IGNORECASE),
    "no": re.compile(r"\W*(no\b|否|不是|没有)", re.IGNORECASE),
    "yes": re.compile(r"\W*(yes\b|是)", re.IGNORECASE),
}


class Said(NamedTuple):
    """A reply in its parts, and why it can't be used; "" if it can."""

    thinking: str
    text: str
    fault: str


def said(reply: Reply, style: Style = "none") -> Said:
    """What a reply says. `style`: how the model was asked to mark its thinking, or is known to."""
    if style == "tagged":
        found = split(reply.text, style)
        thinking, text = "\n".join(filter(None, (reply.reasoning, found.thinking))), found.answer
    else:
        thinking, text = parted(reply.text, reply.reasoning)
        if style == "deepseek" and not thinking and reply.reasoning is None and "</think" not in reply.text:
            text = None  # all of it is thinking that the prompt has opened
    text = (text or "").strip()
    if reply.truncated:
        fault = "cut off"
    elif not text:
        fault = "empty"
    else:
        fault = unwanted(text)
    return Said(thinking.strip(), text, fault)


def unwanted(text: str, *, written: bool = False) -> str:
    """Whether a text is a refusal or begins with chatter; "" if neither.

    `written`: it is a text in its own right, so that an offer of more help doesn't belong to it, either.
    """
    if _REFUSAL.search(text[:_HEAD]):
        return "refusal"
    if _WRAPPED.search(text[:_HEAD]) or (written and _TRAILER.search(text)):
        return "chatty wrapper"
    return ""


class Speaker:
    """A model that is asked through the door. Its thinking is marked as `style` says."""

    def __init__(self, chat: PaidClient, style: Style = "none") -> None:
        self.chat, self._style = chat, style

    async def say(self, *messages: Message, seed: int | None = None) -> Said:
        # nobody has asked for tags here: a model that needs to be asked for them doesn't think aloud
        style: Style = "none" if self._style == "tagged" else self._style
        return said(await self.chat.reply(messages, seed=seed), style)

    async def verdict(self, asked: Message, prompts: Prompts) -> Verdict:
        """The answer to a question, asked once more if it begins with no verdict."""
        found = await self.say(asked)
        word = read_verdict(found.text)
        if word is None and found.text:
            found = await self.say(
                asked, Message(role="assistant", content=found.text), prompts.turn("again")
            )
            word = read_verdict(found.text)
        shown = found.text or found.fault
        return Verdict(word, found.text if word else f"neither yes nor no: {shown[:200]!r}")


class Verdict(NamedTuple):
    """yes, no or not applicable, with its reason; `word` is None if the replies said neither."""

    word: str | None
    reason: str


def read_verdict(text: str) -> str | None:
    """yes, no or not applicable, if the text begins with one of them."""
    return next((word for word, pattern in _STARTS.items() if pattern.match(text)), None)


class Exchange(Frozen):
    """A request and its raw reply, or the error that came instead."""

    model: str
    messages: tuple[Message, ...]
    seed: int | None = None
    text: str | None = None
    reasoning: str | None = None
    truncated: bool = False
    error: str | None = None

    @property
    def empty(self) -> bool:
        """Whether the reply says nothing. It is not found again: asking again may help."""
        return self.error is None and not self.truncated and not (self.text or "").strip()


_NOTED: ContextVar[list[Exchange] | None] = ContextVar("exchanges", default=None)


@contextmanager
def noted() -> Iterator[list[Exchange]]:
    """What is asked within: in this task and in those that it starts."""
    exchanges: list[Exchange] = []
    token = _NOTED.set(exchanges)
    try:
        yield exchanges
    finally:
        _NOTED.reset(token)


def in_order(exchanges: Sequence[Exchange]) -> tuple[Exchange, ...]:
    """In an order that doesn't depend on which reply came first."""
    return tuple(sorted(exchanges, key=lambda each: each.model_dump_json()))


class NotingClient(PaidClient):
    """Notes each request with its reply for the item that asks."""

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        top_logprobs: int = 0,
        temperature: float | None = None,
        seed: int | None = None,
    ) -> Reply:
        def note(
            text: str | None = None,
            reasoning: str | None = None,
            truncated: bool = False,
            error: str | None = None,
        ) -> None:
            if (exchanges := _NOTED.get()) is not None:
                exchanges.append(
                    Exchange(
                        model=self.config.model,
                        messages=tuple(messages),
                        seed=seed,
                        text=text,
                        reasoning=reasoning,
                        truncated=truncated,
                        error=error,
                    )
                )

        try:
            reply = await super().reply(
                messages, top_logprobs=top_logprobs, temperature=temperature, seed=seed
            )
        except EndpointError as error:
            note(error=error.message)
            raise
        note(reply.text, reply.reasoning, reply.truncated)
        return reply
