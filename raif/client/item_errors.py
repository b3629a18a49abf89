"""Requests that fail for good belong to their items: they are noted and counted, and too many end the run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from raif.client.chat import Halted, Slots
from raif.errors import EndpointError, FailedRequest, TooLong
from raif.files import jsonl
from raif.types import Frozen

SHOWN, REASONS = 300, 8
"""Characters of a server's words, and how many different ones are listed."""


class ItemError(Frozen):
    """One line of the file of errors: who had no reply to which item, and why."""

    asked: str
    id: str
    reason: str
    error: str


class ItemErrors:
    """The items whose requests have failed for good. Prompts that don't fit the context end nothing.

    Once there are too many, or an error that any other request would meet too, nothing new is sent. The
    requests in flight go on, so that what is paid for is kept.
    """

    def __init__(self, asked: str = "model", path: Path | None = None, most: int | None = 0) -> None:
        """`asked`: whom. `path`: where to append them. `most`: how many items may fail; None: all of them."""
        self.messages: dict[str, str] = {}
        """The servers' words, by item id."""
        self._asked, self._path, self._most = asked, path, most
        self._slots: list[Slots] = []
        self._last: EndpointError | None = None
        self._against = 0
        """How many count against `most`: no prompt fits by being asked again."""

    def slots(self, concurrency: int) -> Slots:
        """Slots for one server, which close when the run is to end."""
        self._slots.append(Slots(concurrency, closes=True))
        if self._last:
            self._slots[-1].halt()
        return self._slots[-1]

    def add(self, id: str, error: EndpointError) -> None:
        """An item has failed."""
        self.messages[id] = error.message
        if self._path:
            reason = error.reason if isinstance(error, FailedRequest) else "the server is of no use"
            with jsonl.appending(self._path) as file:
                jsonl.write(file, [ItemError(asked=self._asked, id=id, reason=reason, error=error.message)])
        if isinstance(error, TooLong):
            return
        self._against += 1
        many = self._most is not None and self._against > self._most
        if not isinstance(error, FailedRequest) or many:
            if self._last is None or isinstance(self._last, FailedRequest):
                self._last = error
            for slots in self._slots:
                slots.halt()

    def check(self) -> None:
        """Raise what has ended the run, if anything. To be called once all replies in flight are saved."""
        if self._last is None:
            return
        hint = f"{self._last.hint}\nAll replies so far are kept.".lstrip()
        if not isinstance(self._last, FailedRequest):
            on = "" if "--resume" in hint else " Go on with --resume."
            raise EndpointError(self._last.message, f"{hint}{on}")
        listed = "\n".join(
            f"  {number} x {words}" for words, number in by_words(self.messages.values()).items()
        )
        raise EndpointError(
            f"{self._against} items failed, more than --max-errors allows ({self._most}):\n{listed}",
            f"{hint} --resume asks the failed ones again; with --on-error fail they count as failures of the "
            "model, with --on-error skip they are left out.",
        )


def by_words(messages: Iterable[str]) -> Mapping[str, int]:
    """How many messages say the same but for their numbers, the most frequent first, the rest in one."""
    first: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    for message in messages:
        words = " ".join(message.split())[:SHOWN]
        shape = re.sub(r"\d+", "0", words)
        first.setdefault(shape, words)
        numbers[shape] += 1
    listed = numbers.most_common(REASONS)
    found = {first[shape]: number for shape, number in listed}
    others = numbers.total() - sum(number for _, number in listed)
    return found | {"for other reasons": others} if others else found


def worst(errors: Sequence[BaseException]) -> BaseException:
    """The one of several to raise: a bug, else what concerns all requests, else what concerns one."""
    kinds = (Halted, FailedRequest, EndpointError)
    rank = {kind: number for number, kind in enumerate(kinds)}
    return max(errors, key=lambda error: next((rank[k] for k in kinds if isinstance(error, k)), len(kinds)))
