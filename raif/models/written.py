"""A response as text while its tokens arrive: whole characters only, and nothing from a stop string on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

WINDOW, CONTEXT = 32, 8
"""From how many tokens on the text is made of the last ones only, and how many of these were shown before."""
BROKEN = "\N{REPLACEMENT CHARACTER}"


class Written:
    """Gives out the text of one response piece by piece. The pieces joined are the whole text."""

    def __init__(self, decode: Callable[[Sequence[int]], str], stop: Sequence[str] = ()) -> None:
        self._decode, self._stop = decode, stop
        self._ids: list[int] = []
        self._shown = 0
        """How many characters of the text of `_ids` have been given to `_searched`."""
        self._held = ""
        self.stopped = False
        """Whether a stop string was written."""

    def add(self, token: int) -> str:
        """What is certain after this token. The beginning of a character or of a stop string is held back."""
        self._ids.append(token)
        text = self._decode(self._ids)
        if text.endswith(BROKEN):
            return ""
        new, self._shown = text[self._shown :], len(text)
        if len(self._ids) >= WINDOW:
            self._ids = self._ids[-CONTEXT:]
            self._shown = len(self._decode(self._ids))
        return self._searched(new)

    def close(self) -> str:
        """What was held back, now that the response has ended."""
        if self.stopped:
            return ""
        found = self._searched(self._decode(self._ids)[self._shown :])
        rest, self._held = self._held, ""
        return found + rest

    def _searched(self, new: str) -> str:
        """Adds text that comes next, and returns what is before a stop string and can't be part of one."""
        self._held += new
        places = [place for stop in self._stop if (place := self._held.find(stop)) >= 0]
        if places:
            self.stopped = True
            return self._held[: min(places)]
        starts = (stop[:n] for stop in self._stop for n in range(1, len(stop)))
        unsure = max((len(start) for start in starts if self._held.endswith(start)), default=0)
        sure = len(self._held) - unsure
        found, self._held = self._held[:sure], self._held[sure:]
        return found
