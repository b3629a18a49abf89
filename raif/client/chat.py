"""Chat completions: as many at once as the server takes, patiently, failures in the server's own words."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from raif.client.errors import explained, not_a_completion
from raif.client.patience import pause
from raif.client.slots import Slots
from raif.config.models import EndpointConfig, SamplingConfig
from raif.types import Message

if TYPE_CHECKING:
    from openai import APIError

T = TypeVar("T")
TOP_LOGPROBS = 20
"""The most candidates for a token that servers give with their log-probabilities."""


class Usage(NamedTuple):
    """Tokens, as the server counts them."""

    read: int
    written: int


@dataclass(frozen=True, slots=True)
class Reply:
    """One completion. `reasoning` is None where the server leaves it in `text`.

    `first`: candidates for the first token that is not blank, with their log-probabilities, where they were
    asked for and the server gives them. `usage` is None where the server doesn't count.
    """

    text: str
    reasoning: str | None
    truncated: bool
    first: tuple[tuple[str, float], ...] = ()
    usage: Usage | None = None


class Replies(Protocol):
    """Whoever replies to messages as a server does."""

    async def reply(self, messages: Sequence[Message], *, top_logprobs: int = 0) -> Reply:
        """With so many candidates for the first token, where there are any."""
        ...

    async def close(self) -> None: ...


class Chat:
    """One model on one server, for use inside one event loop."""

    def __init__(
        self,
        endpoint: EndpointConfig,
        sampling: SamplingConfig,
        model: str,
        slots: Slots | None = None,
        limit: Callable[[Sequence[Message]], int] | None = None,
    ) -> None:
        """`slots` where several chats share one limit; `limit`: the most tokens of a reply to messages."""
        from openai import AsyncOpenAI

        self._endpoint, self._sampling, self._model = endpoint, sampling, model
        self._limit = limit or (lambda messages: sampling.max_tokens)
        self._slots = slots or Slots(endpoint.concurrency)
        self._client = AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=os.environ.get(endpoint.api_key_env) or "none",
            timeout=endpoint.timeout,
            max_retries=0,  # the package would keep its slot while it waits, and not tell of the refusal
        )

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        top_logprobs: int = 0,
        temperature: float | None = None,
        seed: int | None = None,
    ) -> Reply:
        """Ask once, when a slot is free; `temperature` in place of the sampling's.

        Raises EndpointError once the retries are used up.
        """
        request = self._request(messages, top_logprobs, temperature, seed)
        return self._reply(await self._completion(request))

    async def _completion(self, request: dict[str, Any]) -> Any:
        """Attempts until one succeeds. A rate limit uses none up as long as others get through."""
        from openai import APIError

        attempt = 0
        while True:
            served = self._slots.served
            try:
                return await self._attempt(request)
            except APIError as error:
                attempt = 0 if _limited(error) and self._slots.served > served else attempt
                wait = pause(error, attempt)
                if wait is None or attempt == self._endpoint.retries:
                    raise explained(error, self._endpoint) from error
                if _limited(error):
                    self._slots.refused(wait)
            attempt += 1
            await asyncio.sleep(wait)

    async def _attempt(self, request: dict[str, Any]) -> Any:
        async with self._slots:
            await self._slots.open()
            completion = await self._client.chat.completions.create(**request)
            self._slots.succeeded()
        return completion

    def _request(
        self, messages: Sequence[Message], top_logprobs: int, temperature: float | None, seed: int | None
    ) -> dict[str, Any]:
        # max_tokens and not max_completion_tokens: every open server knows the older name.
        request: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": each.role, "content": _encodable(each.content)} for each in messages],
            "temperature": self._sampling.temperature if temperature is None else temperature,
            "max_tokens": self._limit(messages),
        }
        if top_logprobs:
            request |= {"logprobs": True, "top_logprobs": top_logprobs}
        return request if seed is None else request | {"seed": seed}

    def _reply(self, completion: Any) -> Reply:
        # The package hands on whatever a wrong address answers, a web page for one.
        choices = getattr(completion, "choices", None)
        if not choices:
            raise not_a_completion(completion, self._endpoint)
        message, cut = choices[0].message, choices[0].finish_reason == "length"
        first, usage = _first(choices[0]), _usage(completion)
        return Reply(message.content or "", _reasoning(message), cut, first, usage)

    async def close(self) -> None:
        await self._client.close()


def _limited(error: APIError) -> bool:
    return getattr(error, "status_code", None) == 429


def _encodable(text: str) -> str:
    """Half of a surrogate pair, which JSON can escape and UTF-8 can't hold, as a question mark."""
    return text.encode("utf-8", "replace").decode()


def _reasoning(message: Any) -> str | None:
    """What a server split off; "" where it found no thinking. vLLM calls it `reasoning`, others otherwise."""
    found = getattr(message, "reasoning_content", None)
    return getattr(message, "reasoning", None) if found is None else found


def _usage(completion: Any) -> Usage | None:
    counted = getattr(completion, "usage", None)
    return Usage(counted.prompt_tokens, counted.completion_tokens) if counted else None


def _first(choice: Any) -> tuple[tuple[str, float], ...]:
    tokens = getattr(getattr(choice, "logprobs", None), "content", None) or ()
    first = next((token for token in tokens if token.token.strip()), None)
    return tuple((one.token, one.logprob) for one in getattr(first, "top_logprobs", None) or ())


def replies(
    endpoint: EndpointConfig, sampling: SamplingConfig, model: str, batch: Sequence[Sequence[Message]]
) -> Iterator[tuple[int, Reply]]:
    """(position in `batch`, reply) as the replies come; EndpointError at the first request that fails."""
    work = [lambda chat, messages=messages: chat.reply(messages) for messages in batch]
    return talks(lambda: Chat(endpoint, sampling, model), work)


class Closing(Protocol):
    async def close(self) -> None: ...


C = TypeVar("C", bound=Closing)


def talks(
    connect: Callable[[], C], work: Sequence[Callable[[C], Coroutine[Any, Any, T]]]
) -> Iterator[tuple[int, T]]:
    """(position in `work`, result) as the pieces of work are done, all at once with what `connect` opens.

    Raises what the first one that fails raises. The event loop runs only while the caller waits for the next
    result. Closing the iterator cancels what is in flight.
    """
    with asyncio.Runner() as runner:
        loop, connection = runner.get_loop(), connect()
        finished: asyncio.Queue[asyncio.Task[T]] = asyncio.Queue()
        tasks = {loop.create_task(piece(connection)): n for n, piece in enumerate(work)}
        for task in tasks:
            task.add_done_callback(finished.put_nowait)
        try:
            while tasks:
                task = runner.run(finished.get())
                yield tasks.pop(task), task.result()
        finally:
            runner.run(_abandon(tasks, connection))


async def _abandon(tasks: Iterable[asyncio.Task[Any]], connection: Closing) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await connection.close()
