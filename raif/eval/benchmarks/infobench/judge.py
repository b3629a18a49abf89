"""How InfoBench's yes/no questions are put to a judge, and how its replies are read.

Each question is asked on its own, with the text in front of it. The released programs ask otherwise: upstream
goes through an item's questions in one dialogue, the method's authors repeat the earlier questions and leave
out what was answered to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from raif.client.chat import Reply
from raif.config.eval import Dialect
from raif.judge import judgment
from raif.types import Message

Ask = Callable[[str], str]
"""A question -> the judge's prompt with it."""


def turns(
    questions: Sequence[str], number: int, ask: Ask, replies: Mapping[str, str], dialect: Dialect
) -> tuple[Message, ...]:
    """The request for a question, of which the first is number 1; upstream shows the replies before it."""
    if dialect == "sound":
        return (Message(role="user", content=ask(questions[number - 1])),)
    asked = [ask(questions[0]), *questions[1:number]]
    messages = []
    for position, text in enumerate(asked, 1):
        messages.append(Message(role="user", content=text))
        if dialect == "upstream" and position < number:
            messages.append(Message(role="assistant", content=replies[str(position)]))
    return tuple(messages)


def read(reply: str, dialect: Dialect) -> bool | None:
    """What the reply says, None where that can't be told."""
    return _READ[dialect](reply)


def _sound(reply: str) -> bool | None:
    return judgment.read(Reply(reply, None, False)).passed


def _upstream(reply: str) -> bool | None:
    """In capitals anywhere, but not both; at the start in any letters, also those of "Nothing"."""
    start = reply.lower()
    if start.startswith(("yes", "no")):
        return start.startswith("yes")
    said = {word for word in ("YES", "NO") if word in reply}
    return said == {"YES"} if len(said) == 1 else None


def _authors(reply: str) -> bool | None:
    """The letters count wherever they are: "I can't know" is a no."""
    lower = reply.lower()
    return True if "yes" in lower else False if "no" in lower else None


_READ: Mapping[Dialect, Callable[[str], bool | None]] = {
    "sound": _sound,
    "upstream": _upstream,
    "authors": _authors,
}
