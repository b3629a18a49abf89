"""Splitting a response into thinking and answer, and checking its format.

*tagged*: `<think>..</think><answer>..</answer>`, for instructed models that are asked for these tags.
*deepseek*: `..</think>answer`, for reasoning models. *none*: the response is the answer. *auto*: the tags
that a response has, if it has any.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from raif.errors import RaifError, did_you_mean

if TYPE_CHECKING:
    from raif.types import Message

Style = Literal["tagged", "deepseek", "none"]
TAGS: dict[Style, tuple[str, ...]] = {
    "tagged": ("<think>", "</think>", "<answer>", "</answer>"),
    "deepseek": ("<think>", "</think>"),
    "none": (),
}


class Tags(NamedTuple):
    """What a model puts before and after its thinking."""

    open: str
    close: str


Marks = Style | Literal["auto"] | Tags
"""How thinking is marked in responses that are given."""
OF_MODELS = (
    Tags("<think>", "</think>"),
    Tags("<thinking>", "</thinking>"),
    Tags("<thought>", "</thought>"),
    Tags("<reasoning>", "</reasoning>"),
    Tags("<seed:think>", "</seed:think>"),
    Tags("[THINK]", "[/THINK]"),
    Tags("◁think▷", "◁/think▷"),
    Tags("<|START_THINKING|>", "<|END_THINKING|>"),
)
"""The tags that `auto` knows: those of DeepSeek, Qwen and many others, three that prompts ask for, and those
of Seed, Magistral, Kimi and Command A.
"""
_FIRST = frozenset(tag[0] for tags in OF_MODELS for tag in tags)
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


def split(text: str, marks: Marks) -> Response:
    """Split a whole response. If the prompt opened the thinking, the tag may be part of `text` or not.

    *tagged* and *deepseek* are what a model was asked for: without their tags there is no answer. With *auto*
    or tags of one's own, a text without any tag is the answer, as it is. Raises RaifError for unknown marks.
    """
    if marks == "none":
        return Response("", text, True)
    if marks == "auto":
        found = tags_in(text)
        return _split_at(text, found) if found else Response("", text, True)
    if not isinstance(marks, str):
        return _split_at(text, Tags(*marks))
    if marks not in TAGS:
        raise RaifError(f"think: unknown value {marks!r}", did_you_mean(marks, [*TAGS, "auto"]))
    thinking = _inside_last("think", text)
    if marks == "tagged":
        answer = _inside_last("answer", text)
    else:
        _, closed, rest = text.rpartition("</think>")
        answer = rest.strip() if closed else None
    return Response(thinking or "", answer, _in_order(text, TAGS[marks]))


def tags_in(text: str) -> Tags | None:
    """Which of the known tags mark thinking in a text: one opens a line, or closes what the prompt opened.

    A text that only speaks of tags has an opening tag somewhere in a line, and before the closing one.
    """
    if not any(first in text for first in _FIRST):
        return None
    for tags in OF_MODELS:
        before, opened, _ = text.partition(tags.open)
        if opened and not before.rpartition("\n")[2].strip():
            return tags
        if not opened and tags.close in text:
            return tags
    return None


def parted(text: str, reasoning: str | None = None) -> tuple[str, str | None]:
    """Thinking and answer of a reply, however its server marks them.

    The answer is None if the thinking never ends. `reasoning` is what the server has split off; the text can
    still have thinking. The answer loses its own tags.
    """
    found = split(text, "auto")
    parts = [(reasoning or "").strip(), found.thinking]
    return "\n".join(filter(None, parts)), None if found.answer is None else _bare(found.answer)


def _split_at(text: str, tags: Tags) -> Response:
    """Thinking up to the last closing tag, without the tags. No answer if it is only opened."""
    head, closed, rest = text.rpartition(tags.close)
    if not closed:
        if tags.open not in text:
            return Response("", text, True)
        head, rest = text, ""
    parts = (part.strip() for part in head.replace(tags.open, tags.close).split(tags.close))
    thinking = "\n".join(filter(None, parts))
    return Response(thinking, _bare(rest) if closed else None, _in_order(text, tags))


def _bare(answer: str) -> str:
    """An answer without tags around it, and without space at its ends."""
    inside = _ANSWER.fullmatch(answer)
    return (inside[1] if inside else answer).strip()


_ANSWER = re.compile(r"\s*<answer>(.*?)(?:</answer>)?\s*", re.DOTALL)


def _in_order(text: str, tags: Sequence[str]) -> bool:
    """Whether each tag is there once, in this order."""
    positions = [text.find(tag) for tag in tags]
    return all(text.count(tag) == 1 for tag in tags) and positions == sorted(positions)


def _inside_last(tag: str, text: str) -> str | None:
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    return found[-1].strip() if found else None
