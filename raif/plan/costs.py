"""What training costs a rank: memory by part, in bytes, and the tokens and operations of a step.

Both are upper bounds: all sequences are as long as they can be. Assumed for the memory: no fragmentation, and
of a layer's activations the numbers listed in `_row`. What a framework itself takes, about 1 GB, is not
included. Assumed for the operations: 2 per parameter and token in
a forward pass, 4 in a backward pass, 2 more if activations are computed again; attention's own are left out.
Sampling token by token is slower than its operations suggest.
"""

from __future__ import annotations

from dataclasses import dataclass

from raif.config.models import LocalConfig
from raif.config.train import LOGIT_TOKENS, TrainConfig
from raif.plan.shapes import Shape, shape_of

BYTES = {"bfloat16": 2, "float32": 4}
LOGIT_BYTES = 16
"""A logit in the model's precision and in float32, its log-probability and its gradient."""
SCORE_BYTES = 8
"""An attention score, if attention keeps them: in float32, and as the weight that multiplies."""
STATE_BYTES = 16
"""Of a trained parameter, what offload keeps in the host's memory: master weight, two moments, gradient."""
MOST_TOKENS = {"CPU": 2**12, "GPU": 2**16}
"""Of a micro-batch: the device doesn't get faster by more."""
LIVE = 10**9
"""Parameters that DeepSpeed's ZeRO-3 has gathered at once on each rank, at most."""
USED = 0.8
"""The share of a device's memory that `tokens_that_fit` fills: the rest is for what is not counted."""
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
    """Bytes by part. `always` is held all the time, those of each of the `phases` only in this phase.

    `host`: what one rank keeps in the machine's memory instead. `sent`: what the first one collects there for
    servers.
    """

    always: dict[str, float]
    phases: dict[str, dict[str, float]]
    host: float = 0.0
    sent: float = 0.0

    @property
    def peak(self) -> float:
        return sum(self.always.values()) + max(sum(parts.values()) for parts in self.phases.values())


def memory(
    c: TrainConfig, shape: Shape, *, cpu: bool, sharding: Sharding = UNDIVIDED, card: float | None = None
) -> Memory:
    """The memory of a run of `c` on each rank. `card`: the device's whole memory, if it is known."""
    phases = {"an update": _update(c, shape, cpu, sharding)}
    cached = shape.layers * 2 * shape.kv * BYTES[c.model.compute]
    prompt, answer = c.data.max_prompt_tokens, c.rollout.max_new_tokens
    samples = c.method == "sft" or c.rollout.engine == "transformers"
    if samples and c.method == "grpo":
        phases["a rollout"] = {"KV cache": min(c.rollout.batch, c.responses) * (prompt + answer) * cached}
    if found := judge(c):
        phases["judging"] = {"judge's activations": _judging(*found, prompt + answer, cpu)}
    if c.evaluates and samples:
        rows = min(c.evaluation.batch, c.evaluation.prompts)
        length = prompt + c.evaluation.max_new_tokens
        phases["held-out answers"] = {"KV cache": rows * length * cached}
    host = STATE_BYTES * trained(c, shape) / sharding.ranks if sharding.offload else 0.0
    sent = float(shape.parameters * BYTES[c.model.compute]) if sharding.zero == 3 and c.on_servers else 0.0
    return Memory(_always(c, shape, sharding, card), phases, host, sent)


def judge(c: TrainConfig) -> tuple[LocalConfig, Shape] | None:
    """The judge in this process and its shape, if there is one and its shape is known."""
    local = c.judge.local if c.judge else None
    shape = shape_of(c.judge.model) if c.judge and local else None
    return (local, shape) if local and shape else None


def _judging(local: LocalConfig, shape: Shape, length: int, cpu: bool) -> float:
    """What one layer of the judge needs while it reads a batch: it writes one token, and keeps no cache."""
    row = length * (2 * shape.hidden + 3 * shape.active_intermediate) * BYTES[local.compute]
    return local.batch * (row + (shape.heads * length**2 * SCORE_BYTES if cpu else 0))


def _always(c: TrainConfig, shape: Shape, sharding: Sharding, card: float | None) -> dict[str, float]:
    size = BYTES[c.model.compute]
    state = sharding.kept(trained(c, shape))
    whole = float(shape.parameters * size)
    weights = whole / (sharding.ranks if sharding.zero == 3 else 1)
    has_frozen = c.evaluates or (c.method == "grpo" and (c.loss.kl or c.by_relevance))
    found = judge(c)
    return {
        "weights": weights,
        "whole copy": whole if sharding.zero == 3 and not c.on_servers else 0.0,
        "float32 masters": 4 * state if size < 4 else 0.0,
        "Adam moments": 8 * state,
        "frozen model": weights if has_frozen and not c.lora.rank else 0.0,
        **_vllm(c, whole, card),
        "judge": float(found[1].parameters * BYTES[found[0].compute]) if found else 0.0,
    }


def _vllm(c: TrainConfig, whole: float, card: float | None) -> dict[str, float]:
    """What vLLM in this process holds: a copy of the weights, and its cache in the rest of its share."""
    v = c.rollout.vllm
    if c.rollout.engine != "vllm" or c.method == "sft":
        return {}
    weights = whole / v.tensor_parallel
    if v.kv_cache_gib:
        cache = v.kv_cache_gib * 2**30
    else:
        cache = max(0.0, v.gpu_memory_utilization * (card or 0.0) - weights)
    return {"vLLM's weights": weights, "vLLM's KV cache": cache}


def trained(c: TrainConfig, shape: Shape) -> int:
    """How many parameters are trained: all, or LoRA's two matrices for each of its layers."""
    if not c.lora.rank:
        return shape.parameters
    chosen = [shape.linear[name] for name in c.lora.targets or shape.adapted if name in shape.linear]
    return shape.layers * c.lora.rank * sum(inputs + outputs for inputs, outputs in chosen)


def _update(c: TrainConfig, shape: Shape, cpu: bool, sharding: Sharding) -> dict[str, float]:
    size, (rows, length, answer) = BYTES[c.model.compute], micro_batch(c)
    # gradients: the sums in float32, and those not added yet: DeepSpeed's bucket, else one matrix at a time
    number = trained(c, shape)
    if sharding.zero:
        fresh = min(number * size, BUCKET)
    else:
        fresh = min(number, shape.vocabulary * shape.hidden) * size if size < 4 else 0
    return {
        "gradients": 4 * sharding.kept(number) + fresh,
        "gathered layers": min(shape.parameters, LIVE) * size if sharding.zero == 3 else 0.0,
        "activations": rows * _row(c, shape, length, cpu),
        "logits": min(rows * answer, LOGIT_TOKENS) * shape.vocabulary * LOGIT_BYTES,
    }


def _row(c: TrainConfig, shape: Shape, length: int, cpu: bool) -> float:
    """The activations that a sequence of this length leaves for the backward pass."""
    size = BYTES[c.model.compute]
    # what a layer keeps of a token: norms and residuals, queries and mix, keys and values, gates
    queries = 2 * shape.heads * shape.head_dim + 2 * shape.kv
    layer = length * (6 * shape.hidden + queries + 4 * shape.active_intermediate) * size
    # a CPU's own attention keeps its scores, as eager does anywhere
    if c.model.attention in ("eager", "grouped") or (cpu and c.model.attention == "auto"):
        layer += shape.heads * length**2 * SCORE_BYTES
    kept = length * shape.hidden * size  # all that checkpointing keeps of a layer: its input
    return layer + shape.layers * kept if c.model.gradient_checkpointing else shape.layers * layer


def micro_batch(c: TrainConfig) -> tuple[int, int, int]:
    """The most rows, tokens of a row, and tokens of a row that are learned."""
    sft, answer = c.method == "sft", c.rollout.max_new_tokens
    length = c.sft.max_tokens if sft else c.data.max_prompt_tokens + answer
    given, tokens = c.optimizer.micro_batch, c.optimizer.micro_batch_tokens
    rows = max(1, (tokens or 0) // length) if given == "auto" else given
    return 1 if sft and c.sft.packing else rows, length, length if sft else answer


def tokens_that_fit(
    c: TrainConfig, shape: Shape, *, cpu: bool, card: float, sharding: Sharding = UNDIVIDED
) -> int:
    """How many tokens a micro-batch can have, padding included: at least one of the longest sequences."""
    one = c.model_copy(update={"optimizer": c.optimizer.model_copy(update={"micro_batch": 1})})
    used = memory(one, shape, cpu=cpu, sharding=sharding, card=card)
    rest = {**used.phases["an update"], "logits": LOGIT_TOKENS * shape.vocabulary * LOGIT_BYTES}
    rest.pop("activations")
    free = USED * card - sum(used.always.values()) - sum(rest.values())
    _, length, _ = micro_batch(one)
    return (
        max(1, min(int(free / _row(c, shape, length, cpu)), MOST_TOKENS["CPU" if cpu else "GPU"] // length))
        * length
    )


@dataclass(frozen=True, slots=True)
class StepCost:
    """Tokens sampled, tokens learned from (prompts included), and operations by phase."""

    sampled: int
    trained: int
    operations: dict[str, float]


def step_cost(c: TrainConfig, shape: Shape) -> StepCost:
    """What one step of `c` costs, all ranks together; of the warm-up, if nothing comes after it."""
    passes = 8 if c.model.gradient_checkpointing else 6
    if c.method == "sft":
        trained = c.optimizer.batch * micro_batch(c)[1]
        return StepCost(0, trained, {"update": passes * shape.active * trained})
    prompt, answer = c.data.max_prompt_tokens, c.rollout.max_new_tokens
    length, sampled = prompt + answer, c.responses * answer
    if not c.steps:
        trained = c.cloning.warmup_batch * length
        return StepCost(0, trained, {"update": passes * shape.active * trained})
    rolled = c.responses * length
    clones = c.cloning.batch * (c.responses // c.optimizer.batch) if c.loss.cloning else 0
    operations: dict[str, float] = {
        "rollout": 2 * shape.active * (sampled + c.rollout.prompts * (1 + c.contrast) * prompt),
        "reference": 2 * shape.active * rolled if c.loss.kl else 0,
        "update": passes * shape.active * (rolled + clones * length),
    }
    return StepCost(sampled, rolled + clones * length, operations)
