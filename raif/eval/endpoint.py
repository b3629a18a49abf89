"""Answers from a server: the talks of all items at once, within the endpoint's limit."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping, Sequence
from functools import partial
from typing import Any

from raif.client.background import as_completed
from raif.client.chat import ChatClient
from raif.config.eval import EvalConfig
from raif.eval.answers import Answer, Ask
from raif.eval.limits import limit
from raif.eval.methods import Call, talk

Answers = Generator[tuple[Ask, Answer], None, None]


def settings(config: EvalConfig) -> dict[str, Any]:
    """All that an answer depends on besides the model and the ask."""
    context = {"context": config.context.model_dump(mode="json")} if config.context.size else {}
    method = {} if config.method == "io" else {"method": config.method, "options": _options(config)}
    return {"think": config.think, **config.sampling.model_dump(), **context, **method}


def _options(config: EvalConfig) -> dict[str, Any]:
    return config.options.model_dump(mode="json", exclude={"thinker_endpoint"})


class Endpoint:
    """Asks a server, several requests at once."""

    def __init__(self, config: EvalConfig, model: str | None = None) -> None:
        """`model`: the server's name for it, where the config has a folder."""
        self.model = model or str(config.model)
        self.settings: Mapping[str, Any] = settings(config)
        self._config = config

    def respond(self, asks: Sequence[Ask]) -> Answers:
        work = [partial(self._talk, ask=ask) for ask in asks]
        for n, answer in as_completed(lambda: Models(self._config, self.model), work):
            yield asks[n], answer

    async def _talk(self, models: Models, ask: Ask) -> Answer:
        leading = talk(ask, self._config)
        calls = next(leading)
        while True:
            answers = await asyncio.gather(*map(models.answer, calls))
            try:
                calls = leading.send(answers)
            except StopIteration as end:
                return end.value


class Models:
    """The model that answers, and the one whose thinking is borrowed, where the config names one."""

    def __init__(self, config: EvalConfig, model: str) -> None:
        fits = limit(config)
        self._answerer = ChatClient(config.endpoint, config.sampling, model, limit=fits)
        options = config.options
        thinks = options.thinker_endpoint if options.thinker_endpoint.base_url else config.endpoint
        self._thinker = (
            ChatClient(thinks, config.sampling, options.thinker, limit=fits) if options.thinker else None
        )

    async def answer(self, call: Call) -> Answer:
        chat = self._thinker if call.thinker and self._thinker else self._answerer
        reply = await chat.reply(call.messages, temperature=call.temperature)
        return Answer(reply.text, reply.reasoning, reply.truncated)

    async def close(self) -> None:
        await self._answerer.close()
        if self._thinker:
            await self._thinker.close()
