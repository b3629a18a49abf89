"""Does the engine answer with the policy's weights? Its log-probabilities say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from statistics import fmean

from raif.errors import RaifError
from raif.models.decode import Completion
from raif.train.batch import Sample
from raif.train.samplers.sampler import Sampler

PROBED = 8
"""Responses of a rollout that are compared."""
_STALE = (
    "It answers with other weights than the policy's, or computes otherwise: is it a rollout server of this "
    "model, in the precision of model.compute? What is no fault needs a larger rollout.vllm.tolerance."
)

Score = Callable[[Sequence[Sample]], list[list[float]]]


class Checked:
    """A sampler whose log-probabilities are held against the trainer's own, which `score` gives: of the first
    responses after the first and every `every`-th sync.
    """

    def __init__(self, sampler: Sampler, score: Score, *, every: int, tolerance: float) -> None:
        self._sampler, self._score, self._every, self._tolerance = sampler, score, every, tolerance
        self._syncs, self.due = 0, False

    def sync(self) -> None:
        self._sampler.sync()
        self.due = self.due or self._syncs % self._every == 0
        self._syncs += 1

    def sample(
        self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int
    ) -> list[list[Completion]]:
        """Raises RaifError where the weights are not the policy's."""
        completions = self._sampler.sample(prompts, counts, seed=seed)
        if self.due:
            self._compare(prompts, completions)
            self.due = False
        return completions

    def _compare(self, prompts: Sequence[list[int]], completions: Sequence[Sequence[Completion]]) -> None:
        pairs = ((p, c) for p, cs in zip(prompts, completions, strict=True) for c in cs)
        probes = [Sample(p, c.ids, c.logps) for p, c in islice(pairs, PROBED)]
        difference = mean_difference(probes, self._score(probes))
        if not difference <= self._tolerance:  # not a number is no agreement either
            raise RaifError(
                f"the engine's log-probabilities are not the trainer's: they differ by {difference:.3g} "
                f"in the mean, {self._tolerance:g} allowed",
                _STALE,
            )


def mean_difference(samples: Sequence[Sample], logps: Sequence[Sequence[float]]) -> float:
    """Between the sampler's log-probabilities of the samples' tokens and `logps`."""
    return fmean(
        abs(a - b)
        for sample, own in zip(samples, logps, strict=True)
        for a, b in zip(sample.old_logps, own, strict=True)
    )
