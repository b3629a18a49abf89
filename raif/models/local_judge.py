"""A judge in this process: what a model would say first, read from one forward pass over the question."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from raif.client.chat import TOP_LOGPROBS, Reply
from raif.config.models import LocalConfig
from raif.models.chat import Chat
from raif.models.decode import pad_left
from raif.models.load import load
from raif.types import Message

Candidates = tuple[tuple[str, float], ...]
"""Tokens with their log-probabilities, the likeliest first."""


@dataclass
class _Batch:
    prompts: list[list[int]] = field(default_factory=list)
    read: asyncio.Task[list[Candidates]] | None = None


class LocalReplies:
    """Replies of one token, in the place of a server's, for use inside one event loop.

    What is asked while a batch is read makes up the next.
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
        """Nothing is held open."""

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
