"""LoRA: few weights are trained, the frozen model shares memory, and exported models have no adapters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs raif[train]")
pytest.importorskip("peft", reason="needs raif[lora]")

from raif.config.train import TrainConfig  # noqa: E402
from raif.errors import ConfigError  # noqa: E402
from raif.models.load import load  # noqa: E402
from raif.train.checkpoint import Progress, load_checkpoint, save_checkpoint  # noqa: E402
from raif.train.learner import Learner  # noqa: E402
from raif.train.logps import Sample, score  # noqa: E402

SAMPLES = [Sample([5, 6, 7], [10, 11, 12, 13], []), Sample([5], [20, 30], [])]


def learner(folder: Path, *, compute: str = "float32", **lora: Any) -> Learner:
    torch.manual_seed(0)
    keys = {
        "model": {"path": str(folder), "compute": compute, "device": "cpu"},
        "lora": {"rank": 4, "alpha": 8, **lora},
    }
    return Learner(TrainConfig.model_validate(keys))


def trained(folder: Path, **keys: Any) -> Learner:
    found = learner(folder, **keys)
    for _ in range(3):
        found.update([], [], SAMPLES, lr=1e-1)
    return found


def logps(of: Any) -> list[list[float]]:
    return score(of, SAMPLES, size=2)


def test_fresh_adapters_change_nothing(tiny_folder: Path) -> None:
    plain = load(str(tiny_folder), dtype=torch.float32, device="cpu")
    assert logps(learner(tiny_folder).policy) == logps(plain)


def test_only_the_adapters_are_trained(tiny_folder: Path) -> None:
    found = learner(tiny_folder)
    frozen = {n: p.clone() for n, p in found.policy.net.named_parameters() if ".lora_" not in n}
    before = logps(found.policy)
    found.update([], [], SAMPLES, lr=1e-1)
    assert logps(found.policy) != before
    assert set(found.optimizer.names).isdisjoint(frozen)
    assert all((p == frozen[n]).all() for n, p in found.policy.net.named_parameters() if n in frozen)


def test_the_reference_is_the_policy_without_adapters_in_the_same_memory(tiny_folder: Path) -> None:
    found = trained(tiny_folder)
    plain = load(str(tiny_folder), dtype=torch.float32, device="cpu")
    assert found.frozen.net is found.policy.net
    assert logps(found.frozen) == logps(plain)
    assert logps(found.policy) != logps(plain)


def test_scoring_by_the_reference_leaves_the_adapters_in_training(tiny_folder: Path) -> None:
    found = trained(tiny_folder)
    logps(found.frozen)
    before = logps(found.policy)
    found.update([], [], SAMPLES, lr=1e-1)
    assert logps(found.policy) != before


def test_the_folder_is_a_plain_model_that_answers_as_the_policy(tiny_folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    found = trained(tiny_folder)
    found.export(tmp_path)
    assert set(load_file(tmp_path / "model.safetensors")) == set(load_file(tiny_folder / "model.safetensors"))
    again = load(str(tmp_path), dtype=torch.float32, device="cpu")
    for ours, theirs in zip(logps(found.policy), logps(again), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5)


def test_only_named_targets_get_adapters(tiny_folder: Path) -> None:
    names = learner(tiny_folder, targets=["q_proj", "v_proj"]).optimizer.names
    assert {name.split(".")[4] for name in names} == {"q_proj", "v_proj"}
    assert len(names) == 2 * 2 * 2  # layers, targets, factors


def test_an_unknown_target_has_a_nearest_spelling(tiny_folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"lora.targets.*'qproj'") as error:
        learner(tiny_folder, targets=["qproj"])
    assert "Did you mean 'q_proj'?" in error.value.hint


@pytest.mark.parametrize("compute", ["float32", "bfloat16"])
def test_a_checkpoint_resumes_bit_for_bit(tiny_folder: Path, tmp_path: Path, compute: str) -> None:
    first = trained(tiny_folder, compute=compute)
    save_checkpoint(tmp_path, first, Progress(step=3), keep=1)
    again = learner(tiny_folder, compute=compute)
    assert load_checkpoint(tmp_path / "step-000003", again).step == 3
    assert first.update([], [], SAMPLES, lr=1e-2) == again.update([], [], SAMPLES, lr=1e-2)
    assert logps(first.policy) == logps(again.policy)


def test_peft_loads_the_adapters_of_a_checkpoint(tiny_folder: Path, tmp_path: Path) -> None:
    import peft
    from transformers import AutoModelForCausalLM

    first = trained(tiny_folder)
    save_checkpoint(tmp_path, first, Progress(step=3), keep=1)
    base = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)
    loaded = peft.PeftModel.from_pretrained(base, str(tmp_path / "step-000003"))
    ids = torch.tensor([SAMPLES[0].prompt_ids + SAMPLES[0].ids])
    with torch.inference_mode():
        torch.testing.assert_close(loaded(ids).logits, first.policy.net(ids).logits, atol=1e-5, rtol=0)
