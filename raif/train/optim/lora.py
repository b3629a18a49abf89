"""LoRA by peft: a few trained matrices inside the frozen net, which keeps its class and its names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from raif.config.distributed import LoraConfig
from raif.errors import ConfigError, did_you_mean, require
from raif.models.load import Model

T = TypeVar("T")
Gathered = Callable[[Sequence[Tensor]], AbstractContextManager[Any]]
ADAPTER = "default"


def add_adapters(net: Any, config: LoraConfig) -> None:
    """Freeze the net and put adapters of product 0 into it: it answers as before."""
    require("peft", extra="lora")
    import peft

    _check_targets(net, config.targets)
    peft.inject_adapter_in_model(
        peft.LoraConfig(
            r=config.rank,
            lora_alpha=config.alpha,
            target_modules=list(config.targets) or "all-linear",
        ),
        net,
        ADAPTER,
    )


def _check_targets(net: nn.Module, targets: Sequence[str]) -> None:
    known = {name.rpartition(".")[2] for name, part in net.named_modules() if isinstance(part, nn.Linear)}
    for target in targets:
        if target not in known:
            raise ConfigError(
                f"lora.targets: the model has no linear layer {target!r}", did_you_mean(target, known)
            )


@dataclass(frozen=True)
class WithoutAdapters(Model):
    """The model as it was before any training, in the memory of the trained one."""

    trained: Model

    @classmethod
    def of(cls, trained: Model) -> WithoutAdapters:
        return cls(trained.net, trained.tokenizer, trained.device, trained)

    def call(self, work: Callable[..., T], *args: Any) -> T:
        with _switched_off(self.net):
            return self.trained.call(work, *args)


@contextmanager
def _switched_off(net: nn.Module) -> Iterator[None]:
    from peft.tuners.tuners_utils import BaseTunerLayer

    layers = [part for part in net.modules() if isinstance(part, BaseTunerLayer)]
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)


@torch.no_grad()
def merged(net: nn.Module, gathered: Gathered = nullcontext) -> Iterator[tuple[str, Tensor]]:
    """The net's weights one after another, tied ones once, with the adapters' changes, named as without them.

    `gathered` makes sharded tensors whole for as long as they are used.
    """
    seen = set()
    for name, weight in net.state_dict(keep_vars=True).items():
        if id(weight) in seen or ".lora_" in name:
            continue
        seen.add(id(weight))
        layer = name.removesuffix(".base_layer.weight")
        scale, factors = _adapter(net.get_submodule(layer)) if layer != name else (0.0, [])
        with gathered([weight, *factors]):
            yield name.replace(".base_layer", ""), _changed(weight, scale, factors)


def _adapter(layer: Any) -> tuple[float, list[Tensor]]:
    return layer.scaling[ADAPTER], [layer.lora_B[ADAPTER].weight, layer.lora_A[ADAPTER].weight]


def _changed(weight: Tensor, scale: float, factors: Sequence[Tensor]) -> Tensor:
    """In float32: the change of one step may be too small for bfloat16."""
    if not factors:
        return weight.detach()
    b, a = (factor.float() for factor in factors)
    return (weight.float() + scale * (b @ a)).to(weight.dtype)
