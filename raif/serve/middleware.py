"""ASGI middleware that both back-ends share: reasoning in a field of its own, and a key for every path.

It depends only on their wire format. A reasoning parser plugged into vLLM would not do: vLLM calls the field
`reasoning`, other servers and most clients `reasoning_content`, and here it has both names. vLLM's own key
leaves paths unguarded, among them those that update weights.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from raif.reasoning import Style

Scope = dict[str, Any]
Event = dict[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

KEY = "RAIF_SERVE_KEY"
"""The environment variable that holds a server's key."""
REASONING = ("reasoning_content", "reasoning")
"""The names of the field that has the reasoning: that of DeepSeek and SGLang, and that of vLLM."""
OPEN = "/health"
"""The path that needs no key."""


class SplitTagged:
    """Moves the reasoning of chat completions into fields of its own, and removes the answer's tags.

    A request whose `chat_template_kwargs` switch thinking off is left alone: its prompt has closed it.
    """

    style: ClassVar[Style] = "tagged"

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith("/chat/completions"):
            body, receive = await _read(receive)
            if not _unthinking(body):
                send = _Rewritten(send, self.style)
        await self._app(scope, receive, send)


class SplitDeepseek(SplitTagged):
    """The same for responses whose answer is everything after the reasoning."""

    style = "deepseek"


class RequireKey:
    """Refuses requests without the key, except for the server's health."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._key = os.environ[KEY].encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asks = scope["type"] in ("http", "websocket") and scope["path"] != OPEN
        scheme, _, key = dict(scope["headers"]).get(b"authorization", b"").partition(b" ")
        if not asks or (scheme.lower() == b"bearer" and hmac.compare_digest(key.strip(), self._key)):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            error = {
                "message": "wrong or missing API key",
                "type": "invalid_request_error",
                "param": None,
                "code": "invalid_api_key",
            }
            headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
            await send({"type": "http.response.start", "status": 401, "headers": headers})
            await send({"type": "http.response.body", "body": json.dumps({"error": error}).encode()})
        else:
            await send({"type": "websocket.close", "code": 1008})


async def _read(receive: Receive) -> tuple[bytes, Receive]:
    """A request's whole body, and a `receive` that begins with it."""
    events = [await receive()]
    while events[-1].get("more_body"):
        events.append(await receive())
    body = b"".join(event.get("body", b"") for event in events)

    async def again() -> Event:
        return events.pop(0) if events else await receive()

    return body, again


def _unthinking(body: bytes) -> bool:
    try:
        return json.loads(body)["chat_template_kwargs"]["enable_thinking"] is False
    except (ValueError, RecursionError, LookupError, TypeError):
        return False  # whatever else is wrong with it, the server says so


class _Rewritten:
    """Passes on one HTTP response: a stream event by event, JSON as a whole, anything else unchanged."""

    def __init__(self, send: Send, style: Style) -> None:
        self._send, self._style = send, style
        self._start: Event = {}
        self._body = b""
        self._streams: dict[int, _Stream] = {}

    async def __call__(self, event: Event) -> None:
        if event["type"] == "http.response.start":
            self._start = event
            if not self._is("application/json"):
                await self._send(event)
        elif self._is("text/event-stream"):
            *events, self._body = (self._body + event.get("body", b"")).split(b"\n\n")
            await self._send({**event, "body": b"".join(self._event(one) + b"\n\n" for one in events)})
        elif self._is("application/json"):
            self._body += event.get("body", b"")
            if not event.get("more_body"):
                await self._send_whole()
        else:
            await self._send(event)

    def _is(self, kind: str) -> bool:
        return dict(self._start["headers"]).get(b"content-type", b"").startswith(kind.encode())

    async def _send_whole(self) -> None:
        answer = json.loads(self._body)
        for choice in _choices(answer):
            message, splitter = choice["message"], Splitter(self._style)
            thinking, content = _taken(message)
            message |= dict.fromkeys(REASONING, "") | {"content": None}
            _put(message, splitter.feed(f"{thinking}</think>{content}" if thinking else content))
            _put(message, splitter.close())
        body = json.dumps(answer).encode()
        others = [(name, value) for name, value in self._start["headers"] if name != b"content-length"]
        headers = [*others, (b"content-length", str(len(body)).encode())]
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    def _event(self, event: bytes) -> bytes:
        if not event.startswith(b"data: {"):
            return event
        chunk = json.loads(event.removeprefix(b"data: "))
        for choice in _choices(chunk):
            self._streams.setdefault(choice["index"], _Stream(self._style)).rewrite(choice)
        return b"data: " + json.dumps(chunk).encode()


class _Stream:
    """One choice of a stream."""

    def __init__(self, style: Style) -> None:
        self._splitter = Splitter(style)
        self._apart = False

    def rewrite(self, choice: dict[str, Any]) -> None:
        delta = choice["delta"]
        thinking, content = _taken(delta)
        # A server that splits responses itself has removed the tag between the two.
        between = "</think>" if self._apart and content else ""
        self._apart = bool(thinking) or (self._apart and not content)
        _put(delta, self._splitter.feed(thinking + between + content))
        if choice.get("finish_reason"):
            _put(delta, self._splitter.close())


def _choices(answer: Any) -> list[dict[str, Any]]:
    """Empty for an error message and for a chunk that only reports the usage."""
    return answer.get("choices") or [] if isinstance(answer, dict) else []


def _taken(message: dict[str, Any]) -> tuple[str, str]:
    """The reasoning that the server itself split off, and the content. Removes both."""
    thinking = [message.pop(name, None) or "" for name in REASONING]
    return thinking[0] or thinking[1], message.pop("content", None) or ""


def _put(message: dict[str, Any], parts: Parts) -> None:
    for name, text in (*((name, parts.thinking) for name in REASONING), ("content", parts.answer)):
        if text:
            message[name] = (message.get(name) or "") + text


Part = Literal["thinking", "answer"]
_REGIONS: dict[Style, tuple[tuple[Part, str], ...]] = {
    "tagged": (("thinking", "</think>"), ("thinking", "<answer>"), ("answer", "</answer>"), ("thinking", "")),
    "deepseek": (("thinking", "</think>"), ("answer", "")),
    "none": (("answer", ""),),
}
"""The parts of a response in order, each with the tag that ends it. "": the end of the response."""


@dataclass(slots=True)
class Parts:
    """What a piece of a response adds to its reasoning and to its answer."""

    thinking: str = ""
    answer: str = ""


class Splitter:
    """Takes a response apart while it arrives, piece by piece, whether or not the prompt opened `<think>`.

    If the response has the right format, its parts are those of `raif.reasoning.split`, however it is cut
    into pieces. Text in neither part, such as text between `</think>` and `<answer>`, counts as reasoning:
    nothing is lost, and it never becomes an answer. Unlike `split`, which sees the end, it takes the first of
    several answers, and returns an answer that is never closed.
    """

    def __init__(self, style: Style) -> None:
        self._regions = _REGIONS[style]
        self._at = 0
        self._held = ""
        self._blank: dict[Part, str] = {"thinking": "", "answer": ""}
        self._begun: set[Part] = set()

    def feed(self, text: str) -> Parts:
        """What is certain so far. What may be the start of a tag, or trailing whitespace, is held back."""
        self._held += text
        parts = Parts()
        while present := [tag for tag in self._tags() if tag in self._held]:
            tag = min(present, key=self._held.index)
            before, _, self._held = self._held.partition(tag)
            self._give(parts, before)
            if tag != "<think>":
                self._give(parts, "\n")  # between the texts before and after the tag, if both are reasoning
                self._at += 1
        starts = (tag[:n] for tag in self._tags() for n in range(1, len(tag)))  # of a tag that may come
        unsure = max((len(start) for start in starts if self._held.endswith(start)), default=0)
        sure = len(self._held) - unsure
        self._give(parts, self._held[:sure])
        self._held = self._held[sure:]
        return parts

    def close(self) -> Parts:
        """What was held back, now that the response has ended."""
        parts = Parts()
        self._give(parts, self._held)
        self._held = ""
        return parts

    def _tags(self) -> list[str]:
        ends = self._regions[self._at][1]
        return ["<think>", ends] if ends == "</think>" else [ends] if ends else []

    def _give(self, parts: Parts, text: str) -> None:
        part = self._regions[self._at][0]
        whole = self._blank[part] + text if part in self._begun else text.lstrip()
        shown = whole.rstrip()
        self._blank[part] = whole[len(shown) :]
        if shown:
            self._begun.add(part)
            setattr(parts, part, getattr(parts, part) + shown)
