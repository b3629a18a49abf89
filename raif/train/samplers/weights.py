"""The policy's weights as an engine takes them: named as the model's folder names them, each tensor once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from torch import Tensor

from raif.files.whole import replacing

Weights = Callable[[], Mapping[str, Tensor]]
"""Gives the policy's weights as they are now."""


def write_weights(weights: Mapping[str, Tensor], file: Path) -> None:
    """Write a safetensors file, whole or not at all."""
    from safetensors.torch import save_file

    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as part:
        save_file({name: tensor.contiguous() for name, tensor in weights.items()}, part)
