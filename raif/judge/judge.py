"""A judge: a model behind an endpoint that answers yes/no questions about responses.

One class for `verify`, rewards and benchmarks. It may be asked from any thread, by code that waits (`ask`)
and by code that is asynchronous (`judge`); all requests share one limit, one client and one cache.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, Self, TypeVar

from raif.client.background import Background
from raif.client.chat import TOP_LOGPROBS, ChatClient, ChatModel, Reply
from raif.config.judge import JudgeConfig
from raif.config.models import SamplingConfig
from raif.errors import RefusedRequest
from raif.judge import judgment
from raif.judge.cache import Cache
from raif.judge.judgment import JudgeItem, Judgment
from raif.prompts import Prompts, choose, load_languages
from raif.types import Message

T = TypeVar("T")


class Judge:
    """Use it in a `with` block, or close it.

    What can't be judged has `passed` None: two replies that are neither yes nor no, or a request that the
    server refuses. EndpointError: the server can't be reached, or wants a key or another model name.
    """

    def __init__(
        self, config: JudgeConfig, replies: ChatModel | None = None, background: Background | None = None
    ) -> None:
        """`replies`: who answers in place of the server, greedily, in the event loop of `background`."""
        self._config = config
        self._prompts = load_languages("judge", config.prompts, only=True)
        self._cache = Cache(config.cache) if config.cache else None
        self._sampling = SamplingConfig(temperature=0.0, max_tokens=config.max_tokens)
        self._chat = replies or ChatClient(config.endpoint, self._sampling, config.model)
        self.counts: Counter[str] = Counter()
        """Questions so far: `asked` or `cached`, and of both together `yes`, `no` and `unjudged`."""
        self._gives_logprobs = True
        self._background = background or Background()

    @property
    def concurrency(self) -> int:
        """Requests in flight at once, at most."""
        return self._config.endpoint.concurrency

    @property
    def digests(self) -> dict[str, str]:
        """Which prompts are used, by language."""
        return {language: prompt.digest for language, prompt in self._prompts.items()}

    def ask(self, items: Sequence[JudgeItem]) -> list[Judgment]:
        """All judgments, in order. Waits; asynchronous code uses `judge`."""
        return self.run(self._all(items)).result()

    async def judge(self, item: JudgeItem) -> Judgment:
        """One judgment, awaited in any event loop."""
        return await asyncio.wrap_future(self.run(self._judged(item)))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run what awaits judgments in the judge's own event loop, while the caller goes on."""
        return self._background.run(coroutine)

    def close(self) -> None:
        """Cancel what is in flight."""
        self._background.close(self._chat.close())
        if self._cache:
            self._cache.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    async def _all(self, items: Sequence[JudgeItem]) -> list[Judgment]:
        return await asyncio.gather(*map(self._judged, items))

    async def _judged(self, item: JudgeItem) -> Judgment:
        prompt = choose(self._prompts, item.language)
        question = Message(
            role="user",
            content=prompt.fill("ask", input=item.input, answer=item.answer, question=item.question),
        )
        key = self._key(prompt, question)
        if self._cache and (known := self._cache.get(key)):
            return self._counted(known, "cached")
        found = await self._asked(question, prompt)
        if self._cache and found.passed is not None:
            self._cache.put(key, found)
        return self._counted(found, "asked")

    def _counted(self, found: Judgment, how: str) -> Judgment:
        said = {True: "yes", False: "no", None: "unjudged"}[found.passed]
        self.counts.update((how, said))
        return found

    async def _asked(self, question: Message, prompt: Prompts) -> Judgment:
        try:
            reply = await self._reply(question)
            found = judgment.read(reply)
            if found.passed is None and reply.text:
                said = Message(role="assistant", content=reply.text)
                again = Message(role="user", content=prompt.templates["again"])
                found = judgment.read(await self._reply(question, said, again))
        except RefusedRequest as error:
            return Judgment(None, error.message)
        return found

    async def _reply(self, *messages: Message) -> Reply:
        """With log-probabilities, as long as the server takes such a request at all."""
        if self._gives_logprobs:
            try:
                return await self._chat.reply(messages, top_logprobs=TOP_LOGPROBS)
            except RefusedRequest:
                pass  # because of the log-probabilities where the same request without them is taken
        reply = await self._chat.reply(messages)
        self._gives_logprobs = False
        return reply

    def _key(self, prompt: Prompts, question: Message) -> str:
        settings = self._sampling.model_dump() | {"top_logprobs": TOP_LOGPROBS}
        parts = [self._config.model, prompt.version, prompt.templates["again"], question.content, settings]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
