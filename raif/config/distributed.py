"""Keys for more than one process, and for training a few weights beside frozen ones."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from raif.config.base import Section


class DistributedConfig(Section):
    """How the ranks that torchrun or the deepspeed launcher started share the work."""

    zero: Literal[0, 2, 3] = 0
    """0: plain PyTorch in one process; 2: DeepSpeed shards the optimiser's state and the gradients over the
    ranks; 3: the weights of policy and reference, too."""
    offload: bool = False
    """Keep the optimiser's state in the host's memory, and step there."""
    timeout: PositiveFloat = 60.0
    """Minutes that a rank waits for another one before it gives up; more than the longest rollout takes."""

    @model_validator(mode="after")
    def _offload_by_deepspeed(self) -> Self:
        if self.offload and not self.zero:
            raise ValueError("offload: true is DeepSpeed's: give zero: 2 or 3, too")
        return self


class LoraConfig(Section):
    """Small trained matrices beside frozen linear layers; the reference is the policy without them."""

    rank: NonNegativeInt = 0
    """Of the two matrices of a layer; 0: no LoRA, all weights are trained."""
    alpha: PositiveInt = 32
    """Their product counts `alpha / rank` times."""
    targets: tuple[str, ...] = ()
    """Names of linear layers, such as [q_proj, v_proj]; empty: all but the output head."""
