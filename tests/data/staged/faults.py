"""A teacher whose server answers some requests badly, as real ones do, and charges for what it wrote."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.chat_server import Body, completion, last_turn
from tests.teacher import purpose, teacher

Answer = tuple[int, Any]
FAULTS: dict[str, Answer] = {
    "HTTP 500": (500, {"error": {"message": "internal error"}}),
    "HTTP 403": (403, {"error": {"message": "flagged by moderation"}}),
    "HTTP 400": (400, {"error": {"message": "too long"}}),
    "an error with HTTP 200": (200, {"error": {"message": "the provider returned an error"}}),
    "not a chat completion": (200, '{"id": "1", "choices": [{"message": {"content": "Half of'),
}
"""What a run calls a request that failed for good -> what the server answers each time."""
READ, WRITTEN = 1.0, 2.0
"""The prices, per million tokens."""


class FaultyTeacher:
    """`bad`: what it answers to requests about a word, for one purpose or ("") for all."""

    def __init__(self, bad: dict[tuple[str, str], Answer] | None = None) -> None:
        self.bad = bad or {}
        self.answered: Counter[str] = Counter()
        """Requests that got a completion."""
        self.bill = 0.0
        """What it charges: for completions, and for those that were garbled on the way."""
        self.hold: Callable[[Body], bool] = lambda body: False
        """Which requests it answers only once `released`, and charges for."""
        self.holding, self.released = threading.Event(), threading.Event()
        self.lock = threading.Lock()

    def __call__(self, body: Body) -> Answer:
        answer = self._answer(body)
        if answer[0] == 200 and not (isinstance(answer[1], dict) and "error" in answer[1]):
            self._charge(body, answer)
        if self.hold(body):
            self.holding.set()
            self.released.wait(60)
        return answer

    def _answer(self, body: Body) -> Answer:
        for (what, word), answer in self.bad.items():
            if what in ("", purpose(body)) and word in last_turn(body):
                return answer
        text = len(last_turn(body).encode()) // 4 + 3
        status, answer = teacher(body)
        return status, answer | {"usage": {"prompt_tokens": text, "completion_tokens": 20}}

    def _charge(self, body: Body, answer: Answer) -> None:
        read, written = len(last_turn(body).encode()) // 4 + 3, 20
        with self.lock:
            self.bill += (read * READ + written * WRITTEN) / 1e6
            if isinstance(answer[1], dict):
                self.answered[json.dumps(body, sort_keys=True)] += 1


def empty(**message: Any) -> Answer:
    return completion("", usage=(10, 0), **message)
