"""What a model says that a request is about: an ability in its own words, and one of the 26 topics."""

from __future__ import annotations

import re
from collections.abc import Mapping

from raif.client.chat import ChatClient
from raif.data.staged.tags import OTHER, Tags
from raif.errors import RefusedRequest
from raif.prompts import Prompts

LONGEST = 40
"""Characters of an ability; more are no tag."""

_LINE = r"^\W*(?:{})\W*[:：]\W*(.+?)\W*$"
_TOPIC = re.compile(_LINE.format("topic|主题"), re.IGNORECASE | re.MULTILINE)
_ABILITY = re.compile(_LINE.format("ability|能力"), re.IGNORECASE | re.MULTILINE)


async def tagged(chat: ChatClient, prompts: Prompts, request: str) -> Tags:
    """The model's tags: the ability as the task. `other` for what is no tag or refused by the server."""
    topics = prompts.tables["topics"]
    asked = prompts.turn("tags", request=request, topics="\n".join(topics.values()))
    try:
        return read((await chat.reply((asked,))).text, topics)
    except RefusedRequest:
        return Tags(OTHER, OTHER)


def read(reply: str, topics: Mapping[str, str]) -> Tags:
    """The tags in a reply; the model knows each of `topics` by its name."""
    ability, named = _said(_ABILITY, reply), _said(_TOPIC, reply)
    known = {name.lower(): topic for topic, name in topics.items()}
    return Tags(ability if 0 < len(ability) <= LONGEST else OTHER, known.get(named, OTHER))


def _said(line: re.Pattern[str], reply: str) -> str:
    found = line.search(reply)
    return found[1].lower() if found else ""
