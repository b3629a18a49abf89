"""A yes/no question about an answer, and how the judge's reply is read.

A check passes if log p(yes) > log p(no) at the first token (arXiv 2506.01413), each side summed over its
spellings. If there are no log-probabilities, or the reply starts with something else, its text is read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from raif.client.chat import Reply
from raif.reasoning import parted

YES, NO = frozenset({"yes", "是", "是的"}), frozenset({"no", "否", "不是", "不"})
LEAST = 0.1
"""The least probability of yes and no together. With less, the reply starts with something else, such as
reasoning. An answer missing among the candidates has less than 1/TOP_LOGPROBS, so the other one has won."""

_WORD = "(yes|no|是的|是|不是|否)"
_OVER = r"\W*$|[\s*_]*[\n.,;!。，、；！(（–—]|[\s*_]+(?:-|because\b)"
"""What follows a word that is the whole answer. "No one" and "no-one" go on."""
_STARTS = re.compile(rf"\W*{_WORD}(?={_OVER}|[\s*_]*[:：])", re.IGNORECASE)
_ENDS = re.compile(rf"[\n:：>.。!！][\s*_]*{_WORD}\W*$", re.IGNORECASE)
_NAMED = re.compile(
    r"(?:\b(?:answer|verdict|conclusion|decision|judge?ment)(?:\s+to\s+\w+(?:\s+\w+)?)?\s*(?:\bis\s*[:：]?|[:：])"
    r"|(?:答案|结论|判断|结果)\s*(?:[是为]\s*[:：]?|[:：]))"
    rf"[\s*_\"'“‘「【]*{_WORD}(?=[\"'”’」】]*(?:{_OVER}))",
    re.IGNORECASE,
)
"""A word that is called the answer, wherever it is."""


@dataclass(frozen=True, slots=True)
class JudgeItem:
    """A yes/no question about an answer to what a user asked; yes means that the requirement is met."""

    input: str
    answer: str
    question: str
    language: str = "en"
    """The prompt's language, "en" or "zh"."""


@dataclass(frozen=True, slots=True)
class Judgment:
    """What the judge says. `passed` is None if that is unclear; `reason` then says why.

    `margin` is log p(yes) - log p(no); None if the text was read instead.
    """

    passed: bool | None
    reason: str
    margin: float | None = None


def read(reply: Reply) -> Judgment:
    """The judgment in a reply: by the first token's log-probabilities, or else by its text."""
    margin = _margin(reply.first)
    passed = said(without_reasoning(reply.text), reply.truncated) if margin is None else margin > 0
    if passed is None:
        cut = "cut off " if reply.truncated else ""
        return Judgment(None, f"neither yes nor no in the judge's {cut}reply: {reply.text[:80]!r}")
    by = "" if margin is None else f", log-odds {margin:+.2f}"
    return Judgment(passed, f"judge: {'yes' if passed else 'no'}{by}", margin)


def without_reasoning(text: str) -> str:
    """What follows a judge's reasoning, if the server has left that in the text; empty if it never ends."""
    return parted(text)[1] or ""


def _margin(candidates: Sequence[tuple[str, float]]) -> float | None:
    if len(candidates) < 2:  # one candidate says nothing of how likely the other answer was
        return None
    words = [(re.sub(r"\W", "", token).lower(), math.exp(logp)) for token, logp in candidates]
    yes, no = (sum(p for word, p in words if word in answer) for answer in (YES, NO))
    if yes + no < LEAST:
        return None
    # An answer outside the candidates is at most as likely as the last of them.
    floor = max(min(p for _, p in words), 1e-30)
    return math.log(yes or floor) - math.log(no or floor)


def said(text: str, truncated: bool = False) -> bool | None:
    """Yes or no: what the text's start and end say, and what it calls its answer; None if these contradict
    each other, or say nothing. A cut-off end says nothing."""
    found = {match[1] for match in _NAMED.finditer(text) if not (truncated and match.end() == len(text))}
    if starts := _STARTS.match(text):
        found.add(starts[1])
    if not truncated and (ends := _ENDS.search(text)):
        found.add(ends[1])
    answers = {word.lower() in YES for word in found}
    return answers.pop() if len(answers) == 1 else None
