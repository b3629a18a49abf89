"""What replies took: tokens and seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import reduce

from pydantic import Field

from raif.client.chat import Reply
from raif.types import Frozen


class Used(Frozen):
    """`read` and `written`: tokens, as the server counts them; None if it doesn't. `seconds`: of all the
    `replies` together, from the request that was answered to its reply. `changed`: how many requests their
    server wanted otherwise than configured, and how."""

    replies: int = 1
    read: int | None = None
    written: int | None = None
    seconds: float = 0.0
    changed: dict[str, int] = Field(default_factory=dict)

    @classmethod
    def by(cls, reply: Reply) -> Used:
        read, written = reply.usage or (None, None)
        changed = dict.fromkeys(reply.changed, 1)
        return cls(read=read, written=written, seconds=round(reply.seconds, 3), changed=changed)

    def plus(self, other: Used) -> Used:
        return Used(
            replies=self.replies + other.replies,
            read=_sum(self.read, other.read),
            written=_sum(self.written, other.written),
            seconds=round(self.seconds + other.seconds, 3),
            changed=dict(Counter(self.changed) + Counter(other.changed)),
        )


def total(used: Iterable[Used | None]) -> Used | None:
    """All together; None if there is nothing, or if one is unknown."""
    found = list(used)
    known = [one for one in found if one is not None]
    return reduce(Used.plus, known) if known and len(known) == len(found) else None


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
