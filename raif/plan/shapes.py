"""The shape of a model, which determines memory and time; known before anything is loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_TABLE = Path(__file__).parent / "shapes.yaml"


@dataclass(frozen=True, slots=True)
class Shape:
    """A decoder like Llama's: gated feed-forward, grouped queries. `tied`: one matrix embeds and predicts."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tied: bool
    qkv_bias: bool

    @property
    def kv(self) -> int:
        """How many numbers one token's keys have in one layer; its values have as many."""
        return self.kv_heads * self.head_dim

    @property
    def linear(self) -> dict[str, tuple[int, int]]:
        """A layer's matrices by the names that transformers gives them: numbers in, numbers out."""
        queries = self.heads * self.head_dim
        return {
            "q_proj": (self.hidden, queries),
            **dict.fromkeys(("k_proj", "v_proj"), (self.hidden, self.kv)),
            "o_proj": (queries, self.hidden),
            **dict.fromkeys(("gate_proj", "up_proj"), (self.hidden, self.intermediate)),
            "down_proj": (self.intermediate, self.hidden),
        }

    @property
    def parameters(self) -> int:
        queries = self.heads * self.head_dim
        matrices = sum(inputs * outputs for inputs, outputs in self.linear.values())
        bias = (queries + 2 * self.kv) * self.qkv_bias
        layer = matrices + bias + 2 * self.hidden
        return self.layers * layer + self.vocabulary * self.hidden * (2 - self.tied) + self.hidden


def shape_of(path: str) -> Shape | None:
    """The shape of a model known by name, or of a folder with config.json; None if it is unknown."""
    config = Path(path) / "config.json"
    return _read(json.loads(config.read_text("utf-8"))) if config.is_file() else _known().get(path)


@cache
def _known() -> dict[str, Shape]:
    return {name: Shape(**fields) for name, fields in yaml.safe_load(_TABLE.read_text("utf-8")).items()}


def _read(config: dict[str, Any]) -> Shape | None:
    try:
        heads, hidden = config["num_attention_heads"], config["hidden_size"]
        return Shape(
            layers=config["num_hidden_layers"],
            hidden=hidden,
            intermediate=config["intermediate_size"],
            heads=heads,
            kv_heads=config.get("num_key_value_heads") or heads,
            head_dim=config.get("head_dim") or hidden // heads,
            vocabulary=config["vocab_size"],
            tied=config.get("tie_word_embeddings", False),
            qkv_bias=config.get("attention_bias", config.get("model_type") == "qwen2"),
        )
    except KeyError:  # another architecture
        return None
