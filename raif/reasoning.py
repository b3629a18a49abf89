"""Splitting a response into thinking and answer, and checking its format.

*tagged*: `<think>..</think><answer>..</answer>`, for instructed models that are asked for these tags.
*deepseek*: `..</think>answer`, for reasoning models. *none*: the response is the answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from raif.types import Message

Style = Literal["tagged", "deepseek", "none"]
TAGS: dict[Style, tuple[str, ...]] = {
    "tagged": ("<think>", "</think>", "<answer>", "</answer>"),
    "deepseek": ("<think>", "</think>"),
    "none": (),
}
OPENED = "<think>\n"
EMPTY_THINKING = "<think>\n\n</think>\n"
PLACEHOLDER = "reasoning process here"
FORMAT_REQUEST = (
    "First think about the request, then answer it. Put the thinking between <think> and </think> and the "
    "answer between <answer> and </answer>, like this: "
    "<think>reasoning process here</think><answer>answer here</answer>."
)


def asked_to_think(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages with the request for the tags, at the end of the system prompt if there is one."""
    from raif.types import Message

    first, *rest = messages
    if first.role != "system":
        return (Message(role="system", content=FORMAT_REQUEST), *messages)
    return (Message(role="system", content=f"{first.content}\n{FORMAT_REQUEST}"), *rest)


@dataclass(frozen=True, slots=True)
class Response:
    """A response in its parts. `answer` is None if the response never got to one."""

    thinking: str
    answer: str | None
    format_valid: bool


def split(text: str, style: Style) -> Response:
    """Split a whole response. If the prompt opened `<think>`, the tag must be part of `text`."""
    if style == "none":
        return Response("", text, True)
    thinking = _inside_last("think", text)
    if style == "tagged":
        answer = _inside_last("answer", text)
    else:
        _, closed, rest = text.rpartition("</think>")
        answer = rest.strip() if closed else None
    positions = [text.find(tag) for tag in TAGS[style]]
    valid = all(text.count(tag) == 1 for tag in TAGS[style]) and positions == sorted(positions)
    return Response(thinking or "", answer, valid)


def parted(text: str, reasoning: str | None = None) -> tuple[str, str | None]:
    """Thinking and answer of a reply, however its server marks them.

    The answer is None if the thinking never ends. `reasoning` is what the server has split off. The text can
    still have thinking: between tags, or up to a closing tag alone, because the prompt has opened it. The
    answer loses its own tags.
    """
    found = [reasoning.strip()] if reasoning and reasoning.strip() else []
    *before, rest = _CLOSED.split(text)
    if before:
        found.append(_OPENED.sub("", "\n".join(before)).strip())
    elif _OPENED.search(rest):
        return "\n".join([*found, _OPENED.sub("", rest).strip()]), None
    inside = _ANSWER.fullmatch(rest)
    return "\n".join(found), (inside[1] if inside else rest).strip()


_OPENED = re.compile(r"^[^\S\n]*<think(?:ing)?>", re.MULTILINE)
_CLOSED = re.compile(r"</think(?:ing)?>")
_ANSWER = re.compile(r"\s*<answer>(.*?)(?:</answer>)?\s*", re.DOTALL)


def _inside_last(tag: str, text: str) -> str | None:
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    return found[-1].strip() if found else None
