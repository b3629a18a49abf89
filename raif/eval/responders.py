"""The sources of answers: a server, a checkpoint on this machine, stored answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import raif.eval.benchmarks  # noqa: F401 (registers them)
from raif.config.base import validate
from raif.config.eval import EvalConfig
from raif.config.serve import ServeConfig
from raif.errors import ConfigError, require
from raif.eval.answers import Answer, Ask, Responder
from raif.eval.benchmark import BENCHMARKS
from raif.eval.endpoint import Answers, Endpoint, settings
from raif.eval.limits import limit
from raif.eval.methods import Call, style, talk
from raif.eval.shared import Shared
from raif.eval.stored import StoredAnswer
from raif.files.whole import sha256


def responder(config: EvalConfig, shared: Shared | None = None) -> Responder:
    """The source that the config names. Nothing is loaded or asked before the first `respond`.

    What is started on this machine ends with `shared`; without it, with the `respond` that started it.
    """
    if config.responses:
        read = BENCHMARKS[config.benchmark].answers
        return Stored(config.responses, config.model or config.responses.stem, read)
    if config.endpoint.base_url:
        return Endpoint(config)
    return (Local if config.local.backend == "process" else Served)(config, shared)


def _kept(shared: Shared | None) -> AbstractContextManager[Shared]:
    return nullcontext(shared) if shared else Shared()


class Served:
    """Starts a server for a checkpoint on this machine, asks it, and stops it."""

    def __init__(self, config: EvalConfig, shared: Shared | None = None) -> None:
        self.model = str(config.model)
        self.settings: Mapping[str, Any] = settings(config) | config.local.model_dump(
            mode="json", exclude={"batch"}
        )
        self._config, self._shared = config, shared

    def respond(self, asks: Sequence[Ask]) -> Answers:
        from raif.serve import serving

        wanted = self._server()
        with _kept(self._shared) as shared:
            server = shared.get(wanted.model_dump_json(), partial(serving, wanted))
            endpoint = self._config.endpoint.model_copy(update={"base_url": server.base_url})
            config = self._config.model_copy(update={"endpoint": endpoint})
            yield from Endpoint(config, server.model).respond(asks)

    def _server(self) -> ServeConfig:
        local = self._config.local
        keys = {
            "model": self.model,
            "backend": local.backend,
            "dtype": local.compute,
            "device": local.device,
            "arguments": local.arguments,
            "think": style(self._config),  # whatever the template says: it is taken apart as in this process
        }
        return validate(ServeConfig, {**keys, "port": 0}, {}, "raif eval")


class Local:
    """Runs a checkpoint in this process, batch by batch."""

    def __init__(self, config: EvalConfig, shared: Shared | None = None) -> None:
        self.model = str(config.model)
        compute = config.local.compute
        self.settings: Mapping[str, Any] = settings(config) | {"compute": compute}
        self._config, self._shared = config, shared
        self._limit = limit(config)

    def respond(self, asks: Sequence[Ask]) -> Answers:
        local = self._config.local
        with _kept(self._shared) as shared:
            model = shared.get(f"{self.model} {local.model_dump_json()}", self._load)
            for start in range(0, len(asks), local.batch):
                yield from self._lead(model, asks[start : start + local.batch])

    def _load(self) -> AbstractContextManager[Any]:
        local = self._config.local
        return nullcontext(_local_model()(self.model, dtype=local.compute, device=local.device))

    def _lead(self, model: Any, asks: Sequence[Ask]) -> Answers:
        """Lead the talks of some asks side by side, a round of calls at a time."""
        talks = [(ask, talk(ask, self._config)) for ask in asks]
        rounds = [(ask, leading, next(leading)) for ask, leading in talks]
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


class Stored:
    """Answers from a file, joined by id, else by prompt. Asks that it has no answer for stay unanswered."""

    def __init__(self, path: Path, model: str, read: Callable[[Path], Iterable[StoredAnswer]]) -> None:
        if not path.exists():
            raise ConfigError(
                f"{path}: no such file", "Give JSONL with `prompt` and `response` on each line."
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
