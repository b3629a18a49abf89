"""A scripted teacher that behaves as real ones do: it thinks aloud, misreads, refuses, wraps, is cut off.

`misbehaving(fuse="relation", answer="inline")` replies as `tests.teacher` does, except to those purposes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from tests.chat_server import Body, Script, completion, last_turn
from tests.teacher import purpose, reply

THOUGHT = "Hmm, they want something.\nRequirement: Hmm.\nQuestion: Hmm?\nYes? No. hmm, draft, maybe"
"""Thinking that would be taken for words, sub-instructions or a verdict if it were read."""
REFUSAL = {
    "en": "I am sorry, but I cannot help with that request.",
    "zh": "很抱歉，我无法协助完成这个请求。",
}
WRAPPER = {"en": "Sure! Here is the text you asked for:\n\n", "zh": "好的！以下是改写后的文字：\n\n"}
RELATIONS = {"fewer than": "more than", "at least": "at most", "少于": "多于", "至少": "至多"}
CASES = {"If ": "Unless ", "如果": "除非"}

Reply = tuple[int, Body | str] | tuple[int, Body | str, dict[str, str]]
Behaviour = Callable[[str, str], Reply]
"""(the right text, its language) -> the server's answer."""


def replaced(text: str, table: dict[str, str]) -> str:
    return re.sub("|".join(map(re.escape, table)), lambda found: table[found[0]], text)


def _dropped_last_rule(text: str) -> str:
    return re.sub(r"(?<=[.。!！:：])[^.。!！]+[.。!！]?\s*$", "", text)


BEHAVIOURS: dict[str, Behaviour] = {
    # how thinking comes
    "field": lambda text, language: completion(text, reasoning_content=THOUGHT),
    "reasoning": lambda text, language: completion(text, reasoning=THOUGHT),
    "inline": lambda text, language: completion(f"<think>\n{THOUGHT}\n</think>\n\n{text}"),
    "lone": lambda text, language: completion(f"{THOUGHT}\n</think>\n\n{text}"),
    "unended": lambda text, language: completion(f"<think>\n{THOUGHT}\n{text}"),
    # what a fusion gets wrong
    "relation": lambda text, language: completion(replaced(text, RELATIONS)),
    "branch": lambda text, language: completion(replaced(text, CASES)),
    "number": lambda text, language: completion(re.sub(r"(\d+)", r"\g<1>0", text)),
    "forgets": lambda text, language: completion(_dropped_last_rule(text)),
    # what is no reply at all
    "refuses": lambda text, language: completion(REFUSAL[language]),
    "wraps": lambda text, language: completion(WRAPPER[language] + text),
    "cut": lambda text, language: completion(text[: len(text) * 2 // 3], finish="length"),
    "empty": lambda text, language: completion(""),
    "garbage": lambda text, language: completion("Well."),
    # what a server does
    "forbidden": lambda text, language: (403, {"error": {"message": "not for you"}}),
    "broken": lambda text, language: (500, {"error": {"message": "worker died"}}),
    "refused": lambda text, language: (400, {"error": {"message": "blocked by the content filter"}}),
    "error_body": lambda text, language: (200, {"error": {"message": "overloaded", "code": 503}}),
    "error_words": lambda text, language: (200, {"error": {"message": "the provider has failed"}}),
    "garbled": lambda text, language: (200, '{"id": "1", "choices": [{"message": {"content": "Half'),
}


def misbehaving(share: float = 1.0, **how: str) -> Script:
    """Replies to each purpose in `how` in that way, to a `share` of its requests: their text decides."""

    def script(body: Body) -> Reply:
        what, text = purpose(body), last_turn(body)
        right = reply(body)
        more: dict[str, Any] = {"reasoning_content": "I count."} if what == "answer" else {}
        if what not in how or not _chosen(body, share):
            return completion(right, usage=(len(text), 20), **more)
        chinese = re.search("[\u4e00-\u9fff]{8}", text) is not None
        return BEHAVIOURS[how[what]](right, "zh" if chinese else "en")

    return script


def _chosen(body: Body, share: float) -> bool:
    messages = json.dumps(body["messages"], sort_keys=True)
    return int(sha256(messages.encode()).hexdigest()[:8], 16) < share * 16**8
