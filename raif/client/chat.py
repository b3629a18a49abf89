"""A client for chat completions: retries, rate limits, and the server's own words when it fails."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from raif.client.card import TIMEOUT, context_of, entry_of
from raif.client.changes import Changes, known, noted
from raif.client.failures import Failed, filtered, of_error_body, of_package, pause, unreadable
from raif.client.key import key_of
from raif.client.proxies import is_here
from raif.client.streamed import is_stream, joined
from raif.config.models import EndpointConfig, SamplingConfig
from raif.errors import ConfigError, EndpointError, FailedRequest
from raif.types import Message

TOP_LOGPROBS = 20
"""The most candidates for a token whose log-probabilities servers return."""
FILTERED = "content_filter"
"""How a reply ends that the server's filter has taken away or cut off."""


class Usage(NamedTuple):
    """Tokens, as counted by the server."""

    read: int
    written: int


@dataclass(frozen=True, slots=True)
class Reply:
    """One completion. `reasoning` is None if the server leaves it in `text`.

    `first`: candidates for the first token that is not blank, with their log-probabilities, if these were
    requested and the server returns them. `usage` is None if the server doesn't count tokens. `seconds`: from
    the request that was answered to the reply. `changed`: how its server wanted the request otherwise.
    """

    text: str
    reasoning: str | None
    truncated: bool
    first: tuple[tuple[str, float], ...] = ()
    usage: Usage | None = None
    seconds: float = field(default=0.0, compare=False)
    changed: tuple[str, ...] = field(default=(), compare=False)

    @property
    def empty(self) -> bool:
        """Whether it says nothing, though nothing was cut off: asking again may help."""
        return not self.truncated and not self.text.strip()


class ChatModel(Protocol):
    """Anything that replies to messages: a server, or a model in this process."""

    async def reply(self, messages: Sequence[Message], *, top_logprobs: int = 0) -> Reply:
        """`top_logprobs`: how many candidates for the first token to return, if the model can."""
        ...

    async def close(self) -> None: ...


class ChatClient:
    """One model on one server, for use inside one event loop."""

    def __init__(
        self,
        endpoint: EndpointConfig,
        sampling: SamplingConfig,
        model: str,
        slots: Slots | None = None,
        limit: Callable[[Sequence[Message]], int] | None = None,
    ) -> None:
        """`slots`: to share one limit between several clients; `limit`: the most tokens of a reply."""
        import httpx2
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        self._endpoint, self._sampling, self._model = endpoint, sampling, model
        self._limit = limit or (lambda messages: sampling.max_tokens)
        self._slots = slots or Slots(endpoint.concurrency)
        self._known, self._introducing = known(endpoint.base_url, model), asyncio.Lock()
        key = key_of(endpoint)
        direct = None
        if is_here(
            endpoint.base_url
        ):  # with the certificates that the environment names, without its proxies
            direct = DefaultAsyncHttpxClient(trust_env=False, verify=httpx2.create_ssl_context())
        try:
            self._client = AsyncOpenAI(
                base_url=endpoint.base_url,
                api_key=key,
                timeout=endpoint.timeout,
                http_client=direct,
                max_retries=0,  # the package's own retries keep their slot while waiting and hide the refusal
            )
        except (ImportError, ValueError) as error:  # its HTTP library reads the proxies of the environment
            raise ConfigError(
                f"the proxy that http_proxy, https_proxy or all_proxy names can't be used: {error}",
                "Unset it, or name an http proxy. A socks proxy needs the package socksio.",
            ) from None

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        top_logprobs: int = 0,
        temperature: float | None = None,
        seed: int | None = None,
    ) -> Reply:
        """Ask once a slot is free; `temperature` and `seed` override the sampling's.

        Raises EndpointError once the retries are used up: FailedRequest if it may be due to this request.
        Raises Halted if its slots send nothing any more.
        """
        return await self._retried(self._request(messages, top_logprobs, temperature, seed))

    async def _retried(self, request: dict[str, Any]) -> Reply:
        """Try until one attempt succeeds. Rate limits use up no attempt as long as others get through."""
        attempt = 0
        while True:
            served = self._slots.served
            async with self._slots:
                await self._slots.open()
                start = time.monotonic()
                try:
                    reply = await self._attempt(request)
                    self._slots.succeeded()
                    return replace(reply, seconds=time.monotonic() - start)
                except Failed as failed:
                    attempt = 0 if failed.limited and self._slots.served > served else attempt
                    wait = pause(failed, attempt)
                    if failed.crowded and wait is not None:
                        self._slots.refused(wait)
                    if wait is None or attempt == self._endpoint.retries:
                        self._slots.given_up(failed.error)
                        raise failed.error from failed
            attempt += 1
            await self._slots.rest(wait)

    async def _attempt(self, request: dict[str, Any]) -> Reply:
        """Send the request as its server is known to want it, and again as it says. Raises Failed."""
        await self._introduced()
        changes = self._known.changes
        while True:
            sent = changes.applied(request)
            try:
                reply = await self._sent(sent)
            except Failed as failed:
                wanted = changes.after(failed, sent)
                if wanted is None:
                    raise
                changes = wanted
                continue
            self._known.changes = self._known.changes.both(changes)
            return replace(reply, changed=noted(request, sent, changes))

    async def _introduced(self) -> None:
        """Read how long the model's context is, if nobody has done so."""
        from openai import APIError

        async with self._introducing:
            if self._known.introduced:
                return
            self._known.introduced = True
            with suppress(APIError):
                listed = await self._client.with_options(timeout=TIMEOUT).models.with_raw_response.list()
                context = context_of(entry_of(listed.content, self._model))
                self._known.changes = self._known.changes.both(Changes(context=context))

    async def _sent(self, request: dict[str, Any]) -> Reply:
        """Send exactly this. Raises Failed."""
        from openai import APIError

        others = {name: value for name, value in request.items() if name not in ("model", "messages")}
        try:
            # Raw, because the package makes an object of whatever comes back, even of an error.
            answer = await self._client.chat.completions.with_raw_response.create(
                model=request["model"], messages=request["messages"], extra_body=others
            )
        except APIError as error:
            raise of_package(error, self._endpoint) from error
        return read_completion(answer.content, self._endpoint)

    def _request(
        self, messages: Sequence[Message], top_logprobs: int, temperature: float | None, seed: int | None
    ) -> dict[str, Any]:
        """What is wanted of the server, by which a kept reply is found again: never what it made of that."""
        given = {"temperature": temperature, "seed": seed}
        request: dict[str, Any] = {
            "model": self._model,
            # Half of a surrogate pair, which JSON can escape and UTF-8 can't hold, becomes a question mark.
            "messages": [
                {"role": each.role, "content": each.content.encode("utf-8", "replace").decode()}
                for each in messages
            ],
            **self._sampling.request(self._limit(messages)),
            **{name: value for name, value in given.items() if value is not None},
        }
        return request | {"logprobs": True, "top_logprobs": top_logprobs} if top_logprobs else request

    async def close(self) -> None:
        await self._client.close()


def read_completion(content: bytes, endpoint: EndpointConfig) -> Reply:
    """The first choice of a server's completion. Raises Failed if it is an error, or no completion."""
    text = content.decode("utf-8", "replace")
    try:
        completion = joined(text) if is_stream(text) else json.loads(text)
        if said := completion.get("error"):
            raise of_error_body(said, endpoint)
        choice = completion["choices"][0]
        if said := choice.get("error"):
            raise of_error_body(said, endpoint)
        if choice.get("finish_reason") == FILTERED:
            raise filtered(endpoint)
        return _reply(choice, completion.get("usage"))
    except (ValueError, RecursionError, AttributeError, LookupError, TypeError):
        raise unreadable(text, endpoint) from None


def _reply(choice: dict[str, Any], usage: object) -> Reply:
    message = choice["message"]
    # "" means that the server found no reasoning. vLLM calls it `reasoning`, others `reasoning_content`.
    reasoning = message.get("reasoning_content")
    if reasoning is None:
        reasoning = message.get("reasoning")
    content = message.get("content")
    if content is None:
        content = message.get("refusal")  # OpenAI's field for the words of a model that declines
    if isinstance(content, list):
        thought = _text(content, "thinking")
        content, reasoning = _text(content, "text"), thought if reasoning is None else reasoning
    if not isinstance(content, str | None) or not isinstance(reasoning, str | None):
        raise TypeError("not text")
    tokens = (choice.get("logprobs") or {}).get("content") or ()
    first: dict[str, Any] = next((token for token in tokens if token["token"].strip()), {})
    return Reply(
        content or "",
        reasoning,
        choice.get("finish_reason") == "length",
        tuple((one["token"], one["logprob"]) for one in first.get("top_logprobs") or ()),
        _usage(usage) if isinstance(usage, dict) else None,
    )


def _text(parts: Sequence[Any], kind: str) -> str | None:
    """The text in the parts of one kind, of those that a message's content is made of; None without any.

    Mistral's thinking is such a part, and made of parts itself.
    """
    found = [part[kind] for part in parts if part["type"] == kind]
    texts = [_text(one, "text") or "" if isinstance(one, list) else one for one in found]
    return "".join(texts) if texts else None


def _usage(counted: dict[str, Any]) -> Usage | None:
    read, written = counted.get("prompt_tokens"), counted.get("completion_tokens")
    return Usage(read, written) if isinstance(read, int) and isinstance(written, int) else None


class Halted(Exception):
    """A request was not sent, because no more are to be."""


class Slots:
    """A semaphore whose size follows the server. For use inside one event loop.

    Additive increase and multiplicative decrease, as in TCP, give the clients of one server fair shares.
    """

    def __init__(self, most: int, *, closes: bool = False) -> None:
        """`closes`: an error that any other request would meet too is the end of all."""
        self.size = float(most)
        """Requests that may be in flight, rounded down; it starts at `most` and never exceeds it."""
        self.served = 0
        """Requests that were answered."""
        self._most, self._taken, self._closed_until = most, 0, 0.0
        self._changed, self._halted, self._closes = asyncio.Condition(), asyncio.Event(), closes

    async def __aenter__(self) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._taken < int(self.size))
            self._taken += 1

    async def __aexit__(self, *error: object) -> None:
        async with self._changed:
            self._taken -= 1
            # wake only as many as can proceed: one that has to wait again would go to the back of the queue
            self._changed.notify(max(0, int(self.size) - self._taken))

    async def open(self) -> None:
        """Wait while the server accepts no requests at all. Raises Halted if no more are to be sent."""
        while not self._halted.is_set() and (left := self._closed_until - time.monotonic()) > 0:
            await self.rest(left)
        if self._halted.is_set():
            raise Halted

    async def rest(self, seconds: float) -> None:
        """Wait, but no longer than requests are sent."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._halted.wait(), seconds)

    def halt(self) -> None:
        """Send no more requests. Those in flight go on."""
        self._halted.set()

    def given_up(self, error: EndpointError) -> None:
        """A request has failed for good."""
        if self._closes and not isinstance(error, FailedRequest):
            self.halt()

    def succeeded(self) -> None:
        """Add one slot for each round of requests that are all answered."""
        self.served += 1
        self.size = min(self._most, self.size + 1 / self.size)

    def refused(self, wait: float) -> None:
        """Halve the slots, once for all requests refused together, and send nothing for `wait` seconds."""
        now = time.monotonic()
        if now >= self._closed_until:
            self.size = max(1.0, self.size / 2)
        self._closed_until = max(self._closed_until, now + wait)
