"""The config of `raif train`: every key with its type, bound and meaning. Defaults are the paper's 7B run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from raif.config.base import Section
from raif.config.builtin import BuiltinConfig
from raif.config.distributed import DistributedConfig, LoraConfig
from raif.config.judge import JudgeConfig
from raif.config.rollout import RolloutConfig
from raif.errors import did_you_mean
from raif.reasoning import FORMAT_REQUEST
from raif.types import Task

LOGIT_TOKENS = 256
"""Response tokens whose logits over the whole vocabulary are held at once."""


class ModelConfig(Section):
    path: str = "Qwen/Qwen2.5-7B-Instruct"
    """A folder, a hub id, or `packaged:smollm2-135m`."""
    style: Literal["tagged", "deepseek"] = "tagged"
    """tagged: an instructed model, asked for think and answer tags; deepseek: a reasoning model."""
    format_request: str = FORMAT_REQUEST
    """The system text that asks a tagged model for its format."""
    compute: Literal["bfloat16", "float32"] = "bfloat16"
    """Precision of the model; the optimiser's master weights are float32 either way."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU where there is one."""
    gradient_checkpointing: bool = True
    """Recompute activations in the backward pass: less memory, a third more compute."""


class DataConfig(Section):
    train: Path | None = None
    """JSONL of records: ours, IFEval's, or the reference's released format."""
    heldout: Path | None = None
    """Records of the held-out evaluation; none: it is skipped."""
    generate: BuiltinConfig | None = None
    """Instead of `train` and `heldout`: make both with the built-in generator, inside the run's folder."""
    max_prompt_tokens: PositiveInt = 1024
    """Longer prompts are left out and counted."""
    mix: dict[str, Annotated[float, Field(ge=0.01, le=100)]] = Field(default={})
    """Prompts of a rollout by task, in proportion, such as {math: 1, ifeval+complex: 1}; other tasks are left
    out. Empty: all records alike."""

    @field_validator("mix")
    @classmethod
    def _each_task_once(cls, mix: dict[str, float]) -> dict[str, float]:
        tasks = [task for key in mix for task in key.split("+")]
        for task in tasks:
            if task not in get_args(Task):
                raise ValueError(f"{task!r} is no task. {did_you_mean(task, get_args(Task))}")
            if tasks.count(task) > 1:
                raise ValueError(f"the task {task} is named twice")
        return mix

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.generate and (self.train or self.heldout):
            raise ValueError("generate excludes train and heldout: give files, or have them made")
        return self


class LossConfig(Section):
    clip: PositiveFloat = 0.2
    """PPO's epsilon."""
    clip_high: PositiveFloat | None = None
    """Its upper side, where it is another (DAPO: 0.28); none: `clip`."""
    ratio: Literal["token", "sequence"] = "token"
    """What is clipped: each token's ratio, or a response's geometric mean of them (GSPO; clip about 3e-4)."""
    normalisation: Literal["response", "dapo", "dr_grpo"] = "response"
    """response: token mean, then response mean; dapo: mean over all tokens of the optimiser step; dr_grpo:
    token sum over responses x max_new_tokens, and advantages are not divided by the group's deviation."""
    kl: NonNegativeFloat = 0.001
    """Weight of the KL term to the frozen initial model; 0: no reference model is run, and responses without
    influence on the policy term are not computed."""
    kl_estimator: Literal["k1", "k2", "k3"] = "k3"
    """How a token's KL is estimated; k1 has an expected gradient of 0: it measures and holds nothing back."""
    cloning: NonNegativeFloat = 1.0
    """Weight of the behaviour-cloning term."""
    importance_cap: PositiveFloat | None = 2.0
    """Truncated importance sampling: each token counts as many times as the trainer finds it likelier than
    vLLM, which computes a little otherwise, but at most this often; none: off. The engine transformers needs
    none: it samples from the policy itself."""


class CloningConfig(Section):
    batch: PositiveInt = 128
    """Expert answers beside each policy batch, and in each warm-up update."""
    warmup_steps: NonNegativeInt = 0
    """Updates on expert answers alone before the first rollout, for a model that doesn't know the format."""
    warmup_lr: PositiveFloat = 1e-5
    """Their highest learning rate, from which it falls to `optimizer.lr`."""


class OptimizerConfig(Section):
    lr: PositiveFloat = 1e-6
    """Of AdamW, reached after the warm-up."""
    betas: tuple[float, float] = (0.9, 0.95)
    """AdamW's decay rates of the first and second moment."""
    weight_decay: NonNegativeFloat = 0.0
    """AdamW's, a step and unit of learning rate."""
    max_grad_norm: PositiveFloat = 1.0
    """The gradient is scaled down to this norm where it is longer."""
    warmup_ratio: Annotated[float, Field(ge=0, le=1)] = 0.03
    """Share of the updates over which the learning rate rises linearly."""
    schedule: Literal["constant", "cosine"] = "constant"
    """After the rise: it stays, or falls along half a cosine to 0 at the end."""
    batch: PositiveInt = 128
    """Responses an optimiser step; each response is used once."""
    micro_batch: PositiveInt = 4
    """Responses a forward and backward pass."""


class SftConfig(Section):
    """For `method: sft`, beside `optimizer`, whose batch then counts expert answers."""

    epochs: PositiveFloat | None = 10.0
    """Passes over the expert answers; none: as many optimiser steps as `steps` says."""
    max_tokens: PositiveInt = 16384
    """Prompt and answer together; what is longer is cut off, and counted."""
    packing: bool = False
    """Put examples into rows of up to `max_tokens` tokens, each seeing itself alone; `optimizer.micro_batch`
    does not count then."""


class CheckpointConfig(Section):
    every: PositiveInt = 50
    """Steps between checkpoints."""
    keep: PositiveInt = 2
    """The newest ones that are kept."""


class EvaluationConfig(Section):
    prompts: NonNegativeInt = 200
    """Held-out prompts at most, before and after; 0: no evaluation."""
    max_new_tokens: PositiveInt = 4096
    """Tokens of a held-out response at most."""
    batch: PositiveInt = 64
    """Held-out prompts that are answered side by side."""
    cloning_alone: bool = False
    """Also train on the expert answers alone, for the same time on the same records, and show it beside."""


class QuirksConfig(Section):
    """Accidents of the reference implementation, for letter-true reproduction of the published runs."""

    keep_equal_groups: bool = False
    """Contrast keeps a group whose thinking rewards are all equal, though plain ones beat them."""
    drop_below_stored: bool = False
    """Drop a thinking response that passes fewer checks than the record's stored plain answer."""
    divide_by_all: bool = False
    """The policy loss divides by all responses, dropped and plain ones too."""
    clone_prompt_tokens: bool = False
    """Behaviour cloning trains on the prompt's tokens too."""


class TrainConfig(Section):
    method: Literal["grpo", "sft"] = "grpo"
    """grpo: the paper's; sft: its baseline, next-token loss on expert answers alone, to which the sections
    `rollout`, `loss` and `cloning` mean nothing."""
    seed: NonNegativeInt = 0
    """Of the order of the records and of all sampling."""
    steps: NonNegativeInt = 2000
    """Rollouts; each gives `rollout.prompts x rollout.group_size / optimizer.batch` optimiser steps."""
    contrast: bool = True
    """Superior-CoT enforcement: thinking has to beat answering without it."""
    tensorboard: bool = False
    """Also write TensorBoard events (needs raif[tensorboard])."""
    wandb: str | None = None
    """Also log to this project of Weights & Biases (needs raif[wandb]; offline with WANDB_MODE=offline)."""
    model: ModelConfig = ModelConfig()
    data: DataConfig = DataConfig()
    rollout: RolloutConfig = RolloutConfig()
    loss: LossConfig = LossConfig()
    cloning: CloningConfig = CloningConfig()
    sft: SftConfig = SftConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    lora: LoraConfig = LoraConfig()
    distributed: DistributedConfig = DistributedConfig()
    checkpoint: CheckpointConfig = CheckpointConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    judge: JudgeConfig | None = None
    """Who answers the questions of `complex` records, in rewards and on held-out prompts."""
    reference_quirks: QuirksConfig = QuirksConfig()

    @field_validator("judge")
    @classmethod
    def _judge_of_rewards(cls, judge: JudgeConfig | None) -> JudgeConfig | None:
        if judge and judge.sampling.temperature:
            raise ValueError("sampling.temperature: a reward's judge replies greedily; give 0")
        return judge and judge.without("raif train", ("think", "prices", "attempts"))

    @property
    def responses(self) -> int:
        """Responses of one rollout."""
        return self.rollout.prompts * self.rollout.group_size

    @property
    def corrects(self) -> bool:
        """Are the sampler's probabilities another program's, and corrected for?"""
        return self.rollout.engine != "transformers" and self.loss.importance_cap is not None

    @model_validator(mode="after")
    def _divisible(self) -> Self:
        r, batch = self.rollout, self.optimizer.batch
        if self.method == "grpo" and self.responses % batch:
            raise ValueError(
                f"optimizer.batch: {batch} does not divide the {self.responses} responses of a rollout "
                f"(rollout.prompts {r.prompts} x rollout.group_size {r.group_size}); "
                f"valid: {_divisors(self.responses)}"
            )
        if self.contrast and r.group_size % 4:
            raise ValueError(
                f"rollout.group_size: {r.group_size} is not a multiple of 4, which contrast needs: a quarter "
                "of a group answers without thinking. Give 4, 8, 12, ..., or contrast: false"
            )
        return self

    @model_validator(mode="after")
    def _overlap_is_corrected(self) -> Self:
        if self.rollout.overlap and self.loss.importance_cap is None:
            raise ValueError(
                "rollout.overlap: true learns from responses of weights one step old, which "
                "loss.importance_cap corrects for; give it, or overlap: false"
            )
        return self

    @model_validator(mode="after")
    def _sft(self) -> Self:
        if self.method != "sft":
            return self
        if self.evaluation.cloning_alone:
            raise ValueError("evaluation.cloning_alone compares with grpo; method: sft is cloning alone")
        if self.data.max_prompt_tokens >= self.sft.max_tokens:
            raise ValueError(
                f"sft.max_tokens: {self.sft.max_tokens} leaves no room for an answer to a prompt of "
                f"data.max_prompt_tokens ({self.data.max_prompt_tokens})"
            )
        return self


def _divisors(n: int) -> str:
    return ", ".join(str(d) for d in range(1, n + 1) if n % d == 0)
