"""What several evaluations on this machine use in turn."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any, TypeVar

T = TypeVar("T")


class Shared(ExitStack):
    """Servers and models: each is started when it is first asked for, and ends with this."""

    def __init__(self) -> None:
        super().__init__()
        self._started: dict[str, Any] = {}

    def get(self, key: str, start: Callable[[], AbstractContextManager[T]]) -> T:
        """What `start` gave for the first ask with this key."""
        if key not in self._started:
            self._started[key] = self.enter_context(start())
        return self._started[key]
