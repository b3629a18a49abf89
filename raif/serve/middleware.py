"""What a server lacks, laid around its application: `reasoning_content`, and a key for every path.

Both back-ends are ASGI applications, so the same code serves both, and depends on their wire format alone. A
reasoning parser as a plug-in of vLLM would not do: vLLM calls its field `reasoning`, and transformers has no
such plug-ins. vLLM's own key leaves paths open, those that update weights among them.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from raif.reasoning import Style
from raif.serve.splitter import Parts, Splitter

Scope = dict[str, Any]
Event = dict[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

KEY = "RAIF_SERVE_KEY"
"""The environment variable that tells a server its key."""
OPEN = "/health"
"""The path that needs no key."""


class SplitTagged:
    """Moves the thinking of chat completions into `reasoning_content`, the answer out of its tags."""

    style: ClassVar[Style] = "tagged"

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith("/chat/completions"):
            send = _Rewritten(send, self.style)
        await self._app(scope, receive, send)


class SplitDeepseek(SplitTagged):
    """The same for responses whose answer is all that follows the thinking."""

    style = "deepseek"


class RequireKey:
    """Refuses what comes without the key, save questions about the server's health."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._expected = f"Bearer {os.environ[KEY]}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asks = scope["type"] in ("http", "websocket") and scope["path"] != OPEN
        if not asks or hmac.compare_digest(dict(scope["headers"]).get(b"authorization", b""), self._expected):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await _refuse(send)
        else:
            await send({"type": "websocket.close", "code": 1008})


async def _refuse(send: Send) -> None:
    error = {
        "message": "wrong or missing API key",
        "type": "invalid_request_error",
        "code": "invalid_api_key",
    }
    headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"error": error}).encode()})


class _Rewritten:
    """Passes one HTTP response on: a stream event by event, JSON as a whole, anything else as it is."""

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
            _split_message(choice["message"], self._style)
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
        parts = self._splitter.feed(self._text(delta))
        _put(delta, parts)
        if choice.get("finish_reason"):
            _put(delta, self._splitter.close())

    def _text(self, delta: dict[str, Any]) -> str:
        """The piece as the model wrote it; a server that splits by itself has taken the tag away."""
        thinking, content = _taken(delta)
        between = "</think>" if self._apart and content else ""
        self._apart = bool(thinking) or (self._apart and not content)
        return thinking + between + content


def _choices(answer: Any) -> list[dict[str, Any]]:
    """None in an error's message, nor in a chunk that tells the usage alone."""
    return answer.get("choices") or [] if isinstance(answer, dict) else []


def _split_message(message: dict[str, Any], style: Style) -> None:
    thinking, content = _taken(message)
    splitter = Splitter(style)
    message |= {"reasoning_content": "", "content": None}
    _put(message, splitter.feed(f"{thinking}</think>{content}" if thinking else content))
    _put(message, splitter.close())


def _taken(message: dict[str, Any]) -> tuple[str, str]:
    """Thinking that the server itself split off, and content; both are removed."""
    found = [message.pop(name, None) or "" for name in ("reasoning_content", "reasoning", "content")]
    return found[0] or found[1], found[2]


def _put(message: dict[str, Any], parts: Parts) -> None:
    for name, text in (("reasoning_content", parts.thinking), ("content", parts.answer)):
        if text:
            message[name] = (message.get(name) or "") + text
