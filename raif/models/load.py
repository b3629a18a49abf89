"""Loading a causal language model with its tokenizer, and the few facts about them that training needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from raif.errors import RaifError
from raif.models.packaged import resolve

if TYPE_CHECKING:
    import torch

    from raif.models.head import Head

T = TypeVar("T")


@dataclass(frozen=True)
class Model:
    """A transformers model, its tokenizer, and where it runs."""

    net: Any
    tokenizer: Any
    device: torch.device

    def call(self, work: Callable[..., T], *args: Any) -> T:
        """`work(model, *args)`; a model that is sharded or shared prepares its weights around it."""
        return work(self, *args)

    @cached_property
    def head(self) -> Head:
        """What makes logits of hidden states."""
        from raif.models.head import Head

        return Head(self.net.get_output_embeddings())

    @property
    def pad_id(self) -> int:
        """What fills rows up; any token would do."""
        return int(self.tokenizer.pad_token_id or 0)

    @property
    def end_ids(self) -> frozenset[int]:
        """Tokens that end a response: the tokenizer's, and those of the model's generation config."""
        configured = self.net.generation_config.eos_token_id
        ids = configured if isinstance(configured, list) else [configured]
        return frozenset(i for i in (*ids, self.tokenizer.eos_token_id) if i is not None)


def load(path: str, *, dtype: torch.dtype, device: str = "auto") -> Model:
    """Load from a folder, the hub, or a package. Raises RaifError where there is no model."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    from raif.models.attention import GROUPED

    disable_progress_bar()  # the run has a progress display of its own
    place = pick_device(device)
    source = resolve(path)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
        net: Any = AutoModelForCausalLM.from_pretrained(source, dtype=dtype)
    except (OSError, ValueError) as error:
        hint = "Give a folder with config.json and safetensors, a hub id, or packaged:smollm2-135m."
        raise RaifError(f"{path}: no model could be loaded: {error}", hint) from error
    net.set_attn_implementation(GROUPED if place.type == "cpu" else "sdpa")
    return Model(net.to(place).eval(), tokenizer, place)


def pick_device(name: str) -> torch.device:
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def save(
    model: Model, folder: Path, weights: dict[str, torch.Tensor], *, template: str | None = None
) -> None:
    """Write a folder that transformers and vLLM load: safetensors, config, tokenizer, chat template.

    `template` replaces the tokenizer's own chat template.
    """
    model.net.save_pretrained(folder, state_dict=weights)
    model.tokenizer.save_pretrained(folder)
    if template:
        (folder / "chat_template.jinja").write_text(template, "utf-8")
