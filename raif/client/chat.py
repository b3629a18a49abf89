"""A client for chat completions: retries, rate limits, and the server's own words when it fails."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from raif.config.models import EndpointConfig, SamplingConfig
from raif.errors import EndpointError, RefusedRequest
from raif.types import Message

if TYPE_CHECKING:
    from openai import APIError

TOP_LOGPROBS = 20
"""The most candidates for a token whose log-probabilities servers return."""


class Usage(NamedTuple):
    """Tokens, as counted by the server."""

    read: int
    written: int


@dataclass(frozen=True, slots=True)
class Reply:
    """One completion. `reasoning` is None if the server leaves it in `text`.

    `first`: candidates for the first token that is not blank, with their log-probabilities, if these were
    requested and the server returns them. `usage` is None if the server doesn't count tokens.
    """

    text: str
    reasoning: str | None
    truncated: bool
    first: tuple[tuple[str, float], ...] = ()
    usage: Usage | None = None


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
        from openai import AsyncOpenAI

        self._endpoint, self._sampling, self._model = endpoint, sampling, model
        self._limit = limit or (lambda messages: sampling.max_tokens)
        self._slots = slots or Slots(endpoint.concurrency)
        self._client = AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=os.environ.get(endpoint.api_key_env) or "none",
            timeout=endpoint.timeout,
            max_retries=0,  # the package's own retries keep their slot while waiting and hide the refusal
        )

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        top_logprobs: int = 0,
        temperature: float | None = None,
        seed: int | None = None,
    ) -> Reply:
        """Ask once a slot is free; `temperature` overrides the sampling's.

        Raises EndpointError once the retries are used up.
        """
        completion = await self._completion(self._request(messages, top_logprobs, temperature, seed))
        # The package returns whatever a wrong address answers, such as a web page.
        if not (choices := getattr(completion, "choices", None)):
            where = f"{self._endpoint.base_url}: not a chat completion: {str(completion)[:200]!r}"
            raise EndpointError(where, _HINTS[404])
        return read_completion(completion, choices[0])

    async def _completion(self, request: dict[str, Any]) -> Any:
        """Try until one attempt succeeds. Rate limits use up no attempt as long as others get through."""
        from openai import APIError

        attempt = 0
        while True:
            served = self._slots.served
            try:
                async with self._slots:
                    await self._slots.open()
                    completion = await self._client.chat.completions.create(**request)
                    self._slots.succeeded()
                return completion
            except APIError as error:
                limited = getattr(error, "status_code", None) == 429
                attempt = 0 if limited and self._slots.served > served else attempt
                wait = pause(error, attempt)
                if wait is None or attempt == self._endpoint.retries:
                    raise explained(error, self._endpoint) from error
                if limited:
                    self._slots.refused(wait)
            attempt += 1
            await asyncio.sleep(wait)

    def _request(
        self, messages: Sequence[Message], top_logprobs: int, temperature: float | None, seed: int | None
    ) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._model,
            # Half of a surrogate pair, which JSON can escape and UTF-8 can't hold, becomes a question mark.
            "messages": [
                {"role": each.role, "content": each.content.encode("utf-8", "replace").decode()}
                for each in messages
            ],
            "temperature": self._sampling.temperature if temperature is None else temperature,
            # not max_completion_tokens: every open server knows the older name
            "max_tokens": self._limit(messages),
        }
        if top_logprobs:
            request |= {"logprobs": True, "top_logprobs": top_logprobs}
        return request if seed is None else request | {"seed": seed}

    async def close(self) -> None:
        await self._client.close()


def read_completion(completion: Any, choice: Any) -> Reply:
    """One choice of a server's completion."""
    message = choice.message
    # "" means that the server found no reasoning. vLLM calls it `reasoning`, others `reasoning_content`.
    reasoning = getattr(message, "reasoning_content", None)
    if reasoning is None:
        reasoning = getattr(message, "reasoning", None)
    tokens = getattr(getattr(choice, "logprobs", None), "content", None) or ()
    first = next((token for token in tokens if token.token.strip()), None)
    candidates = getattr(first, "top_logprobs", None) or ()
    counted = getattr(completion, "usage", None)
    return Reply(
        message.content or "",
        reasoning,
        choice.finish_reason == "length",
        tuple((one.token, one.logprob) for one in candidates),
        Usage(counted.prompt_tokens, counted.completion_tokens) if counted else None,
    )


class Slots:
    """A semaphore whose size follows the server. For use inside one event loop.

    Additive increase and multiplicative decrease, as in TCP, give the clients of one server fair shares.
    """

    def __init__(self, most: int) -> None:
        self.size = float(most)
        """Requests that may be in flight, rounded down; it starts at `most` and never exceeds it."""
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
            # wake only as many as can proceed: one that has to wait again would go to the back of the queue
            self._changed.notify(max(0, int(self.size) - self._taken))

    async def open(self) -> None:
        """Wait while the server accepts no requests at all."""
        while (left := self._closed_until - time.monotonic()) > 0:
            await asyncio.sleep(left)

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


FIRST, LONGEST = 0.5, 8.0
"""Seconds of the first wait before a retry, and the limit for waits that double."""
TOO_LONG = 120.0
"""The longest wait in seconds that we accept from a server; beyond it, the user decides."""
_TEMPORARY = {408, 409, 429}


def pause(error: APIError, attempt: int) -> float | None:
    """Seconds to wait after a failed attempt, counted from 0; None if another attempt is of no use.

    The server's Retry-After decides. Without it, waits double, with some jitter.
    """
    from openai import APIConnectionError, APIStatusError

    doubled = min(FIRST * 2**attempt, LONGEST) * random.uniform(0.75, 1)
    if isinstance(error, APIConnectionError):
        return doubled
    if not isinstance(error, APIStatusError):
        return None
    if error.status_code not in _TEMPORARY and error.status_code < 500:
        return None
    wanted = retry_after(error.response.headers.get("retry-after", ""))
    if wanted is None:
        return doubled
    return wanted if wanted <= TOO_LONG else None


def retry_after(header: str) -> float | None:
    """Seconds requested by a Retry-After header, a number or a date; None if it is neither."""
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # not a date, or a date without a time zone
        return None


_HINTS = {
    400: "Does the server know this model name, and do prompt and sampling.max_tokens (for raif eval: "
    "context.size) fit its context?",
    401: "Put the key into the environment variable {key}.",
    403: "Put a key that may use this model into the environment variable {key}.",
    404: "The base URL should end in /v1, and the server must know the model name.",
    429: "Lower endpoint.concurrency, or wait and resume with --resume.",
}
_REFUSED = {400, 413, 422}
"""How servers answer a request that is itself wrong."""
_NO_ANSWER = "Is the server running, and is this its address? `raif serve MODEL` starts one."
_TOO_SLOW = "Raise endpoint.timeout, or lower endpoint.concurrency or sampling.max_tokens."
_SERVER_FAULT = "See the server's own log; once fixed, resume with --resume."


def explained(error: APIError, endpoint: EndpointConfig) -> EndpointError:
    """The package's error as ours, with the server's address, its words and what to do next."""
    from openai import APIConnectionError, APIStatusError, APITimeoutError

    where = f"{endpoint.base_url}: "
    if isinstance(error, APITimeoutError):
        return EndpointError(f"{where}no answer within {endpoint.timeout:g} seconds", _TOO_SLOW)
    if isinstance(error, APIConnectionError):
        return EndpointError(f"{where}can't be reached ({error.__cause__ or error.message})", _NO_ANSWER)
    if not isinstance(error, APIStatusError):
        return EndpointError(f"{where}{error.message}", _SERVER_FAULT)
    body = error.body
    if isinstance(body, dict):
        body = body.get("message") or body.get("detail") or body
    hint = _HINTS.get(error.status_code, _SERVER_FAULT).format(key=endpoint.api_key_env)
    kind = RefusedRequest if error.status_code in _REFUSED else EndpointError
    return kind(f"{where}HTTP {error.status_code}: {str(body or error.message).strip()}", hint)
