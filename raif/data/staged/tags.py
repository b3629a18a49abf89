"""Task and topic of a request by keywords: rough, offline, the same for everyone."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

OTHER = "other"
"""A task or a topic that is not known."""
_RULES = Path(__file__).with_name("tags.yaml")


class Tags(NamedTuple):
    task: str
    topic: str


class _Rule(NamedTuple):
    tag: str
    pattern: re.Pattern[str]


def tag(text: str) -> Tags:
    """The tags with the most different keywords in `text`, of equals the first in tags.yaml; or `other`."""
    return Tags(_best(text, _rules("tasks")), _best(text, _rules("topics")))


def _best(text: str, rules: tuple[_Rule, ...]) -> str:
    counts = {rule.tag: len(set(rule.pattern.findall(text.lower()))) for rule in rules}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else OTHER


@cache
def _rules(what: str) -> tuple[_Rule, ...]:
    table = yaml.safe_load(_RULES.read_text("utf-8"))[what]
    return tuple(_Rule(name, _pattern(each["en"], each["zh"])) for name, each in table.items())


def _pattern(english: str, chinese: str) -> re.Pattern[str]:
    """English keywords start a word, a final `.` ends it; Chinese ones stand anywhere."""
    stems = [re.escape(stem.rstrip(".")) + (r"\b" if stem.endswith(".") else "") for stem in english.split()]
    return re.compile(rf"\b(?:{'|'.join(stems)})|{'|'.join(chinese.split())}".replace("_", " "))
