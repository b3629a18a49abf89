"""What a resumed training run may change: whatever leaves its past true, and the steps to come comparable.

Every key of `TrainConfig` is, itself or by its section, in exactly one of the two lists; a test keeps it.
"""

FREE = (
    "steps",
    "sft.epochs",
    "sft.packing",
    "tensorboard",
    "wandb",
    # where and how things are computed
    "model.device",
    "model.attention",
    "model.gradient_checkpointing",
    "optimizer.micro_batch",
    "optimizer.nonfinite",
    "optimizer.micro_batch_tokens",
    "distributed",
    "rollout.batch",
    "rollout.engine",
    "rollout.vllm",
    "judge.endpoint",
    "judge.local",
    "judge.cache",
    "judge.attempts",
    "judge.prices",
    # whose results are asked for again
    "evaluation.prompts",
    "evaluation.max_new_tokens",
    "evaluation.batch",
    "evaluation.every",
    "evaluation.benchmarks",
    "evaluation.items",
    "evaluation.data",
    "evaluation.best",
    "evaluation.patience",
    "checkpoint",
    # where the records are; what they are is compared by checksum (raif/train/data.py)
    "data.train",
    "data.heldout",
)
"""Keys, or whole sections, that can change."""

FIXED = (
    "method",
    "seed",
    "contrast",
    "model.path",
    "model.style",
    "model.format_request",
    "model.compute",
    "data.generate",
    "data.max_prompt_tokens",
    "data.mix",
    "rollout.prompts",
    "rollout.group_size",
    "rollout.max_new_tokens",
    "rollout.temperature",
    "rollout.refill",
    "rollout.overlong",
    "rollout.overlap",
    "rewards",
    "loss",
    "cloning",
    "sft.max_tokens",
    "optimizer.lr",
    "optimizer.betas",
    "optimizer.weight_decay",
    "optimizer.max_grad_norm",
    "optimizer.warmup_ratio",
    "optimizer.schedule",
    "optimizer.min_lr_ratio",
    "optimizer.horizon",
    "optimizer.batch",
    "lora",
    "evaluation.cloning_alone",  # starts from a checkpoint of the warm-up, which has to be kept in time
    "judge.model",
    "judge.think",
    "judge.sampling",
    "judge.prompts",
    "reference_quirks",
)
"""Keys, or whole sections, that decide what the past steps did. Another value needs another run."""
