"""How many requests are in flight at once: slowly more while they are served, half once one is refused.

Additive increase and multiplicative decrease, as in TCP: many clients of one server come to fair shares.
"""

from __future__ import annotations

import asyncio
import time


class Slots:
    """A semaphore whose size follows the server. For use inside one event loop."""

    def __init__(self, most: int) -> None:
        self.size = float(most)
        """Requests that may be in flight, rounded down; it starts at `most`, and never exceeds it."""
        self.served = 0
        """Requests that were answered."""
        self._most, self._taken, self._closed_until = most, 0, 0.0
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._taken < int(self.size))
            self._taken += 1

    async def __aexit__(self, *error: object) -> None:
        async with self._changed:
            self._taken -= 1
            # no more than can go on: one that has to wait again would do so behind all others
            self._changed.notify(max(0, int(self.size) - self._taken))

    async def open(self) -> None:
        """Wait as long as the server wants no request at all."""
        while (left := self._closed_until - time.monotonic()) > 0:
            await asyncio.sleep(left)

    def succeeded(self) -> None:
        """One more slot for each round of requests that are all answered."""
        self.served += 1
        self.size = min(self._most, self.size + 1 / self.size)

    def refused(self, wait: float) -> None:
        """Half the slots, and none for `wait` seconds. Once for all that were refused together."""
        now = time.monotonic()
        if now >= self._closed_until:
            self.size = max(1.0, self.size / 2)
        self._closed_until = max(self._closed_until, now + wait)
