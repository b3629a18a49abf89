"""Chat completions: so many at once, patiently, each failure in the server's own words."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from raif.client.errors import explained, not_a_completion
from raif.config.endpoint import EndpointConfig, SamplingConfig
from raif.types import Message


@dataclass(frozen=True, slots=True)
class Reply:
    """One completion. `reasoning` is None where the server leaves it in `text`.

    `first`: candidates for the first token that is not blank, with their log-probabilities, where they were
    asked for and the server gives them.
    """

    text: str
    reasoning: str | None
    truncated: bool
    first: tuple[tuple[str, float], ...] = ()


class Replies(Protocol):
    """Whoever replies to messages as a server does."""

    async def reply(self, messages: Sequence[Message], *, top_logprobs: int = 0) -> Reply:
        """With so many candidates for the first token, where there are any."""
        ...

    async def close(self) -> None: ...


class Chat:
    """One model on one server, for use inside one event loop."""

    def __init__(self, endpoint: EndpointConfig, sampling: SamplingConfig, model: str) -> None:
        from openai import AsyncOpenAI

        self._endpoint, self._sampling, self._model = endpoint, sampling, model
        self._slots = asyncio.Semaphore(endpoint.concurrency)
        self._client = AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=os.environ.get(endpoint.api_key_env) or "none",
            timeout=endpoint.timeout,
            max_retries=endpoint.retries,
        )

    async def reply(self, messages: Sequence[Message], *, top_logprobs: int = 0) -> Reply:
        """Ask once, when a slot is free. Raises EndpointError once the retries are used up."""
        from openai import APIError

        request = self._request(messages)
        if top_logprobs:
            request |= {"logprobs": True, "top_logprobs": top_logprobs}
        async with self._slots:
            try:
                completion = await self._client.chat.completions.create(**request)
            except APIError as error:
                raise explained(error, self._endpoint) from error
        return self._reply(completion)

    def _request(self, messages: Sequence[Message]) -> dict[str, Any]:
        # max_tokens and not max_completion_tokens: every open server knows the older name.
        return {
            "model": self._model,
            "messages": [{"role": each.role, "content": _encodable(each.content)} for each in messages],
            "temperature": self._sampling.temperature,
            "max_tokens": self._sampling.max_tokens,
        }

    def _reply(self, completion: Any) -> Reply:
        # The package hands on whatever a wrong address answers, a web page for one.
        choices = getattr(completion, "choices", None)
        if not choices:
            raise not_a_completion(completion, self._endpoint)
        message, cut = choices[0].message, choices[0].finish_reason == "length"
        return Reply(message.content or "", _reasoning(message), cut, _first(choices[0]))

    async def close(self) -> None:
        await self._client.close()


def _encodable(text: str) -> str:
    """Half of a surrogate pair, which JSON can escape and UTF-8 can't hold, as a question mark."""
    return text.encode("utf-8", "replace").decode()


def _reasoning(message: Any) -> str | None:
    """What a reasoning parser split off; servers have two names for it."""
    return getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None)


def _first(choice: Any) -> tuple[tuple[str, float], ...]:
    tokens = getattr(getattr(choice, "logprobs", None), "content", None) or ()
    first = next((token for token in tokens if token.token.strip()), None)
    return tuple((one.token, one.logprob) for one in getattr(first, "top_logprobs", None) or ())


def replies(
    endpoint: EndpointConfig, sampling: SamplingConfig, model: str, batch: Sequence[Sequence[Message]]
) -> Iterator[tuple[int, Reply]]:
    """(position in `batch`, reply) as the replies come. Raises EndpointError at the first request that fails.

    The event loop runs only while the caller waits for the next reply. Closing the iterator cancels
    what is in flight.
    """
    with asyncio.Runner() as runner:
        loop, chat = runner.get_loop(), Chat(endpoint, sampling, model)
        finished: asyncio.Queue[asyncio.Task[Reply]] = asyncio.Queue()
        tasks = {loop.create_task(chat.reply(messages)): n for n, messages in enumerate(batch)}
        for task in tasks:
            task.add_done_callback(finished.put_nowait)
        try:
            while tasks:
                task = runner.run(finished.get())
                yield tasks.pop(task), task.result()
        finally:
            runner.run(_abandon(tasks, chat))


async def _abandon(tasks: dict[asyncio.Task[Reply], int], chat: Chat) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await chat.close()
