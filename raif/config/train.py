"""The config of `raif train`: every key with its type, bound and meaning. Defaults are the paper's 7B run."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

from raif.config.base import Section
from raif.config.data import DataConfig
from raif.config.evaluation import EvaluationConfig
from raif.config.judge import JudgeConfig
from raif.config.models import Compute, choose_compute
from raif.config.rollout import RolloutConfig, Share
from raif.reasoning import FORMAT_REQUEST

LOGIT_TOKENS = 256
"""The number of response tokens whose logits over the whole vocabulary are in memory at once."""


class ModelConfig(Section):
    path: str = "Qwen/Qwen2.5-7B-Instruct"
    """A folder, a hub id, or `packaged:smollm2-135m`."""
    style: Literal["tagged", "deepseek"] = "tagged"
    """tagged: an instructed model, asked for think and answer tags; deepseek: a reasoning model."""
    format_request: str = FORMAT_REQUEST
    """The system text that asks a tagged model for its format."""
    compute: Compute = "bfloat16"
    """Precision of the model; the optimizer's master weights are float32 either way. auto: what is faster on
    this machine."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU if there is one."""
    attention: str = "auto"
    """auto: one that suits the architecture and the device; or one of transformers' by name, such as eager,
    sdpa or flash_attention_2."""
    gradient_checkpointing: bool = True
    """Recompute activations in the backward pass: less memory, a third more compute."""

    _choose_compute = model_validator(mode="before")(choose_compute)


class LossConfig(Section):
    clip: PositiveFloat = 0.2
    """PPO's epsilon."""
    clip_high: PositiveFloat | None = None
    """Its upper side, if it differs (DAPO: 0.28); null: the same as `clip`."""
    ratio: Literal["token", "sequence"] = "token"
    """What is clipped: each token's ratio, or a response's geometric mean of them (GSPO; clip about 3e-4)."""
    normalisation: Literal["response", "dapo", "dr_grpo"] = "response"
    """response: token mean, then response mean; dapo: mean over all tokens of the optimizer step; dr_grpo:
    token sum over responses x max_new_tokens, and advantages are not divided by the group's deviation."""
    kl: NonNegativeFloat = 0.001
    """Weight of the KL term to the frozen initial model. 0: that model is not run, and responses that can't
    change the policy term are not computed."""
    kl_estimator: Literal["k1", "k2", "k3"] = "k3"
    """How a token's KL is estimated. k1 has an expected gradient of 0: it measures, but restrains nothing."""
    cloning: NonNegativeFloat = 1.0
    """Weight of the behaviour-cloning term."""
    entropy: NonNegativeFloat = 0.0
    """Weight of an entropy bonus: rewards an undecided policy, against one that stops exploring."""
    old: Literal["sampler", "trainer"] | None = None
    """Whose log-probabilities the ratio is to. trainer: recomputed by the policy before the first update on
    each rollout, as the authors' code does, so that the first update has ratio 1; sampler: as sampled. null:
    trainer with vLLM if `importance_cap` is set, else sampler."""
    importance_cap: PositiveFloat | None = 2.0
    """Truncated importance sampling, with `old: trainer`: each token is also weighted by its probability
    under the trainer divided by that under the sampler, which computes slightly differently, up to this cap.
    null: off. With `old: null`, the engine transformers is not corrected: it samples from the policy itself.
    """


class RewardConfig(Section):
    """One part of a response's reward. A bare name stands for weight 1 and no kwargs."""

    name: str
    """A registered reward (format, verdicts, relevance, substance, math, length, a plug-in's), or
    `module:function`."""
    weight: Annotated[float, Field(allow_inf_nan=False)] = 1.0
    """What it is multiplied by before the rewards are added up."""
    kwargs: dict[str, Any] = Field(default={})
    """Keyword arguments for the function."""

    @model_validator(mode="before")
    @classmethod
    def _bare_name(cls, given: Any) -> Any:
        return {"name": given} if isinstance(given, str) else given


PAPER_REWARDS = tuple(RewardConfig(name=name) for name in ("format", "verdicts", "math", "length"))


class CloningConfig(Section):
    batch: PositiveInt = 128
    """Expert answers in each update, in addition to the policy batch."""
    warmup_steps: NonNegativeInt = 0
    """Updates on expert answers alone before the first rollout, for a model that doesn't know the format."""
    warmup_batch: PositiveInt = Field(default=0, validate_default=True)
    """Expert answers in each update of the warm-up. 0: `batch`."""
    warmup_lr: PositiveFloat = 1e-5
    """Highest learning rate of the warm-up, which falls to `optimizer.lr`."""
    max_tokens: PositiveInt | None = None
    """Tokens of prompt and expert answer together. Longer ones are cut off, and counted. null: what a prompt
    and a response can have, `data.max_prompt_tokens` + `rollout.max_new_tokens`."""
    successes: Share = 0.0
    """Share of `batch` that is the policy's own relevant responses with full marks, once there are any."""
    hindsight: Share = 0.0
    """Share of `batch` that is the policy's own relevant responses that failed, with the nearest constraints
    that they meet asked for instead, once there are any. For groups without any full marks."""

    @field_validator("warmup_batch", mode="before")
    @classmethod
    def _that_of_the_updates(cls, given: Any, info: ValidationInfo) -> Any:
        return given or info.data.get("batch", 1)  # a wrong batch is an error of its own

    @model_validator(mode="after")
    def _parts_of_a_batch(self) -> Self:
        if self.successes + self.hindsight > 1:
            raise ValueError("successes and hindsight are shares of one batch: together at most 1")
        return self

    @property
    def own(self) -> bool:
        """Whether the policy's own responses are cloned."""
        return bool(self.successes or self.hindsight)


class OptimizerConfig(Section):
    lr: PositiveFloat = 1e-6
    """AdamW's learning rate, reached after the rise."""
    betas: tuple[float, float] = (0.9, 0.95)
    """AdamW's decay rates of the first and second moment."""
    weight_decay: NonNegativeFloat = 0.0
    """AdamW's weight decay, per step and unit of learning rate."""
    max_grad_norm: PositiveFloat = 1.0
    """Gradients with a larger norm are scaled down to this one."""
    warmup_ratio: Annotated[float, Field(ge=0, le=1)] = 0.03
    """Share of the updates over which the learning rate rises linearly."""
    schedule: Literal["constant", "cosine"] = "constant"
    """After the rise: it stays, or falls along half a cosine."""
    min_lr_ratio: Annotated[float, Field(ge=0, le=1)] = 0.0
    """The share of `lr` at which the cosine ends."""
    horizon: PositiveInt | None = None
    """Updates over which the rise and the cosine are spread; null: all of the run's. The authors' scripts
    plan for many more than they take."""
    batch: PositiveInt = 128
    """Responses per optimizer step; each response is used once."""
    micro_batch: PositiveInt | Literal["auto"] = 4
    """Responses per forward and backward pass; auto: as many as `micro_batch_tokens` allows."""
    micro_batch_tokens: PositiveInt | None = None
    """With `micro_batch: auto`, the tokens of a micro-batch, prompts and padding included; a longer sequence
    has one of its own. null: as many as the device has memory for, by the plan's arithmetic."""
    nonfinite: PositiveInt | Literal["skip"] = 3
    """An update whose loss, log-probabilities or gradient norm are not all finite is never applied. After
    this many of them in a row the run stops; skip: it never does. Either way they are counted."""

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if self.micro_batch_tokens and self.micro_batch != "auto":
            raise ValueError("micro_batch_tokens: only counts with micro_batch: auto; give one of the two")
        return self


class SftConfig(Section):
    """For `method: sft`. The batches of `optimizer` then count expert answers."""

    epochs: PositiveFloat | None = 10.0
    """Passes over the expert answers; null: as many optimizer steps as `steps` says."""
    max_tokens: PositiveInt = 16384
    """Tokens of prompt and answer together. Longer ones are cut off, and counted."""
    packing: bool = False
    """Put examples into rows of up to `max_tokens` tokens, each of which sees only itself. Then
    `optimizer.micro_batch` has no effect."""


class LoraConfig(Section):
    """Train two small matrices for each linear layer, and freeze the layers. The frozen model needs no memory
    of its own: it is the policy without these matrices."""

    rank: NonNegativeInt = 0
    """Rank of a layer's two matrices. 0: no LoRA, all weights are trained."""
    alpha: PositiveInt = 32
    """The product of the two matrices is scaled by `alpha / rank`."""
    targets: tuple[str, ...] = ()
    """Names of linear layers, such as [q_proj, v_proj]. Empty: all but the output head, and in a model with
    experts all but its feed-forward layers."""


class DistributedConfig(Section):
    """How the ranks that torchrun or the deepspeed launcher started share the work."""

    zero: Literal[0, 2, 3] = 0
    """0: plain PyTorch in one process. 2: DeepSpeed shards the optimizer's state and the gradients over the
    ranks. 3: also the weights of the policy and of the frozen model."""
    offload: bool = False
    """Keep the optimizer's state in the host's memory, and take its steps there."""
    timeout: PositiveFloat = 60.0
    """Minutes that a rank waits for another before it gives up; more than the longest rollout takes."""

    @model_validator(mode="after")
    def _offload_by_deepspeed(self) -> Self:
        if self.offload and not self.zero:
            raise ValueError("offload: true needs DeepSpeed: also give zero: 2 or 3")
        return self


class CheckpointConfig(Section):
    every: PositiveInt = 50
    """Steps between checkpoints."""
    keep: PositiveInt = 2
    """How many of the newest ones are kept."""


class QuirksConfig(Section):
    """Accidents of the authors' code, for exact reproduction of the published runs."""

    keep_equal_groups: bool = False
    """Contrast keeps a group whose thinking rewards are all equal, even if plain ones beat them."""
    drop_below_stored: bool = False
    """Drop a thinking response that passes fewer checks than the record's stored plain answer."""
    divide_by_all: bool = False
    """The policy loss is divided by the number of all responses, including dropped and plain ones."""
    math_in_whole_output: bool = False
    """A math answer is looked for in the whole response, its thinking included."""
    clone_prompt_tokens: bool = False
    """Behaviour cloning also trains on the prompt's tokens."""


class TrainConfig(Section):
    method: Literal["grpo", "sft"] = "grpo"
    """grpo: the paper's; sft: its baseline, next-token loss on expert answers alone; the sections
    `rollout`, `loss` and `cloning` have no effect then."""
    seed: NonNegativeInt = 0
    """Seed of the order of the records and of all sampling."""
    steps: NonNegativeInt = 2000
    """Rollouts; each gives `rollout.prompts x rollout.group_size / optimizer.batch` optimizer steps."""
    contrast: bool = True
    """Superior-CoT enforcement: a group counts only if thinking was worth it (arXiv 2506.01413)."""
    tensorboard: bool = False
    """Also write TensorBoard events (needs raif[tensorboard])."""
    wandb: str | None = None
    """Also log to this project of Weights & Biases (needs raif[wandb]; offline with WANDB_MODE=offline)."""
    model: ModelConfig = ModelConfig()
    data: DataConfig = DataConfig()
    rollout: RolloutConfig = RolloutConfig()
    rewards: Annotated[tuple[RewardConfig, ...], Field(min_length=1)] = PAPER_REWARDS
    """What a response is rewarded for. The default is the paper's reward: format, and verdicts or math by the
    record's task; length is `rollout.overlong`, which the paper doesn't have and which is 0."""
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

    @field_validator("rewards")
    @classmethod
    def _each_reward_once(cls, rewards: tuple[RewardConfig, ...]) -> tuple[RewardConfig, ...]:
        names = [each.name for each in rewards]
        if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
            raise ValueError(f"the reward {twice[0]} is listed twice; give it one weight")
        return rewards

    @field_validator("judge")
    @classmethod
    def _judge_of_rewards(cls, judge: JudgeConfig | None) -> JudgeConfig | None:
        if judge and judge.sampling.temperature:
            raise ValueError("sampling.temperature: a reward's judge replies greedily; give 0")
        return judge and judge.without("raif train", ("think", "prices", "attempts"))

    @model_validator(mode="after")
    def _something_to_measure(self) -> Self:
        e = self.evaluation
        if e.every and not (self.evaluates or e.benchmarks):
            raise ValueError(
                "evaluation.every: there is nothing to measure; give data.heldout, or benchmarks"
            )
        if e.best and e.best.startswith("heldout/") and not self.evaluates:
            raise ValueError(f"evaluation.best: {e.best} needs held-out prompts; give data.heldout")
        return self

    @property
    def evaluates(self) -> bool:
        """Whether held-out prompts are answered."""
        made = self.data.generate and self.data.generate.heldout_share
        return bool(self.evaluation.prompts and (self.data.heldout or made))

    @property
    def by_relevance(self) -> bool:
        """Whether the frozen model measures rollouts."""
        gate = any(reward.name == "relevance" for reward in self.rewards)
        return self.judge is None and (gate or self.cloning.own)

    @property
    def remembers(self) -> bool:
        """Whether what rollouts have shown decides what later steps do."""
        return bool(self.cloning.own or self.rollout.band or self.rollout.contrast_by_kind)

    @property
    def responses(self) -> int:
        """Responses of one rollout."""
        return self.rollout.prompts * self.rollout.group_size

    @property
    def clones(self) -> bool:
        """Whether expert answers are learned from."""
        return self.method == "sft" or bool(self.loss.cloning or self.cloning.warmup_steps)

    @property
    def clone_limit(self) -> int:
        """Tokens of a prompt and its expert answer, above which they are cut off."""
        if self.method == "sft":
            return self.sft.max_tokens
        return self.cloning.max_tokens or self.data.max_prompt_tokens + self.rollout.max_new_tokens

    @property
    def on_servers(self) -> bool:
        """Whether servers sample, so that no process of the run does."""
        return self.method == "grpo" and self.rollout.engine == "vllm_server"

    @property
    def samples_itself(self) -> bool:
        """Whether the policy samples in its own process: rollouts, or the answers of an evaluation."""
        own = self.method == "sft" or self.rollout.engine == "transformers"
        return own and bool(self.method == "grpo" or self.evaluates or self.evaluation.benchmarks)

    @property
    def recomputes(self) -> bool:
        """Whether the loss's ratio is to the policy's own log-probabilities, not to the sampler's."""
        if self.loss.old:
            return self.loss.old == "trainer"
        return self.rollout.engine != "transformers" and self.loss.importance_cap is not None

    @property
    def corrects(self) -> bool:
        """Whether tokens are weighted for the sampler's different probabilities."""
        return self.recomputes and self.loss.importance_cap is not None

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
                "rollout.overlap: true learns from responses of weights one step old, which only "
                "loss.importance_cap corrects for; set it, or overlap: false"
            )
        return self

    @model_validator(mode="after")
    def _corrected_once(self) -> Self:
        sampler = self.rollout.engine != "transformers" and self.loss.old == "sampler"
        if sampler and self.loss.importance_cap is not None:
            raise ValueError(
                "loss.old: sampler has the difference between sampler and trainer in its ratio, and "
                "loss.importance_cap would correct for it again; set loss.importance_cap to null, "
                "or loss.old to trainer"
            )
        return self

    @model_validator(mode="after")
    def _room_for_experts(self) -> Self:
        key = "sft.max_tokens" if self.method == "sft" else "cloning.max_tokens"
        if self.data.max_prompt_tokens >= self.clone_limit:
            raise ValueError(
                f"{key}: {self.clone_limit} leaves no room for an answer after a prompt of "
                f"data.max_prompt_tokens ({self.data.max_prompt_tokens})"
            )
        return self

    @model_validator(mode="after")
    def _own_responses_are_cloned(self) -> Self:
        if self.cloning.own and not self.loss.cloning:
            raise ValueError("cloning.successes and cloning.hindsight need loss.cloning, which is 0")
        if self.rollout.contrast_by_kind and not self.contrast:
            raise ValueError("rollout.contrast_by_kind needs contrast: true, which samples without thinking")
        return self

    @model_validator(mode="after")
    def _sft(self) -> Self:
        if self.method == "sft" and self.evaluation.cloning_alone:
            raise ValueError("evaluation.cloning_alone compares with grpo; method: sft is cloning alone")
        return self


def _divisors(n: int) -> str:
    return ", ".join(str(d) for d in range(1, n + 1) if n % d == 0)
