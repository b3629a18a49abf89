"""Every way in which a run goes bad later is found, dated by its step, and a healthy run has no finding."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch", reason="needs raif[train]")

from raif.config.train import TrainConfig
from raif.train.trends import RECENT, of_data, watch
from tests.train.test_loop import instruction

HEALTHY = {
    "phase": "grpo",
    "reward": 0.5,
    "keep_ratio": 0.7,
    "format_share": 0.9,
    "truncated_share": 0.05,
    "response_tokens": 400.0,
    "thinking_words": 150.0,
    "repetition": 0.05,
    "answers_alike": 0.2,
    "answers_echo": 0.05,
    "entropy": 0.6,
    "kl": 0.01,
    "dead_all_pass": 0.3,
    "dead_all_fail": 0.1,
}


def names(at: int, of: int = 5 * RECENT, **changed: Any) -> list[str]:
    """The findings of a run whose metrics changed at a step and stayed so."""
    history = [
        {"step": n, **HEALTHY, **{k: v for k, v in changed.items() if n >= at}} for n in range(1, of + 1)
    ]
    return [finding.name for finding in watch(TrainConfig(), history)]


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"reward": -0.8}, "the reward collapsed"),
        ({"response_tokens": 1500.0, "truncated_share": 0.4}, "responses run into the limit"),
        ({"response_tokens": 60.0}, "responses shrink"),
        ({"thinking_words": 3.0}, "thinking shrinks"),
        ({"repetition": 0.6}, "responses repeat themselves"),
        ({"answers_alike": 0.6}, "answers become alike"),
        ({"answers_echo": 0.25}, "answers repeat their thinking"),
        ({"entropy": 0.001}, "the entropy is gone"),
        ({"kl": 8.0}, "the KL explodes"),
        ({"keep_ratio": 0.0}, "contrast keeps nothing"),
        ({"dead_all_pass": 0.2, "dead_all_fail": 0.8}, "all groups are dead"),
        ({"refused_updates": 1.0}, "updates are not finite"),
    ],
)
def test_a_run_that_goes_bad_has_its_finding_alone(changed: dict[str, float], name: str) -> None:
    assert names(at=30, **changed) == [name]
    assert names(at=1000, **changed) == []


def test_one_bad_step_is_no_trend() -> None:
    bad = {"keep_ratio": 0.0, "dead_all_fail": 0.7, "entropy": 0.0, "reward": -3.0}
    assert names(at=5 * RECENT, **bad) == []


def test_growing_thoughts_are_fine() -> None:
    assert names(at=20, response_tokens=3000.0, thinking_words=1200.0, truncated_share=0.1) == []


def test_what_was_not_finite_is_left_out() -> None:
    assert names(at=5 * RECENT, kl=None, entropy=None) == []


def test_a_warm_up_is_not_compared_with_rollouts() -> None:
    history = [{"step": n, "phase": "cloning", "cloning_loss": 3.0} for n in range(1, 40)]
    assert watch(TrainConfig(), history) == []
    assert watch(TrainConfig(), [*history, {"step": 40, **HEALTHY, "keep_ratio": 0.0}]) == []


def test_held_out_records_that_are_trained_on_are_named() -> None:
    records = [instruction(n) for n in range(4)]
    (finding,) = of_data(TrainConfig(), records[:3], records[2:])
    assert finding.name == "held-out records are training records"
    assert "1 of 2" in finding.what
    assert not list(of_data(TrainConfig(), records[:2], records[2:]))


def test_cloning_without_an_expert_answer_is_named() -> None:
    records = [instruction(n).model_copy(update={"expert": None}) for n in range(3)]
    assert [f.name for f in of_data(TrainConfig(), records, [])] == ["nothing to clone"]
    assert not list(of_data(TrainConfig.model_validate({"loss": {"cloning": 0}}), records, []))
