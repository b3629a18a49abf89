"""The baseline: expert answers alone, packed or not, by epochs, with a learning rate that falls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from raif.config.train import OptimizerConfig, TrainConfig
from raif.models.load import Model
from raif.train.feed import draw
from raif.train.logps import Sample, collate, packed, token_logps
from raif.train.loop import learning_rate
from tests.train.test_loop import trainer

SAMPLES = [Sample([5, 6, 7], [10, 11, 12, 13], []), Sample([5], [20], []), Sample([8, 9], [30, 31], [])]


def sft(folder: Path, *, packing: bool = False, max_tokens: int = 2000, **keys: Any) -> Any:
    return trainer(
        folder,
        method="sft",
        sft={"epochs": 2, "packing": packing, "max_tokens": max_tokens},
        optimizer={"batch": 3, "micro_batch": 2, "lr": 1e-2, "schedule": "cosine"},
        **keys,
    )


def test_packed_log_probabilities_are_those_of_padded_rows(tiny: Model) -> None:
    batch = collate(SAMPLES, pad=0, device=tiny.device)
    with torch.no_grad():
        padded, packed = token_logps(tiny, batch), token_logps(tiny, batch, packed=True)
    torch.testing.assert_close(packed, padded, atol=1e-5, rtol=0)


def test_a_packed_example_does_not_see_its_neighbour(tiny: Model) -> None:
    other = [Sample([40, 41], [42, 43, 44], []), *SAMPLES[1:]]
    with torch.no_grad():
        one, two = (
            token_logps(tiny, collate(samples, pad=0, device=tiny.device), packed=True)[1:, :2]
            for samples in (SAMPLES, other)
        )
    torch.testing.assert_close(one, two, atol=1e-5, rtol=0)


def test_the_model_reads_no_padding_when_packed(tiny: Model) -> None:
    seen: list[torch.Size] = []
    tiny.net.get_input_embeddings().register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].shape))
    with torch.no_grad():
        token_logps(tiny, collate(SAMPLES, pad=0, device=tiny.device), packed=True)
    assert seen == [(1, sum(map(len, SAMPLES)))]


@pytest.mark.parametrize(("tokens", "rows"), [(13, [13]), (9, [9, 4]), (7, [7, 6]), (3, [7, 4, 2])])
def test_rows_are_filled_up_to_their_tokens(tokens: int, rows: list[int]) -> None:
    packs = packed(SAMPLES, tokens)
    assert [sum(len(SAMPLES[i]) for i in pack) for pack in packs] == rows


def test_packing_changes_no_loss_and_no_weight(tiny_folder: Path) -> None:
    runs = [sft(tiny_folder, packing=packing) for packing in (False, True)]
    losses = [[step.metrics["cloning_loss"] for step in t.steps()] for t in runs]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)
    assert losses[0][-1] < losses[0][0]


def test_epochs_become_steps_and_each_expert_answer_is_learned_once_an_epoch(tiny_folder: Path) -> None:
    t = sft(tiny_folder)
    assert t.total_steps == 4  # 2 epochs of 5 answers in batches of 3
    assert [step.metrics["phase"] for step in t.steps()] == ["sft"] * 4
    assert sorted(r.id for r in draw(t.feed.experts, 0, 5, t.config.seed)) == list("01234")


def test_without_epochs_steps_count(tiny_folder: Path) -> None:
    t = trainer(tiny_folder, method="sft", sft={"epochs": None}, optimizer={"batch": 3})
    assert t.total_steps == 2


def test_what_the_limit_cuts_is_counted(tiny_folder: Path) -> None:
    prompt = 300
    t = sft(tiny_folder, max_tokens=prompt, data={"max_prompt_tokens": prompt - 1})
    assert next(t.steps()).metrics["cut_share"] == 1
    assert next(sft(tiny_folder).steps()).metrics["cut_share"] == 0


def test_the_learning_rate_falls_along_half_a_cosine() -> None:
    config = OptimizerConfig(lr=1.0, warmup_ratio=0.1, schedule="cosine")
    rates = [learning_rate(config, done, 20) for done in (0, 1, 2, 11, 20)]
    assert rates == pytest.approx([0.5, 1, 1, 0.5, 0])


def test_the_cosine_can_end_above_0_and_beyond_the_run() -> None:
    config = OptimizerConfig(lr=1.0, warmup_ratio=0.1, schedule="cosine", min_lr_ratio=0.1, horizon=20)
    rates = [learning_rate(config, done, 4) for done in (0, 1, 2, 11, 20)]
    assert rates == pytest.approx([0.5, 1, 1, 0.55, 0.1])


def test_a_constant_rate_stays() -> None:
    assert learning_rate(OptimizerConfig(lr=1.0, warmup_ratio=0.1), 19, 20) == 1


def test_a_batch_of_sft_need_not_divide_a_rollout() -> None:
    assert TrainConfig.model_validate({"method": "sft", "optimizer": {"batch": 100}}).optimizer.batch == 100


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"evaluation": {"cloning_alone": True}}, "cloning alone"),
        ({"sft": {"max_tokens": 1024}}, "leaves no room for an answer"),
    ],
)
def test_what_sft_cannot_use_is_refused(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        TrainConfig.model_validate({"method": "sft", **keys})
