"""Where answers come from: a server, a checkpoint on this machine, or a file of stored answers."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from zlib import crc32

from raif.client.background import as_completed
from raif.client.changes import FITTED
from raif.client.chat import ChatClient, Halted
from raif.client.item_errors import ItemErrors, worst
from raif.client.tokens import estimated_tokens
from raif.client.used import Used, total
from raif.config.base import validate
from raif.config.eval import OLD_SEED, EvalConfig
from raif.config.models import EndpointConfig, SamplingConfig
from raif.config.serve import ServeConfig
from raif.errors import ConfigError, EndpointError, RecordError, TooLong, require
from raif.eval.answers import CHOSEN_BY, Answer, Answers, Ask, Calls, Notes, Responder
from raif.eval.benchmark import BENCHMARKS
from raif.eval.methods import SINGLE, Call, Talk, style, talk
from raif.eval.stored import StoredAnswer
from raif.files.whole import sha256
from raif.reasoning import Style, Tags
from raif.types import Message

SPARE = 100
"""Tokens that the method's authors leave for a chat template."""
TOKENIZER = "tokenizer.json"
NO_ROOM = "the prompt leaves no room for an answer in the model's context"
OWN_HEAT = 1.0
"""The temperature of a model in this process that is left to it."""
DRAWN = ("top_p", "top_k", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty")
"""What decides in this process which tokens are drawn, besides the temperature."""
CALLS_APART = 1_000
"""Between the seeds of an answer's calls, so that those of different samples don't meet."""

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
    """All that an answer depends on besides the model and what is asked. How it is split comes later."""
    context = {"context": config.context.model_dump(mode="json")} if config.context.size else {}
    options = config.options.model_dump(mode="json", exclude={"thinker_endpoint", "thinker_sampling"})
    if config.options.thinker_sampling:
        options["thinker_sampling"] = config.options.thinker_sampling.settings
    method: dict[str, Any] = {} if config.method == "io" else {"method": config.method, "options": options}
    if config.method == "self-consistency":
        marks = style(config)
        method[CHOSEN_BY] = [*marks] if isinstance(marks, Tags) else marks
    sampling = config.sampling.settings
    if "seed" in sampling:
        sampling[OLD_SEED] = sampling.pop("seed")  # as files have it
    return {**sampling, **context, **method}


class Stored:
    """Answers from a file, matched by id, else by prompt, whatever blanks are around it. What is not in the
    file stays unanswered."""

    def __init__(self, path: Path, model: str, read: Callable[[Path], Iterable[StoredAnswer]]) -> None:
        if not path.exists():
            raise ConfigError(
                f"{path}: no such file", "Give JSON Lines with `prompt` and `response` on each line."
            )
        self.model = model
        self.settings: Mapping[str, Any] = {"responses": path.name, "sha256": sha256(path)}
        self._path, self._read = path, read

    def respond(self, asks: Sequence[Ask], notes: Notes | None = None) -> Answers:
        """Raises RecordError if there are different answers to one item, or an answer to another's prompt."""
        by_id: dict[str, list[StoredAnswer]] = defaultdict(list)
        by_prompt: dict[str, list[StoredAnswer]] = defaultdict(list)
        for one in self._read(self._path):
            if one.response is None:
                continue
            if one.name:
                by_id[one.name].append(one)
            if one.prompt is not None:
                by_prompt[one.prompt.strip()].append(one)
        owners = {ask.prompt.strip(): ask.id for ask in asks}
        for ask in asks:
            found = by_id.get(ask.id) or by_prompt.get(ask.prompt.strip()) or []
            if len({one.response for one in found}) > 1:
                raise RecordError(
                    f"{self._path}: {len(found)} different answers to item {ask.id!r}: {ask.prompt[:60]!r}",
                    "Keep one of them, or give each its item's `id` if several items have this prompt.",
                )
            asked_by = (owners.get((one.prompt or "").strip(), ask.id) for one in found)
            if other := next((id for id in asked_by if id != ask.id), None):
                raise RecordError(
                    f"{self._path}: the answer with the id {ask.id!r} is to the prompt of item {other!r}",
                    "Are its ids of another file? Without `id` and `key`, answers are matched by `prompt`.",
                )
            if found:
                yield ask, Answer(found[-1].response or "", found[-1].reasoning, found[-1].truncated)


class Endpoint:
    """Asks a server about all items at once, within the endpoint's limit."""

    def __init__(self, config: EvalConfig, model: str | None = None) -> None:
        """`model`: the server's name for it, if the config names a folder."""
        self.model = model or str(config.model)
        self.settings: Mapping[str, Any] = settings(config)
        self._config = config

    def respond(self, asks: Sequence[Ask], notes: Notes | None = None) -> Answers:
        notes = notes or Notes()
        work = [partial(self._answer, ask=ask, notes=notes) for ask in asks]
        for n, answer in as_completed(lambda: Models(self._config, self.model, notes.errors), work):
            if answer is not None:
                yield asks[n], answer
        notes.errors.check()

    async def _answer(self, models: Models, ask: Ask, notes: Notes) -> Answer | None:
        """None if there is no answer: because of an error, or because the run is ending."""
        leading, spent = talk(ask, self._config), list[Used | None]()
        calls, number = next(leading), 0
        keep = None if self._config.method in SINGLE else notes.calls
        try:
            while True:
                work = (models.answer(ask, call, number + n, keep) for n, call in enumerate(calls))
                found = await asyncio.gather(*work, return_exceptions=True)
                if errors := [one for one in found if isinstance(one, BaseException)]:
                    raise worst(errors)
                number += len(calls)
                answers = [one for one in found if isinstance(one, Answer)]
                spent += [one.used for one in answers]
                calls = leading.send(answers)
        except StopIteration as end:
            return replace(end.value, used=total(spent))
        except Halted:
            return None
        except EndpointError as error:
            notes.errors.add(ask.id, error)
            return None


class Models:
    """Clients of the model that answers, and of the one whose thinking is borrowed, if there is one."""

    def __init__(self, config: EvalConfig, model: str, errors: ItemErrors) -> None:
        options = config.options
        thinks = options.thinker_endpoint if options.thinker_endpoint.base_url else config.endpoint

        def client(endpoint: EndpointConfig, model: str, sampling: SamplingConfig) -> ChatClient:
            slots, tokens = errors.slots(endpoint.concurrency), limit(config, sampling.max_tokens)
            return ChatClient(endpoint, sampling, model, slots, tokens)

        self._sampling = {False: config.sampling, True: options.thinker_sampling or config.sampling}
        self._clients = {False: client(config.endpoint, model, config.sampling)}
        if options.thinker:
            self._clients[True] = client(thinks, options.thinker, self._sampling[True])

    async def answer(self, ask: Ask, call: Call, number: int, kept: Calls | None) -> Answer:
        """The answer to an item's `number`-th call: a kept one, else the server's."""
        if kept and (found := kept.find(ask.id, number, call.messages)):
            return found
        first = self._sampling[call.thinker].seed
        seed = None if first is None else first + number * CALLS_APART
        chat = self._clients[call.thinker]
        reply = await chat.reply(call.messages, temperature=call.temperature, seed=seed)
        answer = Answer(reply.text, reply.reasoning, reply.truncated, Used.by(reply))
        if kept:
            kept.keep(ask.id, number, call.messages, answer)
        return answer

    async def close(self) -> None:
        for chat in self._clients.values():
            await chat.close()


class Served:
    """Starts a server for a checkpoint on this machine, asks it, and stops it."""

    def __init__(self, config: EvalConfig, shared: Shared | None = None) -> None:
        self.model = str(config.model)
        local = config.local.model_dump(mode="json", exclude={"batch"})
        marks = style(config)
        self._think: Style = marks if marks == "tagged" or marks == "deepseek" else "none"
        self.settings: Mapping[str, Any] = settings(config) | local | {"think": self._think}
        self._config, self._shared = config, shared

    def respond(self, asks: Sequence[Ask], notes: Notes | None = None) -> Answers:
        from raif.serve import serving

        local = self._config.local
        keys = {
            "model": self.model,
            "backend": local.backend,
            "dtype": local.compute,
            "device": local.device,
            "arguments": local.arguments,
            "think": self._think,  # whatever the template says: answers are split as in this process
            "port": 0,
        }
        wanted = validate(ServeConfig, keys, {}, "raif eval")
        with nullcontext(self._shared) if self._shared else Shared() as shared:
            server = shared.get(wanted.model_dump_json(), partial(serving, wanted))
            endpoint = self._config.endpoint.model_copy(update={"base_url": server.base_url})
            config = self._config.model_copy(update={"endpoint": endpoint})
            yield from Endpoint(config, server.model).respond(asks, notes)


class Local:
    """Runs a checkpoint in this process, batch by batch."""

    def __init__(self, config: EvalConfig, shared: Shared | None = None) -> None:
        self.model = str(config.model)
        self.settings: Mapping[str, Any] = settings(config) | {"compute": config.local.compute}
        self._config, self._shared = config, shared
        self._limit, self._drawn = limit(config), _in_process(config.sampling)

    def respond(self, asks: Sequence[Ask], notes: Notes | None = None) -> Answers:
        local, notes = self._config.local, notes or Notes()
        with nullcontext(self._shared) if self._shared else Shared() as shared:

            def load() -> AbstractContextManager[Any]:
                return nullcontext(_local_model()(self.model, dtype=local.compute, device=local.device))

            model = shared.get(f"{self.model} {local.model_dump_json()}", load)
            for start in range(0, len(asks), local.batch):
                yield from self._lead(model, asks[start : start + local.batch], notes)

    def _lead(self, model: Any, asks: Sequence[Ask], notes: Notes) -> Answers:
        """Lead the talks about some asks side by side, one round of calls at a time.

        A talk ends without an answer if one of its prompts leaves no room for one.
        """
        rounds: list[tuple[Ask, Talk, int, Sequence[Call]]] = []
        spent: dict[str, list[Used | None]] = defaultdict(list)
        for ask in asks:
            leading = talk(ask, self._config)
            rounds.append((ask, leading, 0, next(leading)))
        while rounds:
            numbered = [
                (ask, number + n, call) for ask, _, number, calls in rounds for n, call in enumerate(calls)
            ]
            answers = iter(self._answers(model, numbered, notes))
            pending, rounds = rounds, []
            for ask, leading, number, calls in pending:
                came = [one for one in [next(answers) for _ in calls] if one]
                if len(came) < len(calls):
                    notes.errors.add(ask.id, TooLong.of(EndpointError(f"{self.model}: {NO_ROOM}")))
                    continue
                spent[ask.id] += [one.used for one in came]
                try:
                    rounds.append((ask, leading, number + len(calls), leading.send(came)))
                except StopIteration as end:
                    yield ask, replace(end.value, used=total(spent[ask.id]))

    def _answers(
        self, model: Any, calls: Sequence[tuple[Ask, int, Call]], notes: Notes
    ) -> list[Answer | None]:
        """One for each call, which comes with its item and its number in the talk; None: it has no room."""
        several, size = self._config.method not in SINGLE, self._config.local.batch
        found: dict[int, Answer | None] = {
            n: answer
            for n, (ask, number, call) in enumerate(calls)
            if several and (answer := notes.calls.find(ask.id, number, call.messages))
        }
        missing = [n for n in range(len(calls)) if n not in found]
        for start in range(0, len(missing), size):
            batch = missing[start : start + size]
            answers = self._generated(model, [calls[n] for n in batch], notes)
            for n, answer in zip(batch, answers, strict=True):
                found[n] = answer
                if several and answer:
                    ask, number, call = calls[n]
                    notes.calls.keep(ask.id, number, call.messages, answer)
        return [found[n] for n in range(len(calls))]

    def _generated(
        self, model: Any, batch: Sequence[tuple[Ask, int, Call]], notes: Notes
    ) -> Iterator[Answer | None]:
        """Each by its own limit and seed, so that it doesn't depend on the others."""
        sampling, start = self._config.sampling, time.monotonic()
        limits = [self._limit(call.messages) for _, _, call in batch]
        heats = (batch[0][2].temperature, sampling.temperature, OWN_HEAT)
        generations = model.chat(
            [call.messages for _, _, call in batch],
            max_new_tokens=limits,
            temperature=next(heat for heat in heats if heat is not None),
            seeds=[crc32(f"{sampling.seed or 0} {a.id} {n}".encode()) for a, n, _ in batch],
            ended=lambda count: notes.ended(count, len(batch)),
            **self._drawn,
        )
        seconds = round(time.monotonic() - start, 3)
        for one, limit in zip(generations, limits, strict=True):
            changed = {FITTED: 1} if one.limit < limit else {}
            used = Used(read=one.read, written=one.written, seconds=seconds, changed=changed)
            yield Answer(one.text, truncated=one.truncated, used=used) if one.limit else None


def _in_process(sampling: SamplingConfig) -> dict[str, Any]:
    """Sampling as `LocalModel.chat` takes it. Raises ConfigError for what only servers know."""
    given = sampling.settings
    extra = dict(given.get("extra_body", {}))
    variables = extra.pop("chat_template_kwargs", {})
    if extra:
        raise ConfigError(
            f"sampling.extra_body.{next(iter(extra))}: a model in this process doesn't know it",
            "Give a server with --base-url, or have one started: --set local.backend=transformers (or vllm).",
        )
    if effort := given.get("reasoning_effort"):
        variables = {**variables, "reasoning_effort": effort}
    return {
        "drawing": {name: given[name] for name in DRAWN if name in given},
        "stop": given.get("stop", ()),
        "variables": variables,
    }


def _local_model() -> Any:
    require("torch", "transformers", extra="train")
    from raif.models.local import LocalModel

    return LocalModel


def limit(config: EvalConfig, own: int | None = None) -> Callable[[Sequence[Message]], int]:
    """The most new tokens of a response to some messages: what the prompt leaves of the context.

    Counted as the method's authors do. `own`: instead of `sampling.max_tokens`. Raises ConfigError if the
    config's tokenizer can't be read.
    """
    most, context = own or config.sampling.max_tokens, config.context
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
