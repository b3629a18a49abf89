"""Samplers: what samples the responses that training learns from.

`TransformersSampler` asks the policy itself. vLLM's samplers (`colocated`, `server`) are wrapped in
`Checked`, which compares their log-probabilities with the policy's, and, for `rollout.overlap`, in
`Overlapped`, which samples the next rollout on the servers while the policy learns from this one. Evaluation
asks the same sampler for greedy completions.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from statistics import fmean
from typing import Any

from raif.config.rollout import RolloutConfig
from raif.errors import RaifError
from raif.models.decode import Completion, decode
from raif.models.load import Model
from raif.models.local import greedy
from raif.train.logps import Sample
from raif.train.ranks import ALONE, Ranks

PROBED = 8
"""How many responses of a rollout `Checked` compares."""
_STALE = (
    "It has other weights than the policy or computes differently: is it a rollout server of this model, in "
    "the precision of model.compute? If the difference is harmless, raise rollout.vllm.tolerance."
)

Completions = list[list[Completion]]
Score = Callable[[Sequence[Sample]], list[list[float]]]
Progress = Callable[[int, int], None]
"""Called with the number of completions so far and in all."""


@dataclass(frozen=True, slots=True)
class SamplingRequest:
    """`count` responses to one prompt, drawn from a seed of their own."""

    prompt: list[int]
    count: int
    seed: int


def requests(prompts: Sequence[list[int]], counts: Sequence[int], seed: int) -> list[SamplingRequest]:
    """The requests of one rollout. Each has its own seed, so two prompts never share random numbers."""
    return [
        SamplingRequest(prompt, count, random.Random(str(seed + i)).getrandbits(48))
        for i, (prompt, count) in enumerate(zip(prompts, counts, strict=True))
    ]


@dataclass(frozen=True, slots=True)
class Sampled:
    """The responses to one request. The request is None if the checkpoint is from an earlier version, which
    did not keep it.
    """

    request: SamplingRequest | None
    completions: list[Completion]

    @classmethod
    def read(cls, stored: Any) -> Sampled:
        """From JSON, as `dataclasses.asdict` wrote it, or from the older list of completions."""
        if isinstance(stored, list):
            return cls(None, [Completion(**c) for c in stored])
        completions = [Completion(**c) for c in stored["completions"]]
        return cls(SamplingRequest(**stored["request"]), completions)


def vllm_parameters(
    request: SamplingRequest, config: RolloutConfig, end_ids: Collection[int]
) -> dict[str, Any]:
    """vLLM's sampling parameters, the same in its process and over HTTP: the whole distribution, with
    log-probabilities, ended by `end_ids`. vLLM adds a response's number to the seed.
    """
    return {
        "n": request.count,
        "seed": request.seed,
        "max_tokens": config.max_new_tokens,
        "temperature": config.temperature,
        "top_p": 1.0,
        "top_k": 0,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "logprobs": 0,
        "ignore_eos": True,
        "stop_token_ids": sorted(end_ids),
    }


def greedily(config: RolloutConfig, max_new_tokens: int) -> RolloutConfig:
    """The config of an evaluation's responses."""
    return config.model_copy(update={"temperature": 0.0, "max_new_tokens": max_new_tokens})


class Sampler(ABC):
    """Takes the prompts' tokens and returns sampled tokens with their log-probabilities.

    A sampler that has weights of its own to compare overrides `check`, and one that can sample the next
    rollout early the last three methods; for all others they do nothing.
    """

    @abstractmethod
    def sample(self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int) -> Completions:
        """As many completions of each prompt as its count says, in order.

        Prompt i draws from `seed + i` alone: ranks that share the prompts sample what one rank would.
        """

    @abstractmethod
    def greedy(
        self, prompts: Sequence[list[int]], *, max_new_tokens: int, batch: int, progress: Progress
    ) -> list[Completion]:
        """The greedy completion of each prompt, in order. `batch`: how many are worked on together."""

    @abstractmethod
    def sync(self) -> None:
        """Take over the policy's weights after an update."""

    def check(self) -> None:  # noqa: B027
        """Raise RaifError if other weights than the policy's sampled. For all ranks, before an update."""

    def ask_ahead(  # noqa: B027
        self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int
    ) -> None:
        """Start sampling, with the present weights, what the next `sample` will ask for."""

    def ahead(self) -> list[Sampled] | None:
        """What was asked ahead, for a checkpoint. None if there is nothing, or if it failed: `sample` raises
        the error.
        """
        return None

    def restore(self, sampled: Sequence[Sampled]) -> None:  # noqa: B027
        """Take up what `ahead` returned when the checkpoint was written."""


class TransformersSampler(Sampler):
    """Samples from the policy itself, in this process."""

    def __init__(
        self, model: Model, *, max_new_tokens: int, temperature: float | Sequence[float], batch: int
    ) -> None:
        """`temperature`: one, or several for the responses to each prompt in turn."""
        self._model, self._batch = model, batch
        self._max_new_tokens, self._temperature = max_new_tokens, temperature

    def sample(self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int) -> Completions:
        completions: Completions = []
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

    def greedy(
        self, prompts: Sequence[list[int]], *, max_new_tokens: int, batch: int, progress: Progress
    ) -> list[Completion]:
        return greedy(self._model, prompts, max_new_tokens=max_new_tokens, batch=batch, progress=progress)

    def sync(self) -> None:
        """Nothing to do: it is the same model."""


def _batches(counts: Sequence[int], size: int) -> Iterator[slice]:
    """Consecutive prompts with at most `size` responses in total, and at least one prompt."""
    start = total = 0
    for i, count in enumerate(counts):
        if total and total + count > size:
            yield slice(start, i)
            start, total = i, 0
        total += count
    yield slice(start, len(counts))


class Checked(Sampler):
    """Makes sure that a sampler has the policy's weights: compares its log-probabilities with the trainer's.

    `score` gives the trainer's, on all ranks together. The first responses after the first and then every
    `every`-th sync are compared; `due` says that the next ones will be.
    """

    def __init__(
        self, sampler: Sampler, score: Score, *, every: int, tolerance: float, ranks: Ranks = ALONE
    ) -> None:
        self._sampler, self._score, self._every, self._tolerance = sampler, score, every, tolerance
        self._ranks, self._syncs, self.due = ranks, 0, False
        self._probes: list[Sample] = []

    def sync(self) -> None:
        self._sampler.sync()
        self.due = self.due or self._syncs % self._every == 0
        self._syncs += 1

    def sample(self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int) -> Completions:
        completions = self._sampler.sample(prompts, counts, seed=seed)
        if self.due:
            pairs = ((p, c) for p, cs in zip(prompts, completions, strict=True) for c in cs)
            self._probes = [Sample(p, c.ids, c.logps) for p, c in islice(pairs, PROBED)]
            self.due = False
        return completions

    def greedy(
        self, prompts: Sequence[list[int]], *, max_new_tokens: int, batch: int, progress: Progress
    ) -> list[Completion]:
        return self._sampler.greedy(prompts, max_new_tokens=max_new_tokens, batch=batch, progress=progress)

    def check(self) -> None:
        probes = [probe for share in self._ranks.gather(self._probes) for probe in share][:PROBED]
        self._probes = []
        if not probes:
            return
        self.due = False  # a rank without a share of the prompts has sampled nothing
        difference = mean_difference(probes, self._score(probes))
        if not difference <= self._tolerance:  # NaN fails too
            raise RaifError(
                f"the sampler's log-probabilities differ from the trainer's by {difference:.3g} on "
                f"average; {self._tolerance:g} is allowed",
                _STALE,
            )


def mean_difference(samples: Sequence[Sample], logps: Sequence[Sequence[float]]) -> float:
    """The mean distance between the sampler's log-probabilities of the samples' tokens and `logps`."""
    return fmean(
        abs(a - b)
        for sample, own in zip(samples, logps, strict=True)
        for a, b in zip(sample.old_logps, own, strict=True)
    )


class Overlapped(Sampler):
    """Samples the next rollout in the background, on servers, while the policy learns from this one: with
    weights that are one step old then.
    """

    def __init__(self, sampler: Checked) -> None:
        self._sampler, self._pool = sampler, ThreadPoolExecutor(1)
        self._asked: list[SamplingRequest | None] = []
        self._ahead: Future[Completions] | None = None

    def ask_ahead(self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int) -> None:
        asked = requests(prompts, counts, seed)
        if not prompts:  # a rank that has no share of the prompts
            self.restore([])
        elif self._sampler.due:  # the comparison needs the policy as it is now, before it learns
            found = self._sampler.sample(prompts, counts, seed=seed)
            self.restore([Sampled(request, each) for request, each in zip(asked, found, strict=True)])
        else:
            self._asked = [*asked]
            self._ahead = self._pool.submit(self._sampler.sample, prompts, counts, seed=seed)

    def sync(self) -> None:
        """Waits for what was asked ahead: until then the servers keep their weights."""
        self._finish()
        self._sampler.sync()

    def sample(self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int) -> Completions:
        """Uses what was asked ahead if it was exactly this; otherwise samples now."""
        asked = requests(prompts, counts, seed)
        ahead = self._ahead
        if (
            ahead
            and len(self._asked) == len(asked)
            and all(mine in (None, wanted) for mine, wanted in zip(self._asked, asked, strict=True))
        ):
            self._ahead = None
            completions = ahead.result()
            if [len(each) for each in completions] == list(counts):
                return completions
        self._finish()
        return self._sampler.sample(prompts, counts, seed=seed)

    def greedy(
        self, prompts: Sequence[list[int]], *, max_new_tokens: int, batch: int, progress: Progress
    ) -> list[Completion]:
        self._finish()
        return self._sampler.greedy(prompts, max_new_tokens=max_new_tokens, batch=batch, progress=progress)

    def check(self) -> None:
        self._sampler.check()

    def ahead(self) -> list[Sampled] | None:
        if self._ahead is None or self._ahead.exception():
            return None
        return [Sampled(*pair) for pair in zip(self._asked, self._ahead.result(), strict=True)]

    def restore(self, sampled: Sequence[Sampled]) -> None:
        self._asked = [each.request for each in sampled]
        self._ahead = Future()
        self._ahead.set_result([each.completions for each in sampled])

    def _finish(self) -> None:
        if self._ahead:
            wait([self._ahead])
