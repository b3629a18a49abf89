"""The memory of one rank by part, in bytes: an upper bound, with all sequences as long as they may be.

Assumed: no fragmentation, attention without score matrices on a GPU, a layer's activations as listed in
`_layer_numbers`. What a framework itself takes, about 1 GB, comes on top.
"""

from __future__ import annotations

from dataclasses import dataclass

from raif.config.train import LOGIT_TOKENS, TrainConfig
from raif.plan.shapes import Shape, shape_of

BYTES = {"bfloat16": 2, "float32": 4}
LOGIT_BYTES = 16
"""A logit in the model's precision and in float32, its log-probability, and its gradient."""
SCORE_BYTES = 8
"""An attention score on a CPU, which keeps them: in float32, and as the weight that multiplies."""

BUCKET = 10**9
"""Bytes of gradients that DeepSpeed gathers before it sums them over the ranks."""


@dataclass(frozen=True, slots=True)
class Sharding:
    """How ZeRO divides the model's state over ranks; by default nothing is divided."""

    ranks: int = 1
    zero: int = 0
    offload: bool = False
    """Master weights, moments and summed gradients are in the machine's memory, not the device's."""

    def kept(self, numbers: int) -> float:
        """How many of the optimiser's numbers are on one rank's device."""
        return 0.0 if self.offload else numbers / (self.ranks if self.zero else 1)


UNDIVIDED = Sharding()


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes by part. `always` is held throughout, `update` and `rollout` only in their phase."""

    always: dict[str, float]
    update: dict[str, float]
    rollout: dict[str, float]

    @property
    def phases(self) -> dict[str, dict[str, float]]:
        """The parts that are held in one phase alone, by its name."""
        return {"an update": self.update, "a rollout": self.rollout}

    @property
    def peak(self) -> float:
        return sum(self.always.values()) + max(sum(self.update.values()), sum(self.rollout.values()))


def memory(c: TrainConfig, shape: Shape, *, cpu: bool, sharding: Sharding = UNDIVIDED) -> Memory:
    """What a run of `c` takes on each rank."""
    return Memory(_always(c, shape, sharding), _update(c, shape, cpu, sharding), _rollout(c, shape))


def _always(c: TrainConfig, shape: Shape, sharding: Sharding) -> dict[str, float]:
    size = BYTES[c.model.compute]
    state = sharding.kept(trained(c, shape))
    whole = float(shape.parameters * size)
    weights = whole / (sharding.ranks if sharding.zero == 3 else 1)
    return {
        "weights": weights,
        "whole copy to sample from": whole if sharding.zero == 3 else 0.0,
        "float32 masters": 4 * state if size < 4 else 0.0,
        "Adam moments": 8 * state,
        "reference": weights if _has_reference(c) and not c.lora.rank else 0.0,
        "judge": _judge(c),
    }


def trained(c: TrainConfig, shape: Shape) -> int:
    """How many parameters are trained: all, or LoRA's two matrices beside each of its layers."""
    if not c.lora.rank:
        return shape.parameters
    widths = shape.linear
    chosen = [widths[name] for name in c.lora.targets or widths if name in widths]
    return shape.layers * c.lora.rank * sum(inputs + outputs for inputs, outputs in chosen)


def _has_reference(c: TrainConfig) -> bool:
    evaluated = c.evaluation.prompts and (c.data.heldout or c.data.generate)
    return bool(evaluated or (c.method == "grpo" and c.loss.kl))


def _judge(c: TrainConfig) -> float:
    if not c.judge or not c.judge.local:
        return 0.0
    shape = shape_of(c.judge.model)
    return float(shape.parameters * BYTES[c.judge.local.compute]) if shape else 0.0


def _update(c: TrainConfig, shape: Shape, cpu: bool, sharding: Sharding) -> dict[str, float]:
    size, rows, length, answer = BYTES[c.model.compute], *micro_batch(c)
    layer = rows * length * _layer_numbers(shape) * size
    if cpu:
        layer += rows * shape.heads * length**2 * SCORE_BYTES
    kept = rows * length * shape.hidden * size  # all that checkpointing keeps of a layer: what goes into it
    activations = layer + shape.layers * kept if c.model.gradient_checkpointing else shape.layers * layer
    return {
        "gradients": _gradients(c, shape, sharding),
        "activations": activations,
        "logits": min(rows * answer, LOGIT_TOKENS) * shape.vocabulary * LOGIT_BYTES,
    }


def _gradients(c: TrainConfig, shape: Shape, sharding: Sharding) -> float:
    """The sums in float32, and what isn't in them yet: DeepSpeed's bucket, else one matrix at a time."""
    size, number = BYTES[c.model.compute], trained(c, shape)
    if sharding.zero:
        fresh = min(number * size, BUCKET)
    else:
        fresh = min(number, shape.vocabulary * shape.hidden) * size if size < 4 else 0
    return 4 * sharding.kept(number) + fresh


def micro_batch(c: TrainConfig) -> tuple[int, int, int]:
    """Rows, their tokens, and how many of a row's tokens are learnt: each at most."""
    if c.method == "sft":
        return (1 if c.sft.packing else c.optimizer.micro_batch), c.sft.max_tokens, c.sft.max_tokens
    answer = c.rollout.max_new_tokens
    return c.optimizer.micro_batch, c.data.max_prompt_tokens + answer, answer


def _layer_numbers(shape: Shape) -> int:
    """Numbers that a layer keeps of a token: norms, queries, mix, residuals, keys, values, gates."""
    return 6 * shape.hidden + 2 * shape.heads * shape.head_dim + 2 * shape.kv + 4 * shape.intermediate


def _rollout(c: TrainConfig, shape: Shape) -> dict[str, float]:
    if c.method == "sft":
        return {}
    tokens = min(c.rollout.batch, c.responses) * (c.data.max_prompt_tokens + c.rollout.max_new_tokens)
    return {"KV cache": tokens * shape.layers * 2 * shape.kv * BYTES[c.model.compute]}
