"""The OpenAI-compatible endpoints of a model in this process, as an ASGI application.

    python -m raif.serve.application CONFIG      a ServeConfig as JSON; what backends.py starts

The pieces of each response come from the engine's thread. Whoever hangs up ends the work on the request.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from starlette.requests import Request as Http
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from raif.config.serve import ServeConfig
from raif.models.engine import Ask, Engine, Piece, Token
from raif.models.written import BROKEN
from raif.serve import backends
from raif.serve.http import Refused, failure, layered, read_body, run
from raif.serve.middleware import App
from raif.serve.requests import ChatRequest, CompletionRequest, Request, Served

GONE = 499
"""The status of a request whose client has hung up; nobody receives it."""


@dataclass
class Choice:
    """One response, as far as it has been written."""

    text: str = ""
    tokens: list[Token] = field(default_factory=list)
    written: int = 0
    ended: str | None = None

    def add(self, piece: Piece) -> None:
        self.text += piece.text
        self.tokens += [piece.token] if piece.token else []
        self.written += 1
        self.ended = piece.ended


class Endpoint:
    """What chat completions and completions share: asking the engine, adding up, streaming."""

    kind, prefix = "chat.completion", "chatcmpl"
    request: type[Request] = ChatRequest

    def __init__(self, engine: Engine, served: Served) -> None:
        self._engine, self._served = engine, served

    async def __call__(self, http: Http) -> Response:
        request = self.request.read(await read_body(http), self._served)
        asks = [
            request.asks(prompt, self._served) for prompt in await asyncio.to_thread(self._prompts, request)
        ]
        head = {
            "id": f"{self.prefix}-{uuid.uuid4().hex}",
            "object": self.kind + (".chunk" if request.stream and self.kind == "chat.completion" else ""),
            "created": int(time.time()),
            "model": self._served.name,
        }
        if request.stream:
            return StreamingResponse(self._streamed(head, asks, request), media_type="text/event-stream")
        return await _unless_gone(http, self._whole(head, asks))

    def _prompts(self, request: Any) -> list[list[int]]:
        return [request.prompt(self._served.chat)]

    async def _whole(self, head: dict[str, Any], asks: Sequence[Ask]) -> Response:
        choices: dict[int, Choice] = {}
        async with aclosing(self._pieces(asks)) as pieces:
            async for index, piece in pieces:
                choices.setdefault(index, Choice()).add(piece)
        found = [
            {"index": index, **self._message(choices[index]), "finish_reason": choices[index].ended}
            for index in sorted(choices)
        ]
        written = sum(choice.written for choice in choices.values())
        return JSONResponse(head | {"choices": found, "usage": _usage(asks, written)})

    async def _streamed(
        self, head: dict[str, Any], asks: Sequence[Ask], request: Request
    ) -> AsyncIterator[bytes]:
        """The events of a stream. What goes wrong after it has begun is its last event but `[DONE]`."""
        written = 0
        more = {"usage": None} if request.usage else {}
        for choice in self._opening(sum(ask.n for ask in asks)):
            yield _event(head | {"choices": [choice]} | more)
        try:
            async with aclosing(self._pieces(asks)) as pieces:
                async for index, piece in pieces:
                    written += 1
                    if piece.text or piece.token or piece.ended:
                        choice = {"index": index, **self._delta(piece), "finish_reason": piece.ended}
                        yield _event(head | {"choices": [choice]} | more)
            if request.usage:
                yield _event(head | {"choices": [], "usage": _usage(asks, written)})
        except Exception as error:  # the status is sent already
            logging.getLogger(__name__).exception("a stream failed")
            yield _event(failure(error).body)
        yield b"data: [DONE]\n\n"

    async def _pieces(self, asks: Sequence[Ask]) -> AsyncGenerator[tuple[int, Piece], None]:
        """The pieces of all responses as they are written, each with the index of its choice."""
        loop, queue = asyncio.get_running_loop(), asyncio.Queue[tuple[int, Piece | Exception]]()

        def tell(first: int, found: Piece | Exception) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, (first, found))

        jobs, left = [], 0
        for ask in asks:
            jobs.append(self._engine.submit(ask, partial(tell, left)))
            left += ask.n
        try:
            while left:
                first, found = await queue.get()
                if isinstance(found, Exception):
                    raise found
                left -= found.ended is not None
                yield first + found.index, found
        finally:
            for job in jobs:
                job.abandoned = True

    def _opening(self, count: int) -> list[dict[str, Any]]:
        start = {"role": "assistant", "content": ""}
        return [{"index": index, "delta": start, "finish_reason": None} for index in range(count)]

    def _message(self, choice: Choice) -> dict[str, Any]:
        found: dict[str, Any] = {"message": {"role": "assistant", "content": choice.text}}
        return found | _logprobs(choice.tokens)

    def _delta(self, piece: Piece) -> dict[str, Any]:
        delta = {"content": piece.text} if piece.text else {}
        return {"delta": delta, **_logprobs([piece.token] if piece.token else [])}


class Completions(Endpoint):
    """Completions of prompts as they are, without a chat template."""

    kind, prefix = "text_completion", "cmpl"
    request = CompletionRequest

    def _prompts(self, request: Any) -> list[list[int]]:
        return list(request.prompts(self._served.chat))

    def _opening(self, count: int) -> list[dict[str, Any]]:
        return []

    def _message(self, choice: Choice) -> dict[str, Any]:
        return {"text": choice.text, **_old_logprobs(choice.tokens)}

    def _delta(self, piece: Piece) -> dict[str, Any]:
        return {"text": piece.text, **_old_logprobs([piece.token] if piece.token else [])}


def application(engine: Engine, served: Served, layers: Sequence[Callable[[App], App]] = ()) -> App:
    """`layers`: middleware, the innermost first."""
    card = {"id": served.name, "object": "model", "created": int(time.time()), "owned_by": "raif"}
    card |= {"max_model_len": served.context, "root": served.name, "parent": None}

    async def models(http: Http) -> Response:
        return JSONResponse({"object": "list", "data": [card]})

    async def model(http: Http) -> Response:
        if (name := http.path_params["name"]) != served.name:
            raise Refused(f"the model {name!r} does not exist", "model", "model_not_found", 404)
        return JSONResponse(card)

    routes = [
        Route("/v1/chat/completions", Endpoint(engine, served).__call__, methods=["POST"]),
        Route("/v1/completions", Completions(engine, served).__call__, methods=["POST"]),
        Route("/v1/models", models),
        Route("/v1/models/{name:path}", model),
    ]
    return layered(routes, layers)


async def _unless_gone(http: Http, work: Awaitable[Response]) -> Response:
    """The result of `work`, which is stopped when the client hangs up."""
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(http))
    try:
        await asyncio.wait([working, gone], return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else Response(status_code=GONE)
    finally:
        for task in (working, gone):
            task.cancel()


async def _disconnected(http: Http) -> None:
    while (await http.receive())["type"] != "http.disconnect":
        pass


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def _usage(asks: Sequence[Ask], written: int) -> dict[str, int]:
    read = sum(len(ask.prompt) for ask in asks)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _logprobs(tokens: Sequence[Token]) -> dict[str, Any]:
    if not tokens:
        return {}
    content = [
        _scored(token.text, token.logp) | {"top_logprobs": [_scored(*one) for one in token.candidates]}
        for token in tokens
    ]
    return {"logprobs": {"content": content}}


def _scored(text: str, logp: float) -> dict[str, Any]:
    """A token that is a part of a character has no text of its own, and no bytes for clients to join."""
    return {"token": text, "logprob": logp, "bytes": None if BROKEN in text else list(text.encode())}


def _old_logprobs(tokens: Sequence[Token]) -> dict[str, Any]:
    if not tokens:
        return {}
    found = {
        "tokens": [token.text for token in tokens],
        "token_logprobs": [token.logp for token in tokens],
        "top_logprobs": [dict(token.candidates) for token in tokens],
    }
    return {"logprobs": found}


def defaults(folder: Path, config: ServeConfig) -> dict[str, float]:
    """How requests that don't say are sampled: by the checkpoint's generation_config.json, as vLLM does."""
    file = folder / "generation_config.json"
    written = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    found = {name: written[name] for name in Request.DRAWING if written.get(name) is not None}
    return found | ({"temperature": 0.0} if config.judge else {})


def main(config: ServeConfig) -> None:
    """Load the model, and serve it until the process is told to end."""
    from raif.models.chat import Chat
    from raif.models.load import load

    folder = backends.checkpoint(config)
    model = load(str(folder), dtype=config.dtype, device=config.device)
    chat = Chat(model.tokenizer, "none")
    chat.encode("")  # the first call may set up the tokenizer, which must not happen in two threads
    context = min((n for n in (model.context, config.max_model_len) if n), default=None)
    served = Served(folder.name, chat, context, defaults(folder, config))
    run(application(Engine(model, rows=config.batch), served, backends.layers(config, folder)), config)


if __name__ == "__main__":
    main(ServeConfig.model_validate_json(sys.argv[1]))
