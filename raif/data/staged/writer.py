"""What the teacher writes for an instruction: words of its topic, sub-instructions, fluent text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from raif.client.chat import ChatClient, Reply
from raif.prompts import Prompts
from raif.text.han import COMMON_HAN
from raif.types import Message

T = TypeVar("T")
ATTEMPTS = 2

_MARK = r"^[\W\d_]*"
_REQUIREMENT = re.compile(rf"{_MARK}(?:requirement|要求)\W*\d*\W*[:：]\W*(.+)$", re.IGNORECASE)
_QUESTION = re.compile(rf"{_MARK}(?:question|问题)\W*\d*\W*[:：]\W*(.+)$", re.IGNORECASE)
_WORD = {"en": re.compile(r"[A-Za-z][a-z'’-]{2,}"), "zh": re.compile(f"[{COMMON_HAN}]{{2,4}}")}
_EXACT = re.compile(r"\"[^\"\n]+\"|“[^”\n]+”|\d+|[*<>\[\]{}#]+")
_CASE = {"en": re.compile(r"\b(if|when|unless)\b", re.IGNORECASE), "zh": re.compile("如果|若|要是|假如")}


class Requirement(NamedTuple):
    """What is asked for in words, and the question whose yes says that an answer does it."""

    text: str
    question: str


class Writer:
    """Asks in the language of the request, and once more if a reply can't be used."""

    def __init__(self, chat: ChatClient, prompts: Prompts, language: str) -> None:
        self._chat, self._prompts, self._language = chat, prompts, language

    async def keywords(self, request: str, count: int, seed: int) -> tuple[str, ...]:
        """Up to `count` words; an empty tuple if too few can be read to draw from."""
        asked = self._prompts.turn("keywords", request=request, count=count)
        return await self._tried(asked, seed, lambda reply: self._words(reply.text, count)) or ()

    async def requirements(self, request: str, count: int, seed: int) -> tuple[Requirement, ...] | None:
        """`count` sub-instructions; None if fewer can be read."""
        asked = self._prompts.turn("requirements", request=request, count=count)
        return await self._tried(asked, seed, lambda reply: self._pairs(reply.text, count))

    async def fused(self, request: str, outline: str, conditional: bool, seed: int) -> str | None:
        """The outline as fluent text; None if it lacks a number, a quotation or a condition."""
        asked = self._prompts.turn("fuse", request=request, outline=outline)
        return await self._tried(asked, seed, lambda reply: self._whole(reply, outline, conditional))

    async def _tried(self, asked: Message, seed: int, read: Callable[[Reply], T | None]) -> T | None:
        for attempt in range(ATTEMPTS):
            if (found := read(await self._chat.reply((asked,), seed=seed + attempt))) is not None:
                return found
        return None

    def _words(self, text: str, count: int) -> tuple[str, ...] | None:
        lines = re.split(r"[\n,，、;；]", text)
        words = [re.sub(r"^[\W\d_]+|[\W\d_]+$", "", line) for line in lines]
        fit = [word.lower() for word in words if _WORD[self._language].fullmatch(word)]
        found = tuple(dict.fromkeys(fit))[:count]
        return found if len(found) >= min(3, count) else None

    def _pairs(self, text: str, count: int) -> tuple[Requirement, ...] | None:
        """The first `count` pairs of lines that aren't the prompt's own example."""
        found: dict[str, Requirement] = {}
        wanted = ""
        for line in text.splitlines():
            if said := _REQUIREMENT.match(line):
                wanted = said[1].strip()
            elif (said := _QUESTION.match(line)) and wanted:
                stop = "" if wanted[-1] in ".!?。！？" else "。" if self._language == "zh" else "."
                found.setdefault(wanted, Requirement(wanted + stop, said[1].strip()))
                wanted = ""
        own = [pair for text, pair in found.items() if text not in self._prompts.templates["requirements"]]
        return tuple(own[:count]) if len(own) >= count else None

    def _whole(self, reply: Reply, outline: str, conditional: bool) -> str | None:
        text = reply.text.strip()
        lost = [part for part in _EXACT.findall(outline) if part.strip('"“”') not in text]
        fits = text and not reply.truncated and len(text) <= 3 * len(outline) + 200
        cased = not conditional or _CASE[self._language].search(text)
        return text if fits and cased and not lost else None
