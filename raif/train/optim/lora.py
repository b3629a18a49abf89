"""LoRA by peft: a few trained matrices inside the frozen net, which keeps its class and its names.

Only this module knows the names that peft gives its layers and weights (`.base_layer`, `lora_A`, `lora_B`,
`scaling`); peft 0.21 was seen. If another version has others, `test_the_folder_is_a_plain_model_...` in
tests/train/optim/test_lora.py fails first. peft's public `get_delta_weight` is no alternative: it computes
in the weights' own precision, and can't read sharded ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from raif.config.train import LoraConfig
from raif.errors import ConfigError, did_you_mean, require
from raif.models.load import Model

T = TypeVar("T")
Gathered = Callable[[Sequence[Tensor]], AbstractContextManager[Any]]
ADAPTER = "default"


def add_adapters(net: Any, config: LoraConfig) -> None:
    """Freeze the net and add adapters whose product is 0, so that it answers as before."""
    require("peft", extra="lora")
    import peft
    from peft.tuners.tuners_utils import BaseTunerLayer
    from transformers.pytorch_utils import Conv1D

    kinds = (nn.Linear, Conv1D)
    parts = {name: part for name, part in net.named_modules() if isinstance(part, kinds)}
    linear = {name.rpartition(".")[2] for name in parts}
    output = {name for name, part in parts.items() if part is net.get_output_embeddings()}
    tied = output if net.get_output_embeddings().weight is net.get_input_embeddings().weight else set()
    for target in config.targets:
        if target not in linear:
            raise ConfigError(
                f"lora.targets: the model has no linear layer {target!r}", did_you_mean(target, linear)
            )
        if target in tied:
            raise ConfigError(
                f"lora.targets: {target} has the embedding's weights in this model: an adapter of its own "
                "could not be merged",
                "Leave it out.",
            )
    chosen = list(config.targets) or sorted(linear - output - _beside_experts(net, parts))
    turned = any(isinstance(part, Conv1D) for part in parts.values())
    settings = peft.LoraConfig(
        r=config.rank, lora_alpha=config.alpha, target_modules=chosen, fan_in_fan_out=turned
    )
    peft.inject_adapter_in_model(settings, net, ADAPTER)
    for name, part in net.named_modules():
        if isinstance(part, BaseTunerLayer) and not isinstance(part.get_base_layer(), kinds):
            raise ConfigError(
                f"lora.targets: {name} is no linear layer: its adapter could not be merged",
                "Name the linear layers to adapt in lora.targets.",
            )


def _beside_experts(net: nn.Module, names: Iterable[str]) -> set[str]:
    """The last parts of the names of linear layers in blocks such as those that hold experts.

    peft takes gate_proj for a part of the experts, wherever else there is one; those are no linear layers.
    """
    blocks = {name.split(".")[-2] for name, _ in net.named_modules() if name.endswith(".experts")}
    return {name.rpartition(".")[2] for name in names if blocks & {*name.split(".")}}


@dataclass(frozen=True)
class WithoutAdapters(Model):
    """The model as it was before any training, in the memory of the trained one."""

    trained: Model

    @classmethod
    def of(cls, trained: Model) -> WithoutAdapters:
        return cls(trained.net, trained.tokenizer, trained.device, trained)

    def call(self, work: Callable[..., T], *args: Any) -> T:
        from peft.tuners.tuners_utils import BaseTunerLayer

        layers = [part for part in self.net.modules() if isinstance(part, BaseTunerLayer)]
        for layer in layers:
            layer.enable_adapters(False)
        try:
            return self.trained.call(work, *args)
        finally:
            for layer in layers:
                layer.enable_adapters(True)


def save_adapters(net: Any, base: str, weights: Mapping[str, Tensor], folder: Path) -> None:
    """Write trained adapters as `peft.PeftModel.from_pretrained(model, folder)` loads them.

    `base`: the model that they belong to. `weights`: by their names in the net.
    """
    from safetensors.torch import save_file

    settings = net.peft_config[ADAPTER]
    settings.base_model_name_or_path, settings.task_type = base, "CAUSAL_LM"
    settings.save_pretrained(folder)
    named = {f"base_model.model.{name.replace(f'.{ADAPTER}.', '.')}": w for name, w in weights.items()}
    save_file({name: w.contiguous() for name, w in named.items()}, folder / "adapter_model.safetensors")


@torch.no_grad()
def merged(net: nn.Module, gathered: Gathered = nullcontext) -> Iterator[tuple[str, Tensor]]:
    """The net's weights one by one, with the adapters' changes merged in, under their names without adapters.
    Tied weights come once.

    `gathered` makes sharded tensors whole while they are used.
    """
    seen = set()
    for name, weight in net.state_dict(keep_vars=True).items():
        if id(weight) in seen or ".lora_" in name:
            continue
        seen.add(id(weight))
        adapted = name.removesuffix(".base_layer.weight")
        factors: list[Tensor] = []
        scale = 0.0
        if adapted != name:
            layer: Any = net.get_submodule(adapted)
            scale = layer.scaling[ADAPTER]
            factors = [layer.lora_B[ADAPTER].weight, layer.lora_A[ADAPTER].weight]
        with gathered([weight, *factors]):
            whole = weight.detach()
            if factors:  # in float32: the change of one step may be too small for bfloat16
                b, a = (factor.float() for factor in factors)
                change = scale * (b @ a)
                whole = (weight.float() + (change.T if layer.fan_in_fan_out else change)).to(weight.dtype)
            yield name.replace(".base_layer", ""), whole
