"""A scripted model that teaches and judges: the prompt decides its reply, which is always the same."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from typing import Any

from tests.chat_server import Body, completion, last_turn

ANSWER = "<<A title>>\nThe keeper lit a lantern at the harbour: a storm was its signal 灯塔海浪港口船长信号."
WORDS = {
    "en": ["harbour", "lantern", "keeper", "storm", "signal"],
    "zh": ["灯塔", "海浪", "港口", "船长", "信号"],
}


def purpose(body: Body) -> str:
    """tags, keywords, requirements, steps, fuse, states, possible, quality, judge or answer."""
    text = last_turn(body)
    for name, mark in (
        ("tags", r"<topics>|<主题表>"),
        ("fuse", r"<rules>|<规则>"),
        ("quality", r"<fault>|<毛病>"),
        ("judge", r"<question>|<问题>"),
        ("states", r"<rule>|<要求>"),
        ("possible", r"<instruction>|<请求全文>"),
        ("steps", r"(?s)</request>.*Write exactly \d+ steps|</请求>.*正好写 \d+ 个步骤"),
        ("requirements", r"(?s)</request>.*Write exactly|</请求>.*正好写"),
        ("keywords", r"<request>|<请求>"),
    ):
        if re.search(mark, text):
            return name
    return "answer"


def reply(body: Body) -> str:
    text, what = last_turn(body), purpose(body)
    chinese = re.search("[\u4e00-\u9fff]{8}", text) is not None
    if what == "tags":
        return "主题：日常生活\n能力：描述" if chinese else "Topic: Everyday life\nAbility: description"
    if what == "keywords":
        return "\n".join(f"{n}. {word}" for n, word in enumerate(WORDS["zh" if chinese else "en"], 1))
    if what in ("requirements", "steps"):
        return _pairs(int(re.findall(r"(?:exactly|正好写) (\d+)", text)[-1]), chinese)
    if what == "fuse":
        rules = re.search(r"<(?:rules|规则)>\n(.*?)\n</", text, re.DOTALL)
        assert rules
        return ("另外请注意：" if chinese else "While you are at it: ") + rules[1].strip()
    if what == "quality":
        return "否。没有这种毛病。" if chinese else "No. There is no sign of it."
    if what in ("judge", "states", "possible"):
        return "是" if chinese else "yes"
    return ANSWER


def _pairs(count: int, chinese: bool) -> str:
    form = (
        "要求：写得像第{n}位船长。\n问题：像第{n}位船长写的吗？"
        if chinese
        else ("Requirement: Sound like captain number {n}.\nQuestion: Does it sound like captain number {n}?")
    )
    return "\n".join(form.format(n=n) for n in range(1, count + 1))


def teacher(body: Body) -> tuple[int, Body]:
    more: dict[str, Any] = {"reasoning_content": "I count."} if purpose(body) == "answer" else {}
    return completion(reply(body), usage=(len(last_turn(body)), 20), **more)


class CountingTeacher:
    """A scripted teacher that counts what it answers, and can stop answering one purpose."""

    def __init__(self) -> None:
        self.answered: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.hang_at: tuple[str, int] | None = None
        self.hanging, self.released = threading.Event(), threading.Event()
        self.lock = threading.Lock()

    def __call__(self, body: Body) -> tuple[int, Body]:
        what, key = purpose(body), json.dumps(body, sort_keys=True)
        with self.lock:
            self.asked[what] += 1
            hangs = self.hang_at and self.hang_at[0] == what and self.asked[what] > self.hang_at[1]
        if hangs:
            self.hanging.set()
            self.released.wait(60)
            return completion("too late")
        with self.lock:
            self.answered[key] += 1
        return teacher(body)

    def hang(self, what: str, after: int) -> None:
        """From now on, answer only `after` requests of this purpose."""
        self.hang_at, self.asked = (what, after), Counter()
        self.hanging.clear()
        self.released.clear()


class LimitedTeacher(CountingTeacher):
    """Lets one of `every` requests through."""

    def __init__(self, every: int) -> None:
        super().__init__()
        self.every, self.came, self.refused = every, 0, 0

    def room(self) -> bool:
        with self.lock:
            self.came += 1
            closed = self.came % self.every > 0
            self.refused += closed
        return not closed
