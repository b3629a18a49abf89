"""The three sources of answers: a server, a checkpoint on this machine, stored answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from raif.client.chat import replies
from raif.config.eval import EvalConfig
from raif.errors import ConfigError, require
from raif.eval.answers import Answer, Ask, Responder
from raif.eval.benchmark import BENCHMARKS
from raif.eval.stored import StoredAnswer

Answers = Generator[tuple[Ask, Answer], None, None]


def responder(config: EvalConfig) -> Responder:
    """The source that the config names. Nothing is loaded or asked before the first `respond`."""
    if config.responses:
        read = BENCHMARKS[config.benchmark].answers
        return Stored(config.responses, config.model or config.responses.stem, read)
    return Endpoint(config) if config.endpoint.base_url else Local(config)


class Endpoint:
    """Asks a server, several requests at once."""

    def __init__(self, config: EvalConfig) -> None:
        self.model = str(config.model)
        self.settings: Mapping[str, Any] = {"think": config.think, **config.sampling.model_dump()}
        self._config = config

    def respond(self, asks: Sequence[Ask]) -> Answers:
        batch = [ask.messages for ask in asks]
        for n, reply in replies(self._config.endpoint, self._config.sampling, self.model, batch):
            yield asks[n], Answer(reply.text, reply.reasoning, reply.truncated)


class Local:
    """Runs a checkpoint in this process, batch by batch."""

    def __init__(self, config: EvalConfig) -> None:
        self.model = str(config.model)
        compute = config.local.compute
        self.settings: Mapping[str, Any] = {
            "think": config.think,
            "compute": compute,
            **config.sampling.model_dump(),
        }
        self._config = config

    def respond(self, asks: Sequence[Ask]) -> Answers:
        local, sampling = self._config.local, self._config.sampling
        model = _local_model()(self.model, dtype=local.compute, device=local.device)
        for start in range(0, len(asks), local.batch):
            batch = asks[start : start + local.batch]
            generations = model.chat(
                [ask.messages for ask in batch],
                max_new_tokens=sampling.max_tokens,
                temperature=sampling.temperature,
            )
            for ask, generation in zip(batch, generations, strict=True):
                yield ask, Answer(generation.text, truncated=generation.truncated)


def _local_model() -> Any:
    require("torch", "transformers", extra="train")
    from raif.train.local import LocalModel

    return LocalModel


class Stored:
    """Answers from a file, joined by id, else by prompt. Asks that it has no answer for stay unanswered."""

    def __init__(self, path: Path, model: str, read: Callable[[Path], Iterable[StoredAnswer]]) -> None:
        if not path.exists():
            raise ConfigError(
                f"{path}: no such file", "Give JSONL with `prompt` and `response` on each line."
            )
        self.model = model
        self.settings: Mapping[str, Any] = {"responses": path.name, "sha256": _sha256(path)}
        self._path, self._read = path, read

    def respond(self, asks: Sequence[Ask]) -> Answers:
        stored = list(self._read(self._path))
        by_prompt = {s.prompt: s for s in stored if s.prompt is not None}
        by_id = {s.id or s.key: s for s in stored}
        for ask in asks:
            if found := by_id.get(ask.id) or by_prompt.get(ask.prompt):
                yield ask, Answer(found.response, found.reasoning, found.truncated)


def _sha256(path: Path) -> str:
    """Of a file, or of all files of a folder."""
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    found = hashlib.sha256()
    for each in files:
        found.update(each.read_bytes())
    return found.hexdigest()
