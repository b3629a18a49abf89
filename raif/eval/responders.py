"""Where answers come from: a server, a checkpoint on this machine, or a file of stored answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from raif.client.background import as_completed
from raif.client.chat import ChatClient
from raif.client.paid import estimated_tokens
from raif.config.base import validate
from raif.config.eval import EvalConfig
from raif.config.serve import ServeConfig
from raif.errors import ConfigError, require
from raif.eval.answers import Answer, Answers, Ask, Responder
from raif.eval.benchmark import BENCHMARKS
from raif.eval.methods import Call, Talk, style, talk
from raif.eval.stored import StoredAnswer
from raif.files.whole import sha256
from raif.types import Message

SPARE = 100
"""Tokens that the method's authors leave for a chat template."""
TOKENIZER = "tokenizer.json"

T = TypeVar("T")


class Shared(ExitStack):
    """Servers and models that several evaluations use: each starts on first use and ends with this."""

    def __init__(self) -> None:
        super().__init__()
        self._started: dict[str, Any] = {}

    def get(self, key: str, start: Callable[[], AbstractContextManager[T]]) -> T:
        """What `start` returned the first time this key was asked for."""
        if key not in self._started:
            self._started[key] = self.enter_context(start())
        return self._started[key]


def responder(config: EvalConfig, shared: Shared | None = None) -> Responder:
    """The source that the config names. Nothing is loaded or asked before the first `respond`.

    What is started on this machine ends with `shared`, or without it, with the `respond` that started it.
    """
    if config.responses:
        read = BENCHMARKS[config.benchmark].answers
        return Stored(config.responses, config.model or config.responses.stem, read)
    if config.endpoint.base_url:
        return Endpoint(config)
    return (Local if config.local.backend == "process" else Served)(config, shared)


def settings(config: EvalConfig) -> dict[str, Any]:
    """All that an answer depends on besides the model and what is asked."""
    context = {"context": config.context.model_dump(mode="json")} if config.context.size else {}
    options = config.options.model_dump(mode="json", exclude={"thinker_endpoint"})
    method = {} if config.method == "io" else {"method": config.method, "options": options}
    return {"think": config.think, **config.sampling.model_dump(), **context, **method}


class Stored:
    """Answers from a file, matched by id, else by prompt. What is not in the file stays unanswered."""

    def __init__(self, path: Path, model: str, read: Callable[[Path], Iterable[StoredAnswer]]) -> None:
        if not path.exists():
            raise ConfigError(
                f"{path}: no such file", "Give JSON Lines with `prompt` and `response` on each line."
            )
        self.model = model
        self.settings: Mapping[str, Any] = {"responses": path.name, "sha256": sha256(path)}
        self._path, self._read = path, read

    def respond(self, asks: Sequence[Ask]) -> Answers:
        stored = list(self._read(self._path))
        by_prompt = {s.prompt: s for s in stored if s.prompt is not None}
        by_id = {s.id or s.key: s for s in stored}
        for ask in asks:
            if found := by_id.get(ask.id) or by_prompt.get(ask.prompt):
                yield ask, Answer(found.response, found.reasoning, found.truncated)


class Endpoint:
    """Asks a server about all items at once, within the endpoint's limit."""

    def __init__(self, config: EvalConfig, model: str | None = None) -> None:
        """`model`: the server's name for it, if the config names a folder."""
        self.model = model or str(config.model)
        self.settings: Mapping[str, Any] = settings(config)
        self._config = config

    def respond(self, asks: Sequence[Ask]) -> Answers:
        work = [partial(self._lead, ask=ask) for ask in asks]
        for n, answer in as_completed(lambda: Models(self._config, self.model), work):
            yield asks[n], answer

    async def _lead(self, models: Models, ask: Ask) -> Answer:
        leading = talk(ask, self._config)
        calls = next(leading)
        while True:
            answers = await asyncio.gather(*map(models.answer, calls))
            try:
                calls = leading.send(answers)
            except StopIteration as end:
                return end.value


class Models:
    """Clients of the model that answers, and of the one whose thinking is borrowed, if there is one."""

    def __init__(self, config: EvalConfig, model: str) -> None:
        client = partial(ChatClient, sampling=config.sampling, limit=limit(config))
        self._answerer = client(config.endpoint, model=model)
        options = config.options
        thinks = options.thinker_endpoint if options.thinker_endpoint.base_url else config.endpoint
        self._thinker = client(thinks, model=options.thinker) if options.thinker else None

    async def answer(self, call: Call) -> Answer:
        chat = self._thinker if call.thinker and self._thinker else self._answerer
        reply = await chat.reply(call.messages, temperature=call.temperature)
        return Answer(reply.text, reply.reasoning, reply.truncated)

    async def close(self) -> None:
        await self._answerer.close()
        if self._thinker:
            await self._thinker.close()


class Served:
    """Starts a server for a checkpoint on this machine, asks it, and stops it."""

    def __init__(self, config: EvalConfig, shared: Shared | None = None) -> None:
        self.model = str(config.model)
        local = config.local.model_dump(mode="json", exclude={"batch"})
        self.settings: Mapping[str, Any] = settings(config) | local
        self._config, self._shared = config, shared

    def respond(self, asks: Sequence[Ask]) -> Answers:
        from raif.serve import serving

        local = self._config.local
        keys = {
            "model": self.model,
            "backend": local.backend,
            "dtype": local.compute,
            "device": local.device,
            "arguments": local.arguments,
            "think": style(self._config),  # whatever the template says: answers are split as in this process
            "port": 0,
        }
        wanted = validate(ServeConfig, keys, {}, "raif eval")
        with nullcontext(self._shared) if self._shared else Shared() as shared:
            server = shared.get(wanted.model_dump_json(), partial(serving, wanted))
            endpoint = self._config.endpoint.model_copy(update={"base_url": server.base_url})
            config = self._config.model_copy(update={"endpoint": endpoint})
            yield from Endpoint(config, server.model).respond(asks)


class Local:
    """Runs a checkpoint in this process, batch by batch."""

    def __init__(self, config: EvalConfig, shared: Shared | None = None) -> None:
        self.model = str(config.model)
        self.settings: Mapping[str, Any] = settings(config) | {"compute": config.local.compute}
        self._config, self._shared = config, shared
        self._limit = limit(config)

    def respond(self, asks: Sequence[Ask]) -> Answers:
        local = self._config.local
        with nullcontext(self._shared) if self._shared else Shared() as shared:

            def load() -> AbstractContextManager[Any]:
                return nullcontext(_local_model()(self.model, dtype=local.compute, device=local.device))

            model = shared.get(f"{self.model} {local.model_dump_json()}", load)
            for start in range(0, len(asks), local.batch):
                yield from self._lead(model, asks[start : start + local.batch])

    def _lead(self, model: Any, asks: Sequence[Ask]) -> Answers:
        """Lead the talks about some asks side by side, one round of calls at a time."""
        rounds: list[tuple[Ask, Talk, Sequence[Call]]] = []
        for ask in asks:
            leading = talk(ask, self._config)
            rounds.append((ask, leading, next(leading)))
        while rounds:
            answers = iter(self._answers(model, [call for _, _, calls in rounds for call in calls]))
            pending, rounds = rounds, []
            for ask, leading, calls in pending:
                try:
                    rounds.append((ask, leading, leading.send([next(answers) for _ in calls])))
                except StopIteration as end:
                    yield ask, end.value

    def _answers(self, model: Any, calls: Sequence[Call]) -> Iterator[Answer]:
        sampling, size = self._config.sampling, self._config.local.batch
        for start in range(0, len(calls), size):
            batch = calls[start : start + size]
            heat = batch[0].temperature
            generations = model.chat(
                [call.messages for call in batch],
                max_new_tokens=max(self._limit(call.messages) for call in batch),
                temperature=sampling.temperature if heat is None else heat,
            )
            yield from (Answer(one.text, truncated=one.truncated) for one in generations)


def _local_model() -> Any:
    require("torch", "transformers", extra="train")
    from raif.models.local import LocalModel

    return LocalModel


def limit(config: EvalConfig) -> Callable[[Sequence[Message]], int]:
    """The most new tokens of a response to some messages: what the prompt leaves of the context.

    Counted as the method's authors do. Raises ConfigError if the config's tokenizer can't be read.
    """
    most, context = config.sampling.max_tokens, config.context
    if context.size is None:
        return lambda messages: most
    size, tokens = context.size, _token_counter(config)

    def left(messages: Sequence[Message]) -> int:
        prompt = tokens("\n".join(message.content for message in messages))
        return min(most, max(1, int((size - prompt) // context.margin - SPARE)))

    return left


def _token_counter(config: EvalConfig) -> Callable[[str], int]:
    """By the config's tokenizer, else by that of a model in a folder, else by an estimate."""
    if named := config.context.tokenizer:
        path = named / TOKENIZER if named.is_dir() else named
    else:
        path = Path(config.model or "") / TOKENIZER
        if not path.is_file():
            return estimated_tokens
    require("tokenizers", extra="train")
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_buffer(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"context.tokenizer: {path} can't be read: {error}",
            f"Give the {TOKENIZER} of a checkpoint, or the folder that holds it.",
        ) from None
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)
