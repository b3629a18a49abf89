"""A real HTTP server that answers chat completions by a script and remembers its requests, and its client."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from raif.client.background import as_completed
from raif.client.chat import ChatClient, Reply
from raif.config.models import EndpointConfig, SamplingConfig
from raif.types import Message

Body = dict[str, Any]
Headers = dict[str, str]
Answer = tuple[int, Body | str] | tuple[int, Body | str, Headers]
Script = Callable[[Body], Answer]
"""Request body -> status, response body, and further headers. A body that is text is sent as it is."""


Candidates = dict[str, float]
"""Tokens with their log-probabilities, the sampled one first."""


def completion(
    text: str | None,
    *,
    finish: str = "stop",
    tokens: Sequence[Candidates] | None = None,
    usage: tuple[int, int] | None = None,
    **message: Any,
) -> tuple[int, Body]:
    turn = {"role": "assistant", "content": text, **message}
    choice = {"index": 0, "finish_reason": finish, "message": turn}
    if tokens is not None:
        choice["logprobs"] = {"content": [_token(candidates) for candidates in tokens]}
    body: Body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    if usage:
        read, written = usage
        body["usage"] = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    return 200, body


def _token(candidates: Candidates) -> Body:
    top = [{"token": token, "logprob": logp, "bytes": None} for token, logp in candidates.items()]
    return {**top[0], "top_logprobs": top}


def last_turn(body: Body) -> str:
    return str(body["messages"][-1]["content"])


def echo(body: Body) -> tuple[int, Body]:
    return completion(f"echo {last_turn(body)}")


class ChatServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.context: int | None = 4096
        """What the list of models says of `m`."""
        self.requests: list[Body] = []
        self.keys: list[str] = []
        self.in_flight = self.most_in_flight = 0
        self.lock = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionResetError):  # a client that was killed
            super().handle_error(request, client_address)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def asked(self) -> list[str]:
        return [last_turn(body) for body in self.requests]

    def answer(self, body: Body) -> Answer:
        with self.lock:
            self.requests.append(body)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return self.script(body)
        finally:
            with self.lock:
                self.in_flight -= 1


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.server.keys.append(self.headers.get("Authorization", ""))
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, answer, *more = self.server.answer(body)
        text = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            for name, value in (more[0] if more else {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)
        except (BrokenPipeError, ConnectionResetError):
            pass  # a client that has left

    def do_GET(self) -> None:
        """The list of models: one, `m`."""
        self.server.keys.append(self.headers.get("Authorization", ""))
        card = {"id": "m", "object": "model", "max_model_len": self.server.context}
        text = json.dumps({"data": [card]}).encode()
        self.send_response(200 if self.path.endswith("/models") else 404)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def chat_server(script: Script = echo) -> Iterator[ChatServer]:
    server = ChatServer(script)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def replies(
    endpoint: EndpointConfig, sampling: SamplingConfig, model: str, prompts: Sequence[str]
) -> Iterator[tuple[int, Reply]]:
    """(position in `prompts`, reply) as the replies come."""
    batch = [(Message(role="user", content=prompt),) for prompt in prompts]
    work = [lambda chat, messages=messages: chat.reply(messages) for messages in batch]
    return as_completed(lambda: ChatClient(endpoint, sampling, model), work)
