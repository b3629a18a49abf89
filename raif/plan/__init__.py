"""What a training config comes to, spelled out before anything is loaded."""

from __future__ import annotations

from raif.config.judge import JudgeConfig
from raif.config.train import TrainConfig
from raif.plan.estimate import estimate
from raif.plan.memory import Sharding


def describe(config: TrainConfig, *, ranks: int = 1, flops: float | None = None) -> str:
    """The plan of a run in a few lines of text; `flops`: operations a second of a device, where known."""
    c = config
    sharding = Sharding(ranks, c.distributed.zero, c.distributed.offload)
    lines = [
        f"method     {c.method}",
        f"model      {c.model.path}, {c.model.style}, {c.model.compute} with float32 master weights",
        f"weights    {_trained(c)}",
        f"ranks      {_ranks(sharding)}",
        f"data       {_data(c)}",
        *(_sft(c) if c.method == "sft" else _grpo(c)),
        f"checkpoint every {c.checkpoint.every} steps, the newest {c.checkpoint.keep} kept",
        *estimate(c, flops=flops, sharding=sharding),
    ]
    return "\n".join(lines)


def _trained(c: TrainConfig) -> str:
    if not c.lora.rank:
        return "all are trained"
    layers = ", ".join(c.lora.targets) or "all linear layers"
    return f"LoRA of rank {c.lora.rank}, alpha {c.lora.alpha}, beside {layers}"


def _ranks(s: Sharding) -> str:
    if not s.zero:
        return "one process"
    offload = ", optimiser in the host's memory" if s.offload else ""
    return f"{s.ranks}, as many as the launcher starts, under DeepSpeed ZeRO-{s.zero}{offload}"


def _grpo(c: TrainConfig) -> list[str]:
    r, plain = c.rollout, c.rollout.group_size // 4 if c.contrast else 0
    updates = c.responses // c.optimizer.batch
    clones = c.cloning.batch if c.loss.cloning else 0
    return [
        f"warm-up    {c.cloning.warmup_steps} updates on {c.cloning.batch} expert answers each",
        f"rollout    {r.prompts} prompts x {r.group_size} responses = {c.responses} "
        f"({r.group_size - plain} thinking, {plain} plain), up to {r.max_new_tokens} tokens",
        f"update     {updates} optimiser steps of {c.optimizer.batch} responses a rollout, each used once, "
        f"in micro-batches of {c.optimizer.micro_batch}; {clones} expert answers beside each",
        f"engine     {_engine(c)}",
        f"loss       {_loss(c)}",
        *([f"judge      {_judge(c.judge)}"] if c.judge else []),
        f"length     {c.steps} rollouts, {c.steps * updates} optimiser steps, "
        f"{c.steps * c.responses} responses",
    ]


def _engine(c: TrainConfig) -> str:
    v = c.rollout.vllm
    if c.rollout.engine == "transformers":
        return "transformers, on the policy itself"
    where = {"vllm": "in this process", "vllm_server": f"{', '.join(v.urls)}, weights by {v.transfer}"}
    cap = f"tokens weighed up to {c.loss.importance_cap:g}" if c.corrects else "not corrected for"
    when = ", one rollout ahead of the policy" if c.rollout.overlap else ""
    return f"vLLM, {where[c.rollout.engine]}{when}; its log-probabilities {cap}"


def _sft(c: TrainConfig) -> list[str]:
    rows = "packed into rows" if c.sft.packing else f"in micro-batches of {c.optimizer.micro_batch}"
    length = f"{c.sft.epochs:g} epochs" if c.sft.epochs else f"{c.steps} optimiser steps"
    return [
        f"update     {c.optimizer.batch} expert responses an optimiser step, {rows}, "
        f"cut off at {c.sft.max_tokens} tokens; nothing is sampled",
        f"length     {length}",
    ]


def _judge(c: JudgeConfig) -> str:
    return f"{c.model} at {c.endpoint.base_url}" if c.endpoint.base_url else f"{c.model} in this process"


def _loss(config: TrainConfig) -> str:
    c = config.loss
    clip = f"{c.clip}" + (f" below, {c.clip_high} above" if c.clip_high else "")
    kl = f"KL {c.kl} ({c.kl_estimator})" if c.kl else "no KL, no reference model"
    return f"{c.normalisation} normalisation, {c.ratio} ratio clipped at {clip}; {kl}; cloning {c.cloning}"


def _data(config: TrainConfig) -> str:
    made, given = config.data.generate, config.data.train
    source = str(given or "none given (data.train)")
    if made:
        source = f"{made.count} records made by the built-in generator"
    mix = ", ".join(f"{tasks} {weight:g}" for tasks, weight in config.data.mix.items())
    return f"{source}; prompts by task: {mix}" if mix else source
