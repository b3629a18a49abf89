"""Micro-batches by a number of responses or by a budget of tokens: the same update, up to rounding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs raif[train]")

from pydantic import ValidationError  # noqa: E402

from raif.config.train import TrainConfig  # noqa: E402
from raif.errors import ConfigError  # noqa: E402
from raif.train import learner as learner_module  # noqa: E402
from raif.train.learner import Learner  # noqa: E402
from raif.train.logps import Sample, bucketed  # noqa: E402
from tests.train.gpu_checks import SAMPLES  # noqa: E402


def learner(folder: Path, **optimizer: Any) -> Learner:
    keys = {
        "model": {"path": str(folder), "compute": "float32", "device": "cpu"},
        "loss": {"kl": 0},
        "data": {"max_prompt_tokens": 8},
        "rollout": {"max_new_tokens": 8},
        "optimizer": {"batch": 4, **optimizer},
    }
    return Learner(TrainConfig.model_validate(keys))


def test_a_budget_counts_padding_and_gives_a_longer_sequence_its_own_micro_batch() -> None:
    samples = [Sample([1], [2] * (length - 1), []) for length in (3, 9, 4, 2, 4)]
    assert bucketed(samples, 100, 8) == [[1], [2, 4], [0, 3]]
    assert bucketed(samples, 1, 8) == [[1], [2], [4], [0], [3]]
    assert bucketed(samples, 3) == [[1, 2, 4], [0, 3]]


@pytest.mark.parametrize("limit", [{"micro_batch_tokens": 12}, {}], ids=["by tokens", "by memory"])
def test_the_update_is_that_of_micro_batches_of_a_number(tiny_folder: Path, limit: dict[str, int]) -> None:
    by_number = learner(tiny_folder, micro_batch=1)
    by_tokens = learner(tiny_folder, micro_batch="auto", **limit)
    metrics = [one.update(SAMPLES, [[]] * 4, [], 1e-2, fresh=True) for one in (by_number, by_tokens)]
    assert metrics[0] == pytest.approx(metrics[1], rel=1e-4)
    for a, b in zip(*(dict(one.weights()).values() for one in (by_number, by_tokens)), strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-3)


def test_the_budget_is_what_the_memory_allows(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    budgets = []
    for memory in (1.0, 1e7, 1e12):
        monkeypatch.setattr(learner_module, "device_bytes", lambda device, memory=memory: memory)
        budgets.append(learner(tiny_folder, micro_batch="auto").tokens)
    one, some, most = budgets
    assert one == 16  # the longest sequence has to fit anyway
    assert one < some < most == 4096  # type: ignore[operator]


def test_a_model_that_can_not_be_planned_needs_a_number(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner_module, "read", lambda config: None)
    with pytest.raises(ConfigError, match="the memory of a LlamaForCausalLM can't be planned"):
        learner(tiny_folder, micro_batch="auto")


def test_a_number_and_a_budget_exclude_each_other() -> None:
    with pytest.raises(ValidationError, match="micro_batch_tokens: only counts with micro_batch: auto"):
        TrainConfig.model_validate({"optimizer": {"micro_batch": 4, "micro_batch_tokens": 100}})
