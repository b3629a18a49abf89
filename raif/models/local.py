"""A model in this process that answers chats, or the judge's questions in the place of a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

import torch

from raif.client.chat import TOP_LOGPROBS, Reply
from raif.config.models import LocalConfig
from raif.errors import ConfigError
from raif.models.chat import Chat
from raif.models.decode import Completion, decode, pad_left
from raif.models.load import Model, load
from raif.models.sampling import Sampling, shaped
from raif.types import Message

NOTHING: Mapping[str, Any] = MappingProxyType({})
Candidates = tuple[tuple[str, float], ...]
"""Tokens with their log-probabilities, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Generation:
    """A response as text, including the part that the prompt opened. truncated: the token limit cut it.

    read, written: tokens of prompt and response. limit: the most that it could have; 0: the prompt leaves
    nothing of the model's context, and there is no response.
    """

    text: str
    truncated: bool
    read: int
    written: int
    limit: int


class LocalModel:
    """Loads `path` once. `chat` answers a batch of message lists, rendered with the model's own template."""

    def __init__(self, path: str, *, dtype: str = "bfloat16", device: str = "auto") -> None:
        self._model = load(path, dtype=getattr(torch, dtype), device=device)
        self._chat = Chat(self._model.tokenizer, "none")

    def chat(
        self,
        messages_batch: Sequence[Sequence[Message]],
        *,
        max_new_tokens: int | Sequence[int],
        temperature: float = 0.0,
        seeds: Sequence[int] | None = None,
        drawing: Mapping[str, Any] = NOTHING,
        stop: Sequence[str] = (),
        variables: Mapping[str, Any] = NOTHING,
        ended: Callable[[int], None] = lambda count: None,
    ) -> list[Generation]:
        """One response for each message list, in order. Temperature 0 is greedy.

        `max_new_tokens`: the limit of all, or one each. A response depends on its own limit and seed alone.
        `drawing`: filters and penalties, by their names in `raif.models.sampling.Sampling`. `stop`: texts
        that end a response. `variables`: of the chat template; raises ConfigError if it doesn't know one.
        `ended` is told after each token how many responses have ended.
        """
        for name in variables:
            if not self._chat.knows(name):
                raise ConfigError(
                    f"the model's chat template has no variable {name!r}", "Leave it out of `sampling`."
                )
        prompts = [self._chat.prompt(m, "direct", **variables) for m in messages_batch]
        wanted = [max_new_tokens] * len(prompts) if isinstance(max_new_tokens, int) else max_new_tokens
        context = self._model.context
        limits = [
            limit if context is None else max(0, min(limit, context - len(prompt)))
            for limit, prompt in zip(wanted, prompts, strict=True)
        ]
        fitting = [n for n, limit in enumerate(limits) if limit]
        decoded = self._decoded(
            [prompts[n] for n in fitting],
            [limits[n] for n in fitting],
            Sampling(temperature=temperature, **{**drawing, "top_k": max(0, drawing.get("top_k", 0))}),
            [seeds[n] for n in fitting] if seeds else None,
            ended,
        )
        found = dict(zip(fitting, decoded, strict=True))
        return [
            self._generation(prompt, limit, found.get(n), stop)
            for n, (prompt, limit) in enumerate(zip(prompts, limits, strict=True))
        ]

    def _decoded(
        self,
        prompts: Sequence[list[int]],
        limits: Sequence[int],
        way: Sampling,
        seeds: Sequence[int] | None,
        ended: Callable[[int], None],
    ) -> list[Completion]:
        if not prompts:
            return []
        found = decode(
            self._model,
            prompts,
            [1] * len(prompts),
            max_new_tokens=limits,
            temperature=way.temperature,
            seeds=seeds,
            shape=partial(shaped, way) if way.penalizes or way.filters else None,
            ended=ended,
        )
        return [one for (one,) in found]

    def _generation(
        self, prompt: list[int], limit: int, found: Completion | None, stop: Sequence[str]
    ) -> Generation:
        if found is None:
            return Generation("", False, len(prompt), 0, limit)
        text, own = self._chat.text(found.ids, "direct"), len(self._chat.opening("direct"))
        ends = [place for one in stop if (place := text.find(one, own)) >= 0]
        return Generation(
            text[: min(ends)] if ends else text,
            found.truncated and not ends,
            len(prompt),
            len(found.ids),
            limit,
        )


def greedy(
    model: Model,
    prompts: Sequence[list[int]],
    *,
    max_new_tokens: int,
    batch: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Completion]:
    """The greedy completion of each prompt, in order. Prompts of similar length share a batch.

    `progress` is told after each token how many completions have ended, and of how many.
    """
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    found: dict[int, Completion] = {}
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        decoded = decode(
            model,
            [prompts[i] for i in chosen],
            [1] * len(chosen),
            max_new_tokens=max_new_tokens,
            temperature=0.0,
            ended=lambda count: progress(len(found) + count, len(prompts)),
        )
        found.update({i: c[0] for i, c in zip(chosen, decoded, strict=True)})
    return [found[i] for i in range(len(prompts))]


@dataclass
class _Batch:
    prompts: list[list[int]] = field(default_factory=list)
    read: asyncio.Task[list[Candidates]] | None = None


class LocalJudge:
    """Replies of one token, read from one forward pass over the prompt; for use inside one event loop.

    Prompts that arrive while a batch is being read form the next batch.
    """

    def __init__(self, path: str, config: LocalConfig) -> None:
        self._model = load(path, dtype=getattr(torch, config.compute), device=config.device)
        self._chat = Chat(self._model.tokenizer, "none")
        self._size = config.batch
        self._turn = asyncio.Lock()
        self._open = _Batch()

    async def reply(self, messages: Sequence[Message], *, top_logprobs: int = 0) -> Reply:
        """The likeliest first token, and the `top_logprobs` likeliest with their log-probabilities."""
        batch = self._open
        batch.prompts.append(self._chat.prompt(messages, "direct"))
        place = len(batch.prompts) - 1
        batch.read = batch.read or asyncio.create_task(self._read(batch))
        if len(batch.prompts) == self._size:
            self._open = _Batch()
        found = (await batch.read)[place]
        return Reply(found[0][0], None, True, found[:top_logprobs])

    async def close(self) -> None:
        """Nothing to close."""

    async def _read(self, batch: _Batch) -> list[Candidates]:
        async with self._turn:
            if self._open is batch:
                self._open = _Batch()
            return await asyncio.to_thread(self._first_tokens, batch.prompts)

    @torch.inference_mode()
    def _first_tokens(self, prompts: Sequence[list[int]]) -> list[Candidates]:
        model = self._model
        ids, mask = pad_left(prompts, model.pad_id, model.device)
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        out = model.net(
            input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=False, logits_to_keep=1
        )
        logps, tokens = out.logits[:, -1].float().log_softmax(-1).topk(TOP_LOGPROBS)
        return [
            tuple((str(model.tokenizer.decode([token])), logp) for token, logp in zip(*row, strict=True))
            for row in zip(tokens.tolist(), logps.tolist(), strict=True)
        ]
