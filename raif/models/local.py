"""A model on this machine that answers chats, greedy or sampled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from raif.models.chat import Chat
from raif.models.decode import Completion, decode
from raif.models.load import Model, load
from raif.types import Message


@dataclass(frozen=True, slots=True)
class Generation:
    """A response as text, what the prompt opened of it included. truncated: the token limit cut it off."""

    text: str
    truncated: bool


class LocalModel:
    """Loads `path` once; `chat` answers a batch of message lists, asked as the model's own template asks."""

    def __init__(self, path: str, *, dtype: str = "bfloat16", device: str = "auto") -> None:
        self._model = load(path, dtype=getattr(torch, dtype), device=device)
        self._chat = Chat(self._model.tokenizer, "none")

    def chat(
        self,
        messages_batch: Sequence[Sequence[Message]],
        *,
        max_new_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> list[Generation]:
        """One response for each message list, in order."""
        found = decode(
            self._model,
            [self._chat.prompt(m, "direct") for m in messages_batch],
            [1] * len(messages_batch),
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            seeds=[seed + i for i in range(len(messages_batch))],
        )
        return [Generation(self._chat.text(c[0].ids, "direct"), c[0].truncated) for c in found]


def greedy(
    model: Model,
    prompts: Sequence[list[int]],
    *,
    max_new_tokens: int,
    batch: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Completion]:
    """The likeliest completion of each prompt, prompts of similar length side by side."""
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
