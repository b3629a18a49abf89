"""What samples the responses to learn from: the protocol, and the policy itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from raif.models.decode import Completion, decode
from raif.models.load import Model


class Sampler(Protocol):
    """What a rollout back-end has to do: prompts' tokens in, sampled tokens with log-probabilities out."""

    def sample(
        self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int
    ) -> list[list[Completion]]:
        """As many completions of each prompt as its count says, in order.

        Prompt i draws from `seed + i` alone: ranks that share the prompts sample what one would.
        """
        ...

    def sync(self) -> None:
        """Take over the policy's weights after an update."""
        ...


class TransformersSampler:
    """Samples from the policy itself, in this process."""

    def __init__(self, model: Model, *, max_new_tokens: int, temperature: float, batch: int) -> None:
        self._model, self._batch = model, batch
        self._max_new_tokens, self._temperature = max_new_tokens, temperature

    def sample(
        self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int
    ) -> list[list[Completion]]:
        completions: list[list[Completion]] = []
        for chosen in _batches(counts, self._batch):
            completions += decode(
                self._model,
                prompts[chosen],
                counts[chosen],
                max_new_tokens=self._max_new_tokens,
                temperature=self._temperature,
                seeds=range(seed + chosen.start, seed + chosen.stop),
            )
        return completions

    def sync(self) -> None:
        """Nothing to do: it is the same model."""


def _batches(counts: Sequence[int], size: int) -> Iterator[slice]:
    """Runs of prompts with at most `size` responses together, and at least one prompt."""
    start = total = 0
    for i, count in enumerate(counts):
        if total and total + count > size:
            yield slice(start, i)
            start, total = i, 0
        total += count
    yield slice(start, len(counts))
