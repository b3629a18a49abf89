"""What training costs a rank: memory by part, in bytes, and the tokens and operations of a step.

Both are upper bounds: all sequences are as long as they can be. Assumed for the memory: no fragmentation, on
a GPU attention without score matrices, and of a layer's activations the numbers listed in `_update`. What a
framework itself takes, about 1 GB, is not included. Assumed for the operations: 2 per parameter and token in
a forward pass, 4 in a backward pass, 2 more if activations are computed again; attention's own are left out.
Sampling token by token is slower than its operations suggest.
"""

from __future__ import annotations

from dataclasses import dataclass

from raif.config.train import LOGIT_TOKENS, TrainConfig
from raif.plan.shapes import Shape, shape_of

BYTES = {"bfloat16": 2, "float32": 4}
LOGIT_BYTES = 16
"""A logit in the model's precision and in float32, its log-probability and its gradient."""
SCORE_BYTES = 8
"""An attention score, which a CPU keeps: in float32, and as the weight that multiplies."""
BUCKET = 10**9
"""Bytes of gradients that DeepSpeed collects before it sums them over the ranks."""


@dataclass(frozen=True, slots=True)
class Sharding:
    """How ZeRO divides the model's state among ranks. By default nothing is divided."""

    ranks: int = 1
    zero: int = 0
    offload: bool = False
    """Master weights, moments and summed gradients are in the machine's memory, not the device's."""

    def kept(self, numbers: int) -> float:
        """How many of the optimizer's `numbers` are on one rank's device."""
        return 0.0 if self.offload else numbers / (self.ranks if self.zero else 1)


UNDIVIDED = Sharding()


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes by part. `always` is held all the time, `update` and `rollout` only in their phase."""

    always: dict[str, float]
    update: dict[str, float]
    rollout: dict[str, float]

    @property
    def phases(self) -> dict[str, dict[str, float]]:
        """The parts that are held in only one phase, by the phase's name."""
        return {"an update": self.update, "a rollout": self.rollout}

    @property
    def peak(self) -> float:
        return sum(self.always.values()) + max(sum(self.update.values()), sum(self.rollout.values()))


def memory(c: TrainConfig, shape: Shape, *, cpu: bool, sharding: Sharding = UNDIVIDED) -> Memory:
    """The memory of a run of `c` on each rank."""
    return Memory(_always(c, shape, sharding), _update(c, shape, cpu, sharding), _rollout(c, shape))


def _always(c: TrainConfig, shape: Shape, sharding: Sharding) -> dict[str, float]:
    size = BYTES[c.model.compute]
    state = sharding.kept(trained(c, shape))
    whole = float(shape.parameters * size)
    weights = whole / (sharding.ranks if sharding.zero == 3 else 1)
    evaluated = c.evaluation.prompts and (c.data.heldout or c.data.generate)
    has_frozen = evaluated or (c.method == "grpo" and c.loss.kl)
    judge = shape_of(c.judge.model) if c.judge and c.judge.local else None
    return {
        "weights": weights,
        "whole copy to sample from": whole if sharding.zero == 3 else 0.0,
        "float32 masters": 4 * state if size < 4 else 0.0,
        "Adam moments": 8 * state,
        "frozen model": weights if has_frozen and not c.lora.rank else 0.0,
        "judge": float(judge.parameters * BYTES[c.judge.local.compute])
        if judge and c.judge and c.judge.local
        else 0.0,
    }


def trained(c: TrainConfig, shape: Shape) -> int:
    """How many parameters are trained: all, or LoRA's two matrices for each of its layers."""
    if not c.lora.rank:
        return shape.parameters
    widths = shape.linear
    chosen = [widths[name] for name in c.lora.targets or widths if name in widths]
    return shape.layers * c.lora.rank * sum(inputs + outputs for inputs, outputs in chosen)


def _update(c: TrainConfig, shape: Shape, cpu: bool, sharding: Sharding) -> dict[str, float]:
    size, rows, length, answer = BYTES[c.model.compute], *micro_batch(c)
    # what a layer keeps of a token: norms and residuals, queries and mix, keys and values, gates
    numbers = 6 * shape.hidden + 2 * shape.heads * shape.head_dim + 2 * shape.kv + 4 * shape.intermediate
    layer = rows * length * numbers * size
    if cpu:
        layer += rows * shape.heads * length**2 * SCORE_BYTES
    kept = rows * length * shape.hidden * size  # all that checkpointing keeps of a layer: its input
    activations = layer + shape.layers * kept if c.model.gradient_checkpointing else shape.layers * layer
    # gradients: the sums in float32, and those not added yet: DeepSpeed's bucket, else one matrix at a time
    number = trained(c, shape)
    if sharding.zero:
        fresh = min(number * size, BUCKET)
    else:
        fresh = min(number, shape.vocabulary * shape.hidden) * size if size < 4 else 0
    return {
        "gradients": 4 * sharding.kept(number) + fresh,
        "activations": activations,
        "logits": min(rows * answer, LOGIT_TOKENS) * shape.vocabulary * LOGIT_BYTES,
    }


def micro_batch(c: TrainConfig) -> tuple[int, int, int]:
    """The most rows, tokens of a row, and tokens of a row that are learned."""
    if c.method == "sft":
        return (1 if c.sft.packing else c.optimizer.micro_batch), c.sft.max_tokens, c.sft.max_tokens
    answer = c.rollout.max_new_tokens
    cloned = c.clone_limit if c.clones else 0  # more than a response only if cloning.max_tokens says so
    return c.optimizer.micro_batch, max(c.data.max_prompt_tokens + answer, cloned), answer


def _rollout(c: TrainConfig, shape: Shape) -> dict[str, float]:
    if c.method == "sft":
        return {}
    tokens = min(c.rollout.batch, c.responses) * (c.data.max_prompt_tokens + c.rollout.max_new_tokens)
    return {"KV cache": tokens * shape.layers * 2 * shape.kv * BYTES[c.model.compute]}


@dataclass(frozen=True, slots=True)
class StepCost:
    """Tokens sampled, tokens learned from (prompts included), and operations by phase."""

    sampled: int
    trained: int
    operations: dict[str, float]


def step_cost(c: TrainConfig, shape: Shape) -> StepCost:
    """What one step of `c` costs, all ranks together."""
    passes = 8 if c.model.gradient_checkpointing else 6
    if c.method == "sft":
        trained = c.optimizer.batch * micro_batch(c)[1]
        return StepCost(0, trained, {"update": passes * shape.parameters * trained})
    prompt, answer = c.data.max_prompt_tokens, c.rollout.max_new_tokens
    length, sampled = prompt + answer, c.responses * answer
    rolled = c.responses * length
    clones = c.cloning.batch * (c.responses // c.optimizer.batch) if c.loss.cloning else 0
    operations: dict[str, float] = {
        "rollout": 2 * shape.parameters * (sampled + c.rollout.prompts * (1 + c.contrast) * prompt),
        "reference": 2 * shape.parameters * rolled if c.loss.kl else 0,
        "update": passes * shape.parameters * (rolled + clones * length),
    }
    return StepCost(sampled, rolled + clones * length, operations)
