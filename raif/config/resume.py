"""What a resumed run may change: whatever leaves its past true.

In training, that is also what leaves the steps to come comparable: every key of `TrainConfig` is, itself or
by its section, in exactly one of the lists FREE and FIXED. In the staged pipeline of `raif gen-data`, a key
belongs to the stages that it decides: the stages before the first of them stay true, and that one and all
later ones are done again, from the replies that are kept. In an evaluation, whatever no answer depends on can
change. Tests keep the lists complete.
"""

from __future__ import annotations

from collections.abc import Mapping

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
    "evaluation.relevance",
    "evaluation.plain",
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

OF_WARM_UP = (
    "method",
    "seed",
    "model.path",
    "model.style",
    "model.format_request",
    "model.compute",
    "data.generate",
    "data.retell",
    "data.max_prompt_tokens",
    "data.mix",
    "rollout.max_new_tokens",
    "cloning.warmup_steps",
    "cloning.warmup_batch",
    "cloning.warmup_lr",
    "cloning.max_tokens",
    "optimizer.lr",
    "optimizer.betas",
    "optimizer.weight_decay",
    "optimizer.max_grad_norm",
    "optimizer.warmup_ratio",
    "lora",
    "judge.model",
    "judge.think",
    "judge.sampling",
    "judge.prompts",
    "reference_quirks.clone_prompt_tokens",
)
"""Keys, or whole sections, on which a warm-up rests, with the held-out answers before it."""

AFTER_WARM_UP = (
    "contrast",
    "rollout.prompts",
    "rollout.group_size",
    "rollout.temperature",
    "rollout.temperatures",
    "rollout.band",
    "rollout.contrast_by_kind",
    "rollout.refill",
    "rollout.overlong",
    "rollout.overlap",
    "rewards",
    "loss",
    "cloning.batch",
    "cloning.successes",
    "cloning.hindsight",
    "sft.max_tokens",
    "optimizer.schedule",
    "optimizer.min_lr_ratio",
    "optimizer.horizon",
    "optimizer.batch",
    "evaluation.cloning_alone",  # starts from a checkpoint of the warm-up, which has to be kept in time
    "reference_quirks.keep_equal_groups",
    "reference_quirks.drop_below_stored",
    "reference_quirks.divide_by_all",
    "reference_quirks.math_in_whole_output",
)
"""Those that decide only later steps: runs that differ in them can share a warm-up."""

FIXED = (*OF_WARM_UP, *AFTER_WARM_UP)
"""All that decide what the past steps did. Another value needs another run."""

_OF_REQUESTS = (
    "tagger.endpoint",
    "tagger.prices",
    "teacher.endpoint",
    "teacher.prices",
    "judge.endpoint",
    "judge.prices",
    "check.difficulty.policy.endpoint",
    "check.difficulty.policy.prices",
)
"""How models are reached, and what they cost: replies are found again by model, messages and sampling."""
STAGED_FREE = (
    *_OF_REQUESTS,
    "max_failed",
    "max_broken",
    # what these files say is compared, not where they are (raif/data/staged/inputs.py)
    "input",
    "prompts",
    "judge.prompts",
    "decontaminate.folder",
    # not used by `raif gen-data`, which says so
    "judge.local",
    "judge.sampling",
    "judge.attempts",
    "judge.cache",
)
"""Keys, or whole sections, that decide nothing, even if their section is listed below."""

STAGED_FIXED = ("mode", "seed")
"""Keys that decide everything. Another value needs another run."""

DECIDE: Mapping[str, tuple[str, ...]] = {
    "select": ("select", "tagger", "rows of select.sources", "prompts of data"),
    "evolve": ("evolve", "check.max_tokens", "teacher", "judge", "prompts of data", "prompts of judge"),
    "respond": ("respond", "select.near_duplicate", "teacher"),
    "check": ("check", "teacher", "judge", "prompts of data", "prompts of judge"),
    "decontaminate": ("decontaminate", "rows of benchmarks"),
    "pack": ("pack", "rows of pack.math"),
}
"""Stage -> the keys, sections and inputs that its decisions depend on. The first stage also depends on `rows
of input`, and all depend on the order of `stages`."""

EVAL_FREE = (
    "limit",
    "on_error",
    "max_errors",
    "endpoint",
    "options.thinker_endpoint",
    "local.batch",
    # what is done with the answers
    "think",  # unless a server that is started here splits them
    "think_tags",
    "dialect",
    "judge",
    "judgments",
    "relevance",
    "relevance_limit",
    "paper_model",
    "prices",
)
"""Keys, or whole sections, of `raif eval` that can change."""

EVAL_FIXED = (
    "benchmark",
    "data",
    "seed",
    "model",
    "responses",
    "method",
    "options.thinker",
    "options.thinker_sampling",
    "options.samples",
    "options.temperature",
    "options.turns",
    "system",
    "wrap",
    "sampling",
    "context",
    "local.backend",
    "local.compute",
    "local.device",
    "local.arguments",
)
"""Keys, or whole sections, that decide which items are asked about, how, and whom."""
