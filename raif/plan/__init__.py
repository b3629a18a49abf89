"""What a training config means and costs, described before anything is loaded."""

from __future__ import annotations

from collections.abc import Mapping

from raif.config.judge import JudgeConfig
from raif.config.train import TrainConfig
from raif.plan.costs import Sharding, memory, step_cost, tokens_that_fit
from raif.plan.machine import Device, device, processor_rate
from raif.plan.shapes import Shape, shape_of


def describe(
    config: TrainConfig, *, ranks: int = 1, flops: float | None = None, gpu: float | None = None
) -> str:
    """The plan of a run in a few lines of text.

    `flops`: operations per second of one rank's device. None: measured on a CPU, unknown on a GPU. `gpu`: the
    memory of the GPU to plan for, in bytes. None: plan for this machine.
    """
    c = config
    sharding = Sharding(ranks, c.distributed.zero, c.distributed.offload)
    shape = shape_of(c.model.path)
    found = Device("GPU", gpu) if gpu else device(c.model.device)
    if found and shape and c.optimizer.micro_batch == "auto" and not c.optimizer.micro_batch_tokens:
        cpu = found.name == "CPU"
        tokens = tokens_that_fit(c, shape, cpu=cpu, card=found.bytes, sharding=sharding)
        optimizer = c.optimizer.model_copy(update={"micro_batch_tokens": tokens})
        c = c.model_copy(update={"optimizer": optimizer})
    lines = [
        f"method     {c.method}",
        f"model      {c.model.path}, {c.model.style}, {c.model.compute} with float32 master weights",
        f"weights    {_trained(c)}",
        f"ranks      {_ranks(sharding)}",
        f"data       {_data(c)}",
        *(_sft(c) if c.method == "sft" else _grpo(c)),
        f"checkpoint every {c.checkpoint.every} steps, the newest {c.checkpoint.keep} kept",
    ]
    if shape is None:
        lines.append(
            f"memory     unknown: {c.model.path} is neither a folder nor a model whose shape is listed"
        )
    else:
        lines += [*_memory(c, shape, found, sharding), *_step(c, shape, found, flops, sharding)]
    return "\n".join(lines)


def _trained(c: TrainConfig) -> str:
    if not c.lora.rank:
        return "all are trained"
    layers = ", ".join(c.lora.targets) or "all linear layers"
    return f"LoRA of rank {c.lora.rank}, alpha {c.lora.alpha}, on {layers}"


def _ranks(s: Sharding) -> str:
    if not s.zero:
        return "one process"
    offload = ", the optimizer in the host's memory" if s.offload else ""
    return f"{s.ranks}, as many as the launcher starts, under DeepSpeed ZeRO-{s.zero}{offload}"


def _data(c: TrainConfig) -> str:
    made, given = c.data.generate, c.data.train
    source = (
        f"{made.count} records made by the built-in generator"
        if made
        else " + ".join(s.path for s in given) or "no data.train"
    )
    mix = ", ".join(f"{tasks} {weight:g}" for tasks, weight in c.data.mix.items())
    return f"{source}; prompts by task: {mix}" if mix else source


def _grpo(c: TrainConfig) -> list[str]:
    r, plain = c.rollout, c.rollout.group_size // 4 if c.contrast else 0
    updates = c.responses // c.optimizer.batch
    clones = c.cloning.batch if c.loss.cloning else 0
    clip = f"{c.loss.clip}" + (f" below, {c.loss.clip_high} above" if c.loss.clip_high else "")
    kl = f"KL {c.loss.kl} ({c.loss.kl_estimator})" if c.loss.kl else "no KL, no frozen model"
    warm_up = f"warm-up    {c.cloning.warmup_steps} updates on {c.cloning.warmup_batch} expert answers each"
    if not c.steps:
        return [warm_up, "length     the warm-up alone; no responses are sampled"]
    return [
        warm_up,
        f"rollout    {r.prompts} prompts x {r.group_size} responses = {c.responses} "
        f"({r.group_size - plain} thinking, {plain} plain), up to {r.max_new_tokens} tokens",
        f"update     {updates} optimizer steps of {c.optimizer.batch} responses per rollout, each used once, "
        f"in micro-batches of {_micro_batch(c)}; {clones} expert answers in each step",
        f"sampler    {_sampler(c)}",
        f"loss       {c.loss.normalisation} normalisation, {c.loss.ratio} ratio clipped at {clip}; {kl}; "
        f"cloning {c.loss.cloning}",
        *([f"judge      {_judge(c.judge)}"] if c.judge else []),
        f"length     {c.steps} rollouts, {c.steps * updates} optimizer steps, "
        f"{c.steps * c.responses} responses",
    ]


def _micro_batch(c: TrainConfig) -> str:
    if c.optimizer.micro_batch != "auto":
        return str(c.optimizer.micro_batch)
    tokens = c.optimizer.micro_batch_tokens
    return f"up to {tokens:,} tokens" if tokens else "as many tokens as the device has memory for"


def _sampler(c: TrainConfig) -> str:
    v = c.rollout.vllm
    if c.rollout.engine == "transformers":
        return "transformers, on the policy itself"
    where = {"vllm": "in this process", "vllm_server": f"{', '.join(v.urls)}, weights by {v.transfer}"}
    cap = f"tokens weighted up to {c.loss.importance_cap:g}" if c.corrects else "not corrected for"
    when = ", one rollout ahead of the policy" if c.rollout.overlap else ""
    return f"vLLM, {where[c.rollout.engine]}{when}; its log-probabilities {cap}"


def _judge(c: JudgeConfig) -> str:
    return f"{c.model} at {c.endpoint.base_url}" if c.endpoint.base_url else f"{c.model} in this process"


def _sft(c: TrainConfig) -> list[str]:
    rows = "packed into rows" if c.sft.packing else f"in micro-batches of {_micro_batch(c)}"
    length = f"{c.sft.epochs:g} epochs" if c.sft.epochs else f"{c.steps} optimizer steps"
    return [
        f"update     {c.optimizer.batch} expert responses per optimizer step, {rows}, "
        f"cut off at {c.sft.max_tokens} tokens; nothing is sampled",
        f"length     {length}",
    ]


def _memory(c: TrainConfig, shape: Shape, found: Device | None, sharding: Sharding) -> list[str]:
    def listed(parts: Mapping[str, float]) -> str:
        return ", ".join(f"{size / 1e9:.1f} {name}" for name, size in parts.items() if size)

    cpu, card = bool(found and found.name == "CPU"), found.bytes if found else None
    used = memory(c, shape, cpu=cpu, sharding=sharding, card=card)
    phases = [f"in {phase} {listed(parts)}" for phase, parts in used.phases.items()]
    fits = "no GPU here to compare with; --gpu-memory says how much one has"
    if found:
        verdict = "it fits" if used.peak <= found.bytes else "it does not fit"
        whose = "a GPU" if found.name == "GPU" else f"this machine's {found.name}"
        fits = f"{whose} has {found.bytes / 1e9:.1f}: {verdict}"
    host = f"           {used.host / 1e9:.1f} in the host's memory, for each rank: the optimizer's state"
    sent = f"           {used.sent / 1e9:.1f} in the host's memory of the first rank: weights for the servers"
    return [
        f"memory     of one rank at most, in GB: {listed(used.always)}",
        *(f"           {phase}" for phase in phases),
        f"           {used.peak / 1e9:.1f} at the peak; {fits}",
        *([host] if used.host else []),
        *([sent] if used.sent else []),
    ]


def _step(
    c: TrainConfig, shape: Shape, found: Device | None, flops: float | None, sharding: Sharding
) -> list[str]:
    cost = step_cost(c, shape)
    tokens = f"step       {cost.sampled:,} tokens sampled and {cost.trained:,} learned from, at most"
    rate, source = flops, "given"
    if rate is None and found and found.name == "CPU":
        faster = "; bfloat16 can be faster" if c.model.compute == "bfloat16" else ""
        rate, source = processor_rate(), f"measured here on float32 products{faster}"
    if rate is None:
        return [f"{tokens}; --flops gives the time"]
    times = {name: work / rate / sharding.ranks for name, work in cost.operations.items() if work}
    shown = ", ".join(f"{name} {_time(seconds)}" for name, seconds in times.items())
    return [
        f"{tokens};",
        f"           {shown}, at {rate:.1e} FLOP/s per rank ({source}), fully used",
    ]


def _time(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s"
