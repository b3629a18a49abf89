"""What the teacher writes for an instruction: words of its topic, sub-instructions, fluent text."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from raif.data.builtin.compose import Plan
from raif.data.staged.fusion import Finding, Fused, Rule, examine
from raif.data.staged.replies import Said, Speaker
from raif.prompts import Prompts
from raif.text.han import COMMON_HAN

T = TypeVar("T")
ATTEMPTS = 2

_MARK = r"^[\W\d_]*"
_REQUIREMENT = re.compile(rf"{_MARK}(?:requirement|step|要求|步骤)\W*\d*\W*[:：]\W*(.+)$", re.IGNORECASE)
_QUESTION = re.compile(rf"{_MARK}(?:question|问题)\W*\d*\W*[:：]\W*(.+)$", re.IGNORECASE)
_WORD = {"en": re.compile(r"[A-Za-z][a-z'’-]{2,}"), "zh": re.compile(f"[{COMMON_HAN}]{{2,4}}")}
_INTERJECTIONS = {"hmm", "sure", "okay", "sorry", "here", "yes", "well", "certainly", "好的", "当然", "抱歉"}
_STOPS = ".!?。！？"


class Requirement(NamedTuple):
    """What is asked for in words, and the question whose yes says that an answer does it."""

    text: str
    question: str


class Try(NamedTuple):
    """One fused text: what was wrong with it, and what was found part by part."""

    fault: str
    findings: tuple[Finding, ...]


class Fusion(NamedTuple):
    """The outline as fluent text; None if no try said what the outline says."""

    text: str | None
    tries: tuple[Try, ...]


class Writer:
    """Asks in the language of the request, and once more if a reply can't be used.

    `judge` reads what code can't: whether a fused text states a rule.
    """

    def __init__(self, teacher: Speaker, judge: Speaker, prompts: Prompts, language: str) -> None:
        self._teacher, self._judge, self._prompts, self._language = teacher, judge, prompts, language

    async def keywords(self, request: str, count: int, seed: int) -> tuple[str, ...]:
        """Up to `count` words; an empty tuple if too few can be read to draw from."""
        found = await self._tried(
            "keywords", request, count, seed, lambda said: self._words(said.text, count, said.fault)
        )
        return found or ()

    async def requirements(
        self, request: str, count: int, seed: int, *, steps: bool = False
    ) -> tuple[Requirement, ...] | None:
        """`count` sub-instructions, or steps that build on each other; None if fewer can be read."""
        name = "steps" if steps else "requirements"
        own = self._prompts.templates[name]
        return await self._tried(
            name, request, count, seed, lambda said: self._pairs(said.text, count, said.fault, own)
        )

    async def fused(self, request: str, outline: str, plan: Plan, rules: Sequence[Rule], seed: int) -> Fusion:
        """The outline as fluent text, checked against the plan's tree."""
        asked = self._prompts.turn("fuse", request=request, outline=outline)
        tries: list[Try] = []
        for attempt in range(ATTEMPTS):
            said = await self._teacher.say(asked, seed=seed + attempt)
            if said.fault:
                tries.append(Try(said.fault, ()))
                continue
            found = examine(said.text, plan, rules, outline, request, self._language)
            if not found.failed:
                found = await self._judged(request, said.text, found)
            tries.append(Try(found.failed, found.findings))
            if not found.failed:
                return Fusion(said.text, tuple(tries))
        return Fusion(None, tuple(tries))

    async def _judged(self, request: str, text: str, found: Fused) -> Fused:
        """With the judge's verdicts on the parts that code can't read. What can't be judged has failed."""

        async def judged(position: int, rule: str) -> None:
            asked = self._prompts.turn("states", request=request, text=text, rule=rule)
            verdict = await self._judge.verdict(asked, self._prompts)
            findings[position] = Finding(rule, "judge", verdict.word == "yes", verdict.reason)

        findings = list(found.findings)
        await asyncio.gather(*(judged(position, rule) for position, rule in found.questions))
        return found._replace(findings=tuple(findings), questions=())

    async def _tried(
        self, name: str, request: str, count: int, seed: int, read: Callable[[Said], T | None]
    ) -> T | None:
        asked = self._prompts.turn(name, request=request, count=count)
        for attempt in range(ATTEMPTS):
            if (found := read(await self._teacher.say(asked, seed=seed + attempt))) is not None:
                return found
        return None

    def _words(self, text: str, count: int, fault: str) -> tuple[str, ...] | None:
        if fault == "refusal":
            return None
        lines = re.split(r"[\n,，、;；]", text)
        if fault == "cut off":
            lines.pop()
        words = [re.sub(r"^[\W\d_]+|[\W\d_]+$", "", line) for line in lines]
        fit = [word.lower() for word in words if _WORD[self._language].fullmatch(word)]
        found = tuple(word for word in dict.fromkeys(fit) if word not in _INTERJECTIONS)[:count]
        return found if len(found) >= min(3, count) else None

    def _pairs(self, text: str, count: int, fault: str, prompt: str) -> tuple[Requirement, ...] | None:
        """The first `count` whole pairs of lines that aren't the prompt's own example."""
        if fault == "refusal":
            return None
        found: dict[str, Requirement] = {}
        wanted = ""
        for line in text.splitlines():
            if said := _REQUIREMENT.match(line):
                wanted = said[1].strip()
            elif (said := _QUESTION.match(line)) and wanted:
                question = said[1].strip()
                stop = "" if wanted[-1] in _STOPS else "。" if self._language == "zh" else "."
                if question.rstrip("*_ ").endswith(("?", "？")):  # another one was cut off
                    found.setdefault(wanted, Requirement(wanted + stop, question))
                wanted = ""
        own = [pair for text, pair in found.items() if text not in prompt]
        return tuple(own[:count]) if len(own) >= count else None
