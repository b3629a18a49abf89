"""The task and topic of a request: by rules on its words, or by a model.

The rules are rough, offline, and the same for everyone. A model names the ability that the request takes in
its own words, and one of the 26 topics.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from raif.data.staged.replies import Speaker
from raif.errors import RefusedRequest
from raif.prompts import Prompts

OTHER = "other"
"""An unknown task or topic."""
RULES = Path(__file__).with_name("tags.yaml")
LONGEST = 40
"""Characters of an ability; a longer text is not a tag."""

_LINE = r"^\W*(?:{})\W*[:：]\W*(.+?)\W*$"
_TOPIC = re.compile(_LINE.format("topic|主题"), re.IGNORECASE | re.MULTILINE)
_ABILITY = re.compile(_LINE.format("ability|能力"), re.IGNORECASE | re.MULTILINE)


class Tags(NamedTuple):
    task: str
    topic: str


def by_rules(text: str) -> Tags:
    """The tags with the most different keywords in `text`, the first in tags.yaml if equal; or `other`."""

    def best(patterns: Mapping[str, re.Pattern[str]]) -> str:
        counts = {tag: len(set(pattern.findall(text.lower()))) for tag, pattern in patterns.items()}
        most = max(counts, key=lambda tag: counts[tag])
        return most if counts[most] else OTHER

    return Tags(best(_rules("tasks")), best(_rules("topics")))


@cache
def _rules(what: str) -> Mapping[str, re.Pattern[str]]:
    """Tag -> its keywords. English ones start a word, and end it with a final `.`; Chinese ones don't."""
    found = {}
    for tag, keywords in yaml.safe_load(RULES.read_text("utf-8"))[what].items():
        stems = [
            re.escape(stem.rstrip(".")) + (r"\b" if stem.endswith(".") else "")
            for stem in keywords["en"].split()
        ]
        pattern = rf"\b(?:{'|'.join(stems)})|{'|'.join(keywords['zh'].split())}"
        found[tag] = re.compile(pattern.replace("_", " "))
    return found


async def by_model(speaker: Speaker, prompts: Prompts, request: str) -> Tags:
    """The model's tags. `other` for what can't be read, or if the server refuses the request."""
    topics = prompts.tables["topics"]
    asked = prompts.turn("tags", request=request, topics="\n".join(topics.values()))
    try:
        return read_tags((await speaker.say(asked)).text, topics)
    except RefusedRequest:
        return Tags(OTHER, OTHER)


def read_tags(reply: str, topics: Mapping[str, str]) -> Tags:
    """The tags in a reply, the ability as the task. The model knows each of `topics` by its name."""
    ability, topic = (
        found[1].lower() if (found := line.search(reply)) else "" for line in (_ABILITY, _TOPIC)
    )
    known = {name.lower(): id for id, name in topics.items()}
    return Tags(ability if 0 < len(ability) <= LONGEST else OTHER, known.get(topic, OTHER))
