"""A sampler with other weights than the policy's is detected."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from raif.errors import RaifError
from raif.models.load import Model
from raif.train.logps import Sample, score
from raif.train.ranks import Ranks
from raif.train.samplers.sampler import Checked, TransformersSampler
from tests.train.samplers.conftest import move, policy_of

PROMPTS, COUNTS = [[5, 6, 7], [14]], [2, 2]


class Stale(TransformersSampler):
    """Samples from another policy, which no sync updates."""


def checked(policy: Model, sampled: Model, every: int = 3) -> Checked:
    inner = Stale(sampled, max_new_tokens=8, temperature=1.0, batch=8)
    return Checked(inner, partial(score, policy, size=4), every=every, tolerance=0.005)


def test_the_policys_own_log_probabilities_pass(tiny: Model) -> None:
    sampler = checked(tiny, tiny)
    sampler.sync()
    assert [len(cs) for cs in sampler.sample(PROMPTS, COUNTS, seed=0)] == COUNTS
    sampler.check()


def test_other_weights_stop_the_run_after_the_first_sync(tiny: Model, tiny_folder: Path) -> None:
    sampler = checked(tiny, policy_of(tiny_folder))
    move(tiny)
    sampler.sync()
    sampler.sample(PROMPTS, COUNTS, seed=0)
    with pytest.raises(RaifError, match="differ from the trainer's by") as raised:
        sampler.check()
    assert "rollout.vllm.tolerance" in raised.value.hint


def test_it_compares_again_after_every_so_many_syncs(tiny: Model, tiny_folder: Path) -> None:
    sampler = checked(tiny, policy_of(tiny_folder))

    def one_round() -> None:
        sampler.sync()
        sampler.sample(PROMPTS, COUNTS, seed=0)
        sampler.check()

    one_round()
    move(tiny)
    one_round()
    one_round()
    with pytest.raises(RaifError, match="on average"):
        one_round()


def test_a_log_probability_that_is_not_a_number_fails(tiny: Model) -> None:
    sampler = checked(tiny, tiny)
    sampler._score = lambda samples: [[float("nan")] * len(s.ids) for s in samples]
    sampler.sync()
    sampler.sample(PROMPTS, COUNTS, seed=0)
    with pytest.raises(RaifError, match="differ from the trainer's by nan"):
        sampler.check()


class TwoRanks(Ranks):
    """The first of two ranks; the other one sampled `theirs`."""

    def __init__(self, theirs: list[Sample]) -> None:
        super().__init__()
        self._theirs = theirs

    def gather(self, value: Any) -> list[Any]:
        return [value, self._theirs]


def test_what_another_rank_sampled_is_compared_by_all(tiny: Model) -> None:
    scored: list[Sample] = []

    def score(samples: Sequence[Sample]) -> list[list[float]]:
        scored.extend(samples)
        return [s.old_logps for s in samples]

    theirs = Sample([5], [6], [-1.0])
    inner = Stale(tiny, max_new_tokens=8, temperature=1.0, batch=8)
    sampler = Checked(inner, score, every=9, tolerance=0.1, ranks=TwoRanks([theirs]))
    sampler.sync()
    sampler.check()
    assert scored == [theirs]
    assert not sampler.due
