"""Before a run: are our log-probabilities the model's own, and do its prompts fit the model?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs raif[train]")
pytest.importorskip("peft", reason="needs raif[lora]")

from raif.config.train import TrainConfig  # noqa: E402
from raif.errors import ConfigError, RaifError  # noqa: E402
from raif.models import head  # noqa: E402
from raif.models.chat import Chat  # noqa: E402
from raif.models.load import load  # noqa: E402
from raif.train.feed import Feed  # noqa: E402
from raif.train.learner import Learner  # noqa: E402
from raif.train.logps import Sample, score  # noqa: E402
from raif.types import Expert, Instruction, Message  # noqa: E402
from tests.models.families import FAMILIES, make  # noqa: E402

SAMPLES = [Sample(list(range(40, 60)), list(range(70, 100)), []), Sample([5, 6, 7], [10, 11], [])]
RECORD = Instruction(
    id="a", messages=(Message(role="user", content="Hi"),), expert=Expert(thinking="So.", answer="Yes.")
)


def learner(folder: Path, **keys: Any) -> Learner:
    torch.manual_seed(0)
    model = {"path": str(folder), "compute": "float32", "device": "cpu", **keys.pop("model", {})}
    return Learner(TrainConfig.model_validate({"model": model, **keys}))


@pytest.fixture(scope="module", params=list(FAMILIES))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(request.param, tmp_path_factory.mktemp(request.param))


def apart(one: Any, other: Any) -> float:
    """The largest difference between the log-probabilities of two models."""
    pairs = zip(score(one, SAMPLES, size=2), score(other, SAMPLES, size=2), strict=True)
    return max(abs(a - b) for x, y in pairs for a, b in zip(x, y, strict=True))


def test_every_architecture_is_computed_as_it_computes_itself(folder: Path) -> None:
    learner(folder).check(SAMPLES)


@pytest.mark.parametrize("rank", [0, 4], ids=["whole", "lora"])
def test_the_exported_model_is_the_trained_one(folder: Path, tmp_path: Path, rank: int) -> None:
    """With adapters too: GPT-2's layers keep their weights the other way round, experts get no adapter."""
    trained = learner(folder, lora={"rank": rank, "alpha": 8})
    trained.update([], [], SAMPLES, lr=1e-2)
    trained.export(tmp_path)
    exported = load(str(tmp_path), dtype=torch.float32, device="cpu")
    assert apart(trained.policy, learner(folder).policy) > 1e-3
    assert apart(trained.policy, exported) < 1e-4


def test_other_logits_than_the_models_stop_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head, "_logits", lambda net, states: net.get_output_embeddings()(states))
    said = (
        r"Granite.*: training .*: -[\d.]+ a token instead of -[\d.]+, [\d.]+ apart on average, 0.001 allowed"
    )
    with pytest.raises(RaifError, match=said):
        learner(make("granite", tmp_path)).check(SAMPLES)


@pytest.mark.parametrize("name", ["gpt2", "phimoe"])
def test_an_update_has_no_dropout_and_no_noise(tmp_path: Path, name: str) -> None:
    found = learner(make(name, tmp_path))
    config = found.policy.net.config.to_dict()
    assert 0.1 in (config.get("attn_pdrop"), config.get("input_jitter_noise"))  # the exported config keeps it
    found.check(SAMPLES)


@pytest.mark.parametrize(
    ("name", "keys", "said"),
    [
        ("opt", {}, "OPTForCausalLM: its forward pass can't be taken apart: ValueError"),
        ("mamba", {}, "MambaForCausalLM: sampling would compute other log-probabilities"),
        ("xlnet", {}, "model.gradient_checkpointing: XLNetLMHeadModel can't recompute"),
        ("gpt_oss", {"method": "sft", "sft": {"packing": True}}, r"packing would .*\n.*sft\.packing=false"),
        ("granite_hybrid", {"method": "sft", "sft": {"packing": True}}, "packing would compute other"),
    ],
)
def test_what_can_not_be_computed_as_it_should_is_refused_by_name(
    tmp_path: Path, name: str, keys: dict[str, Any], said: str
) -> None:
    with pytest.raises(RaifError, match=said):
        learner(make(name, tmp_path), **keys).check(SAMPLES)


def test_packing_is_not_checked_where_it_is_not_used(tmp_path: Path) -> None:
    learner(make("gpt_oss", tmp_path), sft={"packing": True}).check(SAMPLES)


@pytest.mark.parametrize("targets", [["lm_head"], ["q_proj", "lm_head"]])
def test_an_adapter_of_tied_weights_is_refused(tmp_path: Path, targets: list[str]) -> None:
    with pytest.raises(ConfigError, match="lm_head has the embedding's weights"):
        learner(make("llama", tmp_path), lora={"rank": 4, "targets": targets})


def test_a_context_too_short_for_the_responses_is_said_before_training(tmp_path: Path) -> None:
    model = load(str(make("gpt2", tmp_path)), dtype=torch.float32, device="cpu")
    chat = Chat(model.tokenizer, "tagged", "Use tags.")
    feed = Feed.of([RECORD], chat, 1024)
    fits, exceeds = (TrainConfig.model_validate({"rollout": {"max_new_tokens": most}}) for most in (400, 500))
    feed.check_length(model.context, chat, fits)
    with pytest.raises(RaifError, match="the model reads 512 tokens"):
        feed.check_length(model.context, chat, exceeds)


@pytest.mark.parametrize(
    ("text", "thinking", "answer"),
    [
        ("<think>\nOne, two, three.\n</think>\nNone.", "One, two, three.", "None."),
        ("One, two.</think>None.", "", "None."),
        ("<think>\nOne, two", "", None),
        ("None.", "", "None."),
    ],
)
def test_an_untrained_models_thinking_is_not_its_answer(
    chat: Chat, text: str, thinking: str, answer: str | None
) -> None:
    found = chat.taken_apart(text, "direct")
    assert (found.thinking, found.answer) == (thinking, answer)
