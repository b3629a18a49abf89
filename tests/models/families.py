"""Tiny models with random weights of the architectures that people train, each with what sets it apart.

The weights are large, so that attention is far from uniform and a cap on scores or logits changes the answer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.tiny import byte_tokenizer

_LLAMA = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
}
_MOE = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
_LATENT = {
    "num_key_value_heads": 4,
    "q_lora_rank": 8,
    "kv_lora_rank": 8,
    "qk_nope_head_dim": 8,
    "qk_rope_head_dim": 8,
    "v_head_dim": 4,
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 16,
    "n_group": 1,
    "topk_group": 1,
    "first_k_dense_replace": 1,
}
_MAMBA = {
    "layer_types": ["mamba", "attention"],
    "mamba_n_heads": 4,
    "mamba_d_head": 16,
    "mamba_n_groups": 1,
    "mamba_d_state": 4,
}
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", _LLAMA | {"tie_word_embeddings": True}),
    "qwen2": ("qwen2", _LLAMA),
    "qwen3": ("qwen3", _LLAMA),
    "mistral": ("mistral", _LLAMA | {"sliding_window": 8}),
    "gemma2": (
        "gemma2",
        _LLAMA
        | {"sliding_window": 8, "query_pre_attn_scalar": 8}
        | {"attn_logit_softcapping": 5.0, "final_logit_softcapping": 3.0},
    ),
    "gemma3": ("gemma3_text", _LLAMA | {"sliding_window": 8, "query_pre_attn_scalar": 8}),
    "granite": (
        "granite",
        _LLAMA | {"logits_scaling": 8.0, "attention_multiplier": 0.1, "embedding_multiplier": 12.0},
    ),
    "cohere": ("cohere", _LLAMA | {"logit_scale": 0.0625}),
    "phi3": ("phi3", _LLAMA),
    "gpt2": ("gpt2", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512}),
    "gpt_neox": (
        "gpt_neox",
        {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4},
    ),
    "olmo2": ("olmo2", _LLAMA),
    "gpt_oss": (
        "gpt_oss",
        _LLAMA
        | {"num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": 8}
        | {"layer_types": ["sliding_attention", "full_attention"]},
    ),
    "qwen3_moe": ("qwen3_moe", _LLAMA | _MOE | {"norm_topk_prob": True}),
    "deepseek_v3": ("deepseek_v3", _LLAMA | _LATENT),
    "granite_hybrid": ("granitemoehybrid", _LLAMA | _MAMBA),
}
"""Name -> transformers' model type, and its config where it differs from the defaults."""
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "phimoe": ("phimoe", _LLAMA | {"num_local_experts": 4, "input_jitter_noise": 0.1}),
    "mamba": ("mamba", {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}),
    "opt": ("opt", {"hidden_size": 32, "ffn_dim": 48, "num_hidden_layers": 2, "num_attention_heads": 4}),
    "xlnet": ("xlnet", {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 48}),
}
"""Noise in training; architectures that can't be trained, or only in a certain way."""


def make(name: str, folder: Path) -> Path:
    """Write a model of the family with a chat tokenizer, the same weights every time."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    tokenizer = byte_tokenizer()
    kind, settings = (FAMILIES | OTHERS)[name]
    tokens = {
        "vocab_size": len(tokenizer),
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": None,
        "pad_token_id": tokenizer.pad_token_id,
    }
    torch.manual_seed(0)
    net = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **tokens, **settings))
    with torch.no_grad():
        for weight in net.parameters():
            if weight.dim() > 1:
                weight.normal_(std=0.3)
    net.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
