"""The listed shapes are those of the models: their parameters add up to what the models are known to have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from raif.config import load, preset_names
from raif.config.train import TrainConfig
from raif.plan.shapes import read, shape_of
from tests.models.families import FAMILIES, make

PARAMETERS = {
    "Qwen/Qwen2.5-0.5B-Instruct": 494_032_768,
    "Qwen/Qwen2.5-1.5B-Instruct": 1_543_714_304,
    "Qwen/Qwen2.5-7B-Instruct": 7_615_616_512,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B": 1_777_088_000,
    "meta-llama/Llama-3.1-8B-Instruct": 8_030_261_248,
    "mistralai/Ministral-8B-Instruct-2410": 8_019_808_256,
    "packaged:smollm2-135m": 134_515_008,
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_listed_shape_has_the_models_number_of_parameters(name: str) -> None:
    shape = shape_of(name)
    assert shape
    assert shape.parameters == PARAMETERS[name]


@pytest.mark.parametrize("preset", preset_names("train"))
def test_the_shape_of_every_presets_model_is_known_without_a_download(preset: str) -> None:
    assert shape_of(load(TrainConfig, "train", preset=preset).model.path)


def test_the_shape_of_a_folder_is_read_from_it(tiny_folder: Path) -> None:
    from transformers import AutoModelForCausalLM

    shape = shape_of(str(tiny_folder))
    assert shape
    assert shape.parameters == AutoModelForCausalLM.from_pretrained(tiny_folder).num_parameters()


def test_biases_and_missing_keys_are_those_of_the_architecture(tmp_path: Path) -> None:
    config = {
        "num_hidden_layers": 1,
        "hidden_size": 8,
        "intermediate_size": 16,
        "num_attention_heads": 2,
        "vocab_size": 10,
    }
    (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "qwen2"}))
    shape = shape_of(str(tmp_path))
    assert shape
    assert (shape.kv_heads, shape.head_dim, shape.tied, shape.qkv_bias) == (2, 4, False, True)


SMALL: dict[str, Any] = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "tie_word_embeddings": False,
}
EXPERTS: dict[str, Any] = {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 16}


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("Qwen3", {}),
        ("Qwen3Moe", EXPERTS),
        ("Qwen2Moe", EXPERTS | {"shared_expert_intermediate_size": 24}),
        ("Mixtral", {"num_local_experts": 4}),
    ],
)
def test_experts_and_norms_are_counted_as_the_model_has_them(kind: str, keys: dict[str, Any]) -> None:
    import transformers

    config = getattr(transformers, f"{kind}Config")(**SMALL, **keys)
    net = getattr(transformers, f"{kind}ForCausalLM")(config)
    shape = read(config.to_dict())
    assert shape
    assert shape.parameters == net.num_parameters()


def test_a_token_passes_only_the_chosen_experts() -> None:
    shape = read(SMALL | EXPERTS | {"model_type": "qwen3_moe"})
    assert shape
    assert shape.parameters - shape.active == 2 * (8 - 2) * 3 * 32 * 16
    assert shape.active_intermediate == 2 * 16
    assert "up_proj" not in shape.linear


@pytest.mark.parametrize("family", FAMILIES)
def test_an_architecture_is_counted_as_it_is_or_not_at_all(family: str, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    folder = make(family, tmp_path)
    shape, net = shape_of(str(folder)), AutoModelForCausalLM.from_pretrained(folder)
    if family in ("gpt2", "gpt_neox", "deepseek_v3", "granite_hybrid"):
        assert shape is None
    else:
        assert shape
        assert shape.parameters == pytest.approx(net.num_parameters(), rel=0.02)


def test_what_is_not_known_is_no_shape(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    assert shape_of(str(tmp_path)) is None
    assert shape_of("nobody/nothing") is None
