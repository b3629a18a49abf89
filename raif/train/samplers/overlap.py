"""The next rollout is sampled on servers while the policy learns from this one: by weights one step old."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from raif.models.decode import Completion
from raif.train.samplers.checked import Checked

Completions = list[list[Completion]]


class Overlapped:
    """A sampler that can be asked ahead: what the next `sample` will want is sampled in the background."""

    def __init__(self, sampler: Checked) -> None:
        self._sampler, self._pool = sampler, ThreadPoolExecutor(1)
        self._ahead: Future[Completions] | None = None

    def ask(self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int) -> None:
        """Begin what `sample` will be called for next."""
        if self._sampler.due:  # a comparison with the policy, which must not learn meanwhile
            self.put(self._sampler.sample(prompts, counts, seed=seed))
        else:
            self._ahead = self._pool.submit(self._sampler.sample, prompts, counts, seed=seed)

    def sync(self) -> None:
        """The servers keep their weights until they have answered."""
        if self._ahead:
            wait([self._ahead])
        self._sampler.sync()

    def sample(self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int) -> Completions:
        """What was asked for ahead; where nothing was, it is sampled now."""
        ahead, self._ahead = self._ahead, None
        return ahead.result() if ahead else self._sampler.sample(prompts, counts, seed=seed)

    def finished(self) -> Completions | None:
        """What was asked for ahead, once it is there; none, where nothing was, or `sample` will say why."""
        return self._ahead.result() if self._ahead and not self._ahead.exception() else None

    def put(self, completions: Completions) -> None:
        """Have the next `sample` return these."""
        self._ahead = Future()
        self._ahead.set_result(completions)
