"""The shape of a model, which determines memory and time; known before anything is loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_TABLE = Path(__file__).parent / "shapes.yaml"
LIKE_LLAMA = {
    *(
        "llama",
        "mistral",
        "ministral",
        "qwen2",
        "qwen3",
        "gemma",
        "gemma2",
        "gemma3_text",
        "granite",
        "cohere",
    ),
    *("cohere2", "phi3", "olmo2", "smollm3", "mixtral", "qwen2_moe", "qwen3_moe", "gpt_oss", "phimoe"),
}
"""The model types whose parameters are counted to 2%. Others have layers of other kinds."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A decoder like Llama's: gated feed-forward, grouped queries. `tied`: one matrix embeds and predicts.

    With `experts`, each layer's feed-forward is that many of `intermediate` numbers each, `chosen` of which a
    token passes, and one of `shared` numbers that all tokens pass.
    """

    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tied: bool
    qkv_bias: bool
    qk_norm: bool = False
    experts: int = 0
    chosen: int = 0
    shared: int = 0
    shared_gate: bool = False

    @property
    def kv(self) -> int:
        """How many numbers one token's keys have in one layer; its values have as many."""
        return self.kv_heads * self.head_dim

    @property
    def linear(self) -> dict[str, tuple[int, int]]:
        """A layer's linear layers by the names that transformers gives them: numbers in, numbers out. The
        experts are none: transformers keeps them as stacked matrices.
        """
        queries = self.heads * self.head_dim
        width = self.shared if self.experts else self.intermediate
        feed_forward = {
            **dict.fromkeys(("gate_proj", "up_proj"), (self.hidden, width)),
            "down_proj": (width, self.hidden),
        }
        return {
            "q_proj": (self.hidden, queries),
            **dict.fromkeys(("k_proj", "v_proj"), (self.hidden, self.kv)),
            "o_proj": (queries, self.hidden),
            **(feed_forward if width else {}),
        }

    @property
    def adapted(self) -> dict[str, tuple[int, int]]:
        """Those that LoRA adapts by default: next to experts, the feed-forward layers are left out."""
        left_out = ("gate_proj", "up_proj", "down_proj") if self.experts else ()
        return {name: widths for name, widths in self.linear.items() if name not in left_out}

    @property
    def active_intermediate(self) -> int:
        """The feed-forward numbers that a token passes in a layer."""
        return self.chosen * self.intermediate + self.shared if self.experts else self.intermediate

    @property
    def parameters(self) -> int:
        return self._counted(self.experts)

    @property
    def active(self) -> int:
        """The parameters that one token passes."""
        return self._counted(self.chosen)

    def _counted(self, experts: int) -> int:
        queries = self.heads * self.head_dim
        matrices = sum(inputs * outputs for inputs, outputs in self.linear.values())
        bias = (queries + 2 * self.kv) * self.qkv_bias
        norms = 2 * self.hidden + 2 * self.head_dim * self.qk_norm
        routed = experts * 3 * self.hidden * self.intermediate + self.experts * self.hidden
        layer = matrices + bias + norms + routed + self.hidden * self.shared_gate
        return self.layers * layer + self.vocabulary * self.hidden * (2 - self.tied) + self.hidden


def shape_of(path: str) -> Shape | None:
    """The shape of a model known by name, or of a folder with config.json; None if it is unknown."""
    config = Path(path) / "config.json"
    return read(json.loads(config.read_text("utf-8"))) if config.is_file() else _known().get(path)


@cache
def _known() -> dict[str, Shape]:
    return {name: Shape(**fields) for name, fields in yaml.safe_load(_TABLE.read_text("utf-8")).items()}


def read(config: dict[str, Any]) -> Shape | None:
    """The shape that a config.json describes; None if it is not of a decoder like Llama's."""
    kind = config.get("model_type", "")
    if kind not in LIKE_LLAMA:
        return None
    try:
        heads, hidden = config["num_attention_heads"], config["hidden_size"]
        # Mixtral and gpt-oss say local experts, whose width is intermediate_size
        experts = config.get("num_experts") or config.get("num_local_experts") or 0
        return Shape(
            layers=config["num_hidden_layers"],
            hidden=hidden,
            intermediate=(experts and config.get("moe_intermediate_size")) or config["intermediate_size"],
            heads=heads,
            kv_heads=config.get("num_key_value_heads") or heads,
            head_dim=config.get("head_dim") or hidden // heads,
            vocabulary=config["vocab_size"],
            tied=config.get("tie_word_embeddings", kind.startswith(("gemma", "cohere"))),
            qkv_bias=config.get("qkv_bias", config.get("attention_bias", kind == "qwen2")),
            qk_norm=kind in ("qwen3", "qwen3_moe"),
            experts=experts,
            chosen=config.get("num_experts_per_tok", 0) if experts else 0,
            shared=config.get("shared_expert_intermediate_size", 0) if experts else 0,
            shared_gate=kind == "qwen2_moe",
        )
    except KeyError:  # not all of it is there
        return None
