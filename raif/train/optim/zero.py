"""The optimizer over DeepSpeed: ZeRO-2 shards AdamW's state and the gradients, ZeRO-3 the weights too.

Only this module knows DeepSpeed's private names, which are all in `_fresh_states`; DeepSpeed 0.19.8 was seen.
If another version has others, tests/train/optim/test_zero_state.py fails first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from raif.config.train import TrainConfig
from raif.models.load import Model
from raif.train.optim.optimizer import STATE, adamw, fresh

T = TypeVar("T")


class Passes(nn.Module):
    """A model whose forward runs any function on it: DeepSpeed attaches its hooks to `forward`."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.net, self._model = model.net, model
        self.head = model.head

    def forward(self, work: Callable[..., T], *args: Any) -> T:
        return work(self._model, *args)


@dataclass(frozen=True)
class Sharded(Model):
    """A model whose weights DeepSpeed's engine manages."""

    engine: Any

    @classmethod
    def of(cls, model: Model, settings: dict[str, Any], **optimizer: Any) -> Sharded:
        import deepspeed

        deepspeed.utils.logger.setLevel(logging.WARNING)
        engine, *_ = deepspeed.initialize(model=Passes(model), config=settings, **optimizer)
        return cls(model.net, model.tokenizer, model.device, engine)

    def call(self, work: Callable[..., T], *args: Any) -> T:
        return self.engine(work, *args)


def settings(config: TrainConfig) -> dict[str, Any]:
    """DeepSpeed's own configuration."""
    d = config.distributed
    on_gpu = config.model.device != "cpu" and torch.cuda.is_available()
    zero: dict[str, Any] = {"stage": d.zero, "overlap_comm": on_gpu}
    if d.offload:
        zero["offload_optimizer"] = {"device": "cpu"}
    return {
        "train_micro_batch_size_per_gpu": 1,  # it has no effect: losses are divided by our own counts
        "gradient_accumulation_steps": 2,  # any number above 1: `backward` says which micro-batch is the last
        "gradient_clipping": config.optimizer.max_grad_norm,
        "bf16": {"enabled": config.model.compute == "bfloat16"},
        "data_types": {"grad_accum_dtype": "fp32"},
        "zero_optimization": zero,
        "zero_allow_untested_optimizer": True,
        "zero_force_ds_cpu_optimizer": False,  # torch's AdamW is fused on the CPU too, and needs no compiler
    }


class ZeroOptimizer:
    """The ranks' shares of a model and its optimizer. DeepSpeed keeps the float32 master weights."""

    def __init__(self, model: Model, config: TrainConfig, size: int) -> None:
        self._config, self._size = config, size
        self._trained = {name: p for name, p in model.net.named_parameters() if p.requires_grad}
        optimizer = adamw(list(self._trained.values()), config.optimizer)
        sharded = Sharded.of(model, settings(config), optimizer=optimizer)
        self.model: Model = sharded
        self._engine = sharded.engine
        self.names: Sequence[str] = list(self._trained)
        self.sharded = config.distributed.zero == 3
        self._states = self._fresh_states()

    def _fresh_states(self) -> list[dict[str, Tensor]]:
        """AdamW's states of the flat tensors that DeepSpeed made of this rank's share.

        Under ZeRO-2 they don't exist before the first step, which also links them to the parameters. Under
        ZeRO-3, DeepSpeed has taken a step itself.
        """
        zero = self._engine.optimizer
        flat = zero.fp32_partitioned_groups_flat if self.sharded else zero.single_partition_of_fp32_groups
        states = {weight: fresh(weight) for weight in flat}
        zero.optimizer.state.update(states)
        if not self.sharded:
            zero._lazy_init_hp_params_optimizer_state()
        return list(states.values())

    @property
    def steps(self) -> int:
        return int(self._states[0]["step"].item())

    def backward(self, loss: Tensor, *, last: bool) -> None:
        """DeepSpeed takes the mean over the ranks; the sum is wanted."""
        self._engine.set_gradient_accumulation_boundary(last)
        self._engine.backward(loss * self._size, scale_wrt_gas=False)

    def step(self, lr: float) -> float:
        """DeepSpeed itself drops gradients whose norm is not finite, in every precision, on all ranks."""
        for group in self._engine.optimizer.param_groups:
            group["lr"] = lr
        self._engine.step()
        return float(self._engine.get_global_grad_norm())

    def gathered(
        self, tensors: Sequence[Tensor], changed_by: int | None = None
    ) -> AbstractContextManager[Any]:
        """`changed_by`: the rank whose changes inside the context are kept."""
        from deepspeed.runtime.zero import GatheredParameters

        return GatheredParameters(tensors, modifier_rank=changed_by, enabled=self.sharded)

    def frozen(self, model: Model) -> Model:
        """Sharded under ZeRO-3; under ZeRO-2, which shards no weights, the model itself."""
        return Sharded.of(model, settings(self._config)) if self.sharded else model

    def read(self, name: str) -> dict[str, Tensor]:
        from deepspeed.utils import safe_get_full_fp32_param, safe_get_full_optimizer_state

        p = self._trained[name]
        return {
            "weight": safe_get_full_fp32_param(p),
            **{part: safe_get_full_optimizer_state(p, part) for part in STATE[1:]},
        }

    @torch.no_grad()
    def write(self, name: str, state: Mapping[str, Tensor]) -> None:
        from deepspeed.utils import safe_set_full_fp32_param, safe_set_full_optimizer_state

        p = self._trained[name]
        safe_set_full_fp32_param(p, state["weight"])
        for part in STATE[1:]:
            safe_set_full_optimizer_state(p, state[part], part)
        with self.gathered([p], changed_by=0):
            p.copy_(state["weight"])

    def rewind(self, steps: int) -> None:
        for state in self._states:
            state["step"].fill_(steps)
