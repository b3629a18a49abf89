"""Prompts that are read once: the same log-probabilities and the same update as without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs raif[train]")
pytest.importorskip("peft", reason="needs raif[lora]")

from torch import Tensor  # noqa: E402

from raif.config.train import TrainConfig  # noqa: E402
from raif.train import learner as learning  # noqa: E402
from raif.train.learner import Learner  # noqa: E402
from raif.train.logps import Sample, collate, token_logps  # noqa: E402
from raif.train.prompts import SharedPrompts  # noqa: E402
from tests.models.families import FAMILIES, make  # noqa: E402

LONG, SHORT = list(range(40, 70)), list(range(80, 89))
SAMPLES = [
    Sample(LONG, list(range(100, 112)), [-5.0] * 12, advantage=1.0, keep=True),
    Sample(SHORT, [7], [-5.0], advantage=-0.5, keep=True),
    Sample(LONG, list(range(30, 55)), [-5.0] * 25, advantage=-1.0, keep=True),
    Sample(SHORT, list(range(20, 27)), [-5.0] * 7, advantage=2.0, keep=True),
    Sample([*LONG, 3], list(range(90, 120)), [-5.0] * 30, advantage=0.5, keep=True),
]
OTHERS = ("mistral", "gemma2", "gemma3_text", "gpt_oss", "granitemoehybrid")
"""Models with windows, or with layers of another kind."""


def learner(folder: Path, **keys: Any) -> Learner:
    torch.manual_seed(0)
    model = {"path": str(folder), "compute": "float32", "device": "cpu", "gradient_checkpointing": False}
    given = {"optimizer": {"micro_batch": 2}, "loss": {"kl": 0}, "rollout": {"temperature": 0.7}}
    return Learner(TrainConfig.model_validate({"model": model, **given, **keys}))


def gradients(one: Learner, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, float], list[Tensor]]:
    """The metrics of an update on all samples, and the gradients that it makes of them."""
    monkeypatch.setattr(one.optimizer, "step", lambda lr: 0.0)
    metrics = one.update(SAMPLES, [[] for _ in SAMPLES], [], lr=1e-2, fresh=True)
    found = [weight.grad for weight in one.optimizer.master.weights.values()]
    return metrics, [grad for grad in found if grad is not None]


@pytest.fixture(scope="module", params=list(FAMILIES))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(request.param, tmp_path_factory.mktemp(request.param))


@pytest.mark.parametrize("rank", [0, 4], ids=["whole", "lora"])
def test_an_update_is_that_of_prompts_read_for_each_response(
    folder: Path, rank: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    class Counted(SharedPrompts):
        def __init__(self, model: Any, prompts: Any) -> None:
            found = list(prompts)
            read.append(len(found))
            super().__init__(model, found)

    monkeypatch.setattr(learning, "SharedPrompts", Counted)
    keys = {"lora": {"rank": rank, "alpha": 8}}
    sharing, plain = learner(folder, **keys), learner(folder, **keys)
    plain._shares = False
    (metrics, found), (wanted, expected) = (gradients(one, monkeypatch) for one in (sharing, plain))
    assert read == ([] if plain.policy.net.config.model_type in OTHERS else [3])
    assert metrics == pytest.approx(wanted, rel=1e-4, abs=1e-6)
    assert max(grad.abs().max().item() for grad in expected) > 1e-3
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-3)


def test_the_gradient_is_that_of_the_whole_sequences(tmp_path: Path) -> None:
    model = learner(make("llama", tmp_path)).policy
    batch = collate(SAMPLES, pad=0, device=model.device)
    weight = torch.linspace(-1, 1, batch.mask.numel()).view_as(batch.mask)

    def gradient(prompts: SharedPrompts | None) -> Tensor:
        model.net.zero_grad()
        (token_logps(model, batch, prompts=prompts) * weight).sum().backward()
        if prompts:
            prompts.backward()
        return torch.cat([p.grad.flatten() for p in model.net.parameters() if p.grad is not None])

    wanted = gradient(None).clone()
    found = gradient(SharedPrompts(model, (sample.prompt for sample in SAMPLES)))
    assert wanted.norm() > 1
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(
    ("samples", "model", "shared"),
    [
        (SAMPLES, {}, True),
        (SAMPLES[:2], {}, False),  # nothing to share
        (SAMPLES, {"gradient_checkpointing": True}, False),
        (SAMPLES, {"attention": "sdpa"}, False),
    ],
)
def test_prompts_are_shared_where_that_is_possible_and_saves_something(
    tmp_path: Path, samples: list[Sample], model: dict[str, Any], shared: bool
) -> None:
    folder = {"path": str(make("llama", tmp_path)), "compute": "float32", "device": "cpu"}
    keys = {"model": {**folder, "gradient_checkpointing": False, **model}, "loss": {"kl": 0}}
    found = Learner(TrainConfig.model_validate(keys))._shared_prompts(samples)
    assert (found is not None) is shared
