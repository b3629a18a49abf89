"""A model in this process that answers chats, or the judge's questions in the place of a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from raif.client.chat import TOP_LOGPROBS, Reply
from raif.config.models import LocalConfig
from raif.models.chat import Chat
from raif.models.decode import Completion, decode, pad_left
from raif.models.load import Model, load
from raif.types import Message

Candidates = tuple[tuple[str, float], ...]
"""Tokens with their log-probabilities, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Generation:
    """A response as text, including the part that the prompt opened. truncated: the token limit cut it.

    read, written: tokens of prompt and response.
    """

    text: str
    truncated: bool
    read: int
    written: int


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
    ) -> list[Generation]:
        """One response for each message list, in order. Temperature 0 is greedy.

        `max_new_tokens`: the limit of all, or one each. A response depends on its own limit and seed alone.
        """
        prompts = [self._chat.prompt(m, "direct") for m in messages_batch]
        found = decode(
            self._model,
            prompts,
            [1] * len(messages_batch),
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            seeds=seeds,
        )
        return [
            Generation(self._chat.text(one.ids, "direct"), one.truncated, len(prompt), len(one.ids))
            for prompt, (one,) in zip(prompts, found, strict=True)
        ]


def greedy(
    model: Model,
    prompts: Sequence[list[int]],
    *,
    max_new_tokens: int,
    batch: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Completion]:
    """The greedy completion of each prompt, in order. Prompts of similar length share a batch."""
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
        )
        found.update({i: c[0] for i, c in zip(chosen, decoded, strict=True)})
        progress(len(found), len(prompts))
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
