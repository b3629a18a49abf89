"""A teacher whose server answers some requests badly, as real ones do, and charges for what it wrote."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.chat_server import Body, last_turn
from tests.data.staged.teacher import BEHAVIOURS
from tests.teacher import purpose, teacher

Answer = tuple[int, Any]
FAULTS: dict[str, Answer] = {
    reason: BEHAVIOURS[name]("", "en")[:2]
    for reason, name in {
        "HTTP 500": "broken",
        "HTTP 403": "forbidden",
        "HTTP 400": "refused",
        "HTTP 503": "error_body",
        "an error with HTTP 200": "error_words",
        "not a chat completion": "garbled",
    }.items()
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
