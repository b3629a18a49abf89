"""Rollouts that servers sample while the policy learns: whose weights answer, and how a run resumes."""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from raif.config.train import TrainConfig
from raif.errors import EndpointError
from raif.models.decode import Completion
from raif.models.load import Model
from raif.train.checkpoint import checkpoints
from raif.train.log import Events
from raif.train.loop import Step
from raif.train.optim.lora import merged
from raif.train.run import Run
from raif.train.samplers.sampler import Checked, Completions, Overlapped, Sampled, Sampler, requests
from raif.train.samplers.server import ServerSampler
from raif.train.samplers.transfer import DiskTransfer
from tests.rollout_server import RolloutServer, rollout_server
from tests.train.samplers.conftest import largest_difference, move
from tests.train.samplers.test_broken_off import config, metrics

PROMPTS, COUNTS = [[5, 6, 7], [8, 9, 10, 11, 12, 13], [14]], [2, 1, 2]


@pytest.fixture
def server(tiny_folder: Path) -> Iterator[RolloutServer]:
    with rollout_server(tiny_folder) as running:
        yield running


def overlapped(policy: Model, server: RolloutServer, folder: Path) -> Overlapped:
    """A sampler that has already compared its log-probabilities."""
    rollout = TrainConfig.model_validate(
        {"rollout": {"engine": "vllm_server", "max_new_tokens": 8, "vllm": {"urls": [server.url]}}}
    ).rollout
    transfer = DiskTransfer(lambda: dict(merged(policy.net)), folder, timeout=10)
    inner = ServerSampler(rollout, transfer, end_ids=policy.end_ids, say=str)
    sampler = Overlapped(
        Checked(inner, lambda samples: [s.old_logps for s in samples], every=99, tolerance=1)
    )
    sampler.sync()
    sampler.sample(PROMPTS, COUNTS, seed=0)
    return sampler


def test_what_is_asked_ahead_is_sampled_with_the_weights_of_that_time(
    tiny: Model, server: RolloutServer, tmp_path: Path
) -> None:
    sampler = overlapped(tiny, server, tmp_path)
    move(tiny)
    sampler.sync()
    assert largest_difference(tiny, PROMPTS, sampler.sample(PROMPTS, COUNTS, seed=0)) < 1e-4
    sampler.ask_ahead(PROMPTS, COUNTS, seed=1)
    then = copy.deepcopy(tiny)
    move(tiny, 2)
    sampler.sync()
    ahead, now = (sampler.sample(PROMPTS, COUNTS, seed=1) for _ in range(2))
    assert largest_difference(then, PROMPTS, ahead) < 1e-4
    assert largest_difference(tiny, PROMPTS, now) < 1e-4
    assert ahead != now


def test_the_servers_sample_before_the_responses_are_wanted(
    tiny: Model, server: RolloutServer, tmp_path: Path
) -> None:
    sampler = overlapped(tiny, server, tmp_path)
    sampler.ask_ahead(PROMPTS, COUNTS, seed=1)
    deadline = time.monotonic() + 10
    while server.responses < 2 * sum(COUNTS):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_failure_in_the_background_is_raised_when_the_responses_are_wanted(
    tiny: Model, server: RolloutServer, tmp_path: Path
) -> None:
    sampler = overlapped(tiny, server, tmp_path)
    server.failures["/v1/completions"] = 400, {"error": {"message": "the prompt is too long"}}
    sampler.ask_ahead(PROMPTS, COUNTS, seed=1)
    assert sampler.ahead() is None
    with pytest.raises(EndpointError, match="the prompt is too long"):
        sampler.sample(PROMPTS, COUNTS, seed=1)


class Echo(Sampler):
    """Each completion repeats its prompt."""

    def sample(self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int) -> Completions:
        return [
            [Completion(prompt, [0.0] * len(prompt)) for _ in range(n)]
            for prompt, n in zip(prompts, counts, strict=True)
        ]

    def sync(self) -> None:
        pass

    def greedy(self, prompts: Sequence[list[int]], **settings: Any) -> list[Completion]:
        raise NotImplementedError


def echo() -> Overlapped:
    return Overlapped(Checked(Echo(), lambda samples: [s.old_logps for s in samples], every=99, tolerance=1))


@pytest.mark.parametrize(
    ("prompts", "count", "seed"), [([[8], [9]], 1, 0), ([[1], [2]], 2, 0), ([[1]], 1, 0)]
)
def test_what_is_asked_is_answered_whatever_was_asked_ahead(
    prompts: list[list[int]], count: int, seed: int
) -> None:
    sampler = echo()
    sampler.ask_ahead([[1], [2]], [1, 1], seed=0)
    answers = sampler.sample(prompts, [count] * len(prompts), seed=0)
    assert [[c.ids for c in each] for each in answers] == [[prompt] * count for prompt in prompts]


def test_another_seed_is_not_answered_with_what_was_asked_ahead(
    tiny: Model, server: RolloutServer, tmp_path: Path
) -> None:
    sampler = overlapped(tiny, server, tmp_path)
    seed_2 = sampler.sample(PROMPTS, COUNTS, seed=2)
    sampler.ask_ahead(PROMPTS, COUNTS, seed=1)
    assert sampler.sample(PROMPTS, COUNTS, seed=2) == seed_2


def test_restored_responses_answer_only_what_they_were_sampled_for() -> None:
    sampler = echo()
    marked = [[Completion([7, 7], [0.0, 0.0])], [Completion([7], [0.0])]]
    asked = requests([[1], [2]], [1, 1], 5)
    stored = json.loads(json.dumps([asdict(Sampled(*pair)) for pair in zip(asked, marked, strict=True)]))
    sampler.restore([Sampled.read(each) for each in stored])
    assert sampler.sample([[8], [9]], [1, 1], seed=5) == Echo().sample([[8], [9]], [1, 1], seed=5)
    assert sampler.sample([[1], [2]], [1, 1], seed=6) == Echo().sample([[1], [2]], [1, 1], seed=6)
    assert sampler.sample([[1], [2]], [1, 1], seed=5) == marked
    assert sampler.ahead() is None


def test_responses_of_an_old_checkpoint_answer_as_many_as_they_are() -> None:
    """They don't say what they answer: a list of completions for each prompt."""
    old = [[asdict(Completion([7], [0.0]))], [asdict(Completion([6], [0.0]))]]
    for counts, expected in (([1, 1], [7, 6]), ([2, 1], [1, 1, 2])):
        sampler = echo()
        sampler.restore([Sampled.read(each) for each in old])
        answers = sampler.sample([[1], [2]], counts, seed=0)
        assert [c.ids for each in answers for c in each] == [[token] for token in expected]


def test_a_rank_without_prompts_has_nothing_to_ask_ahead() -> None:
    sampler = echo()
    sampler.ask_ahead([], [], seed=0)
    assert sampler.ahead() == []


def test_a_sampler_that_does_not_overlap_ignores_what_is_asked_ahead() -> None:
    sampler = Echo()
    sampler.ask_ahead([[1]], [1], seed=0)
    sampler.restore([Sampled(None, [Completion([7], [0.0])])])
    assert sampler.ahead() is None
    assert sampler.sample([[1]], [1], seed=0) == [[Completion([1], [0.0])]]


class Stops(Events):
    """Ends the run at a step, as a kill would."""

    def __init__(self, at: int) -> None:
        self.at = at

    def step(self, step: Step, total: int) -> None:
        if step.metrics["step"] == self.at:
            raise KeyboardInterrupt


def overlapping(folder: Path, url: str, refill: int) -> TrainConfig:
    base: dict[str, Any] = config(folder, url).model_dump()
    base["rollout"] |= {"overlap": True, "refill": refill}
    return TrainConfig.model_validate({**base, "steps": 4, "checkpoint": {"every": 3}})


@pytest.mark.slow
@pytest.mark.parametrize("refill", [0, 1])
def test_a_resumed_run_is_the_run_that_was_not_broken_off(
    tiny_folder: Path, server: RolloutServer, tmp_path: Path, refill: int
) -> None:
    """Also if groups are refilled. Responses of weights that no longer exist come from the checkpoint."""
    overlap = overlapping(tiny_folder, server.url, refill)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for folder in (whole, broken):
        folder.mkdir()
    Run(overlap, whole, Events()).go()
    with pytest.raises(KeyboardInterrupt):
        Run(overlap, broken, Stops(4)).go()
    (newest,) = checkpoints(broken / "checkpoints")[-1:]
    assert (newest.name, (newest / "ahead.json").exists()) == ("step-000003", True)
    Run(overlap, broken, Events()).go()
    assert metrics(broken) == metrics(whole)


def test_the_first_rollout_is_of_the_policy_and_the_next_is_one_step_old(
    tiny_folder: Path, server: RolloutServer, tmp_path: Path
) -> None:
    Run(overlapping(tiny_folder, server.url, 0), tmp_path, Events()).go()
    _, first, second, *_ = (step.get("logp_mismatch") for step in metrics(tmp_path))
    assert second > 100 * first


@pytest.mark.parametrize("engine", ["transformers", "vllm"])
def test_overlap_in_the_trainers_own_process_is_refused(engine: str) -> None:
    with pytest.raises(ValueError, match=f"overlap: true .* engine: {engine} samples in the trainer's own"):
        TrainConfig.model_validate({"rollout": {"engine": engine, "overlap": True}})


def test_old_weights_are_not_learned_from_uncorrected() -> None:
    keys = {"engine": "vllm_server", "vllm": {"urls": ["http://localhost:1"]}, "overlap": True}
    with pytest.raises(ValueError, match=r"rollout\.overlap: true .* loss\.importance_cap"):
        TrainConfig.model_validate({"rollout": keys, "loss": {"importance_cap": None}})


class Slow(Echo):
    """Takes its time, and notes what it does."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def sample(self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int) -> Completions:
        self.log.append(f"asked {seed}")
        time.sleep(0.1)
        self.log.append(f"sampled {seed}")
        return super().sample(prompts, counts, seed=seed)

    def sync(self) -> None:
        self.log.append("synced")

    def greedy(self, prompts: Sequence[list[int]], **settings: Any) -> list[Completion]:
        self.log.append(f"greedy {settings}")
        return [Completion(prompt, []) for prompt in prompts]


def test_weights_stay_and_nothing_else_is_sampled_until_what_was_asked_ahead_is_there() -> None:
    slow = Slow()
    sampler = Overlapped(Checked(slow, lambda samples: [s.old_logps for s in samples], every=99, tolerance=1))
    sampler.ask_ahead([[1]], [1], seed=1)
    sampler.sample([[1]], [1], seed=2)
    sampler.ask_ahead([[1]], [1], seed=3)
    sampler.sync()
    assert slow.log == ["asked 1", "sampled 1", "asked 2", "sampled 2", "asked 3", "sampled 3", "synced"]


def test_an_evaluation_waits_for_what_was_asked_ahead_and_leaves_it_there() -> None:
    slow = Slow()
    sampler = Overlapped(Checked(slow, lambda samples: [s.old_logps for s in samples], every=99, tolerance=1))
    sampler.ask_ahead([[1]], [1], seed=1)
    settings: dict[str, Any] = {"max_new_tokens": 5, "batch": 2, "progress": print}
    assert [c.ids for c in sampler.greedy([[8], [9]], **settings)] == [[8], [9]]
    assert [[c.ids for c in each] for each in sampler.sample([[1]], [1], seed=1)] == [[[1]]]
    assert slow.log == ["asked 1", "sampled 1", f"greedy {settings}"]


def test_a_comparison_that_is_due_is_made_at_once_and_its_responses_are_used() -> None:
    threads: list[threading.Thread] = []

    def compare(samples: Sequence[Any]) -> list[list[float]]:
        threads.append(threading.current_thread())
        return [each.old_logps for each in samples]

    slow = Slow()
    sampler = Overlapped(Checked(slow, compare, every=99, tolerance=1))
    sampler.sync()
    for seed in (5, 6):
        sampler.ask_ahead([[1], [2]], [1, 2], seed=seed)
        if seed == 5:
            assert slow.log == ["synced", "asked 5", "sampled 5"], "sampled before the policy learns"
        sampler.check()
        found = sampler.ahead()
        assert found is not None
        assert [each.request for each in found] == requests([[1], [2]], [1, 2], seed)
        assert [each.completions for each in found] == sampler.sample([[1], [2]], [1, 2], seed=seed)
    assert threads == [threading.main_thread()]
    assert slow.log == ["synced", "asked 5", "sampled 5", "asked 6", "sampled 6"]


def test_nothing_is_ahead_before_anything_is_asked() -> None:
    assert echo().ahead() is None
