"""The config of `raif serve`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, PositiveFloat, PositiveInt, model_validator

from raif.config.base import Section
from raif.config.judge import JudgeConfig
from raif.dialect import Dialect, dialect_of
from raif.reasoning import Style


class RewardsConfig(Section):
    """How responses are scored. `think` says how their reasoning is marked; auto: by their own tags."""

    dialect: Annotated[Dialect | None, BeforeValidator(dialect_of)] = None
    """Whose meaning of the kinds to use. null: each record's own."""
    judge: JudgeConfig | None = None
    """Who answers the records' questions. null: they are unjudged, and left out of the reward."""


class ServeConfig(Section):
    model: str | None = None
    """A checkpoint's folder (config.json, weights, tokenizer and chat template), or `packaged:NAME`."""
    rewards: RewardsConfig | None = None
    """Instead of a model: score responses for a trainer that takes an address."""
    backend: Literal["transformers", "vllm"] = "transformers"
    """transformers: a few requests at once, wherever torch runs; vllm: many at once, on GPUs or a CPU."""
    host: str = "127.0.0.1"
    """Address to listen on. 0.0.0.0 opens the server to the network: set a key then."""
    port: int = Field(default=8000, ge=0, le=65535)
    """0: any free one."""
    api_key_env: str | None = None
    """Name of the environment variable with the key that clients must send. null: no key is needed. The key
    itself is never part of a config, a command line or a log."""
    think: Style | Literal["auto"] = "auto"
    """How reasoning is marked in responses. It goes into `reasoning_content` and `reasoning`, and the answer
    alone into `content`. auto: as the chat template says, if it opens the reasoning; none: everything is
    content."""
    judge: bool = False
    """Serve a judge: log-probabilities, common beginnings of prompts computed once, greedy by default."""
    rollout: bool = False
    """Serve rollouts to a trainer. Whoever reaches the port can replace the weights."""
    tensor_parallel: PositiveInt = 1
    """How many GPUs share one copy of the model."""
    data_parallel: PositiveInt = 1
    """How many copies of the model, each on its own GPUs."""
    max_model_len: PositiveInt | None = None
    """Maximum tokens of a prompt and its response. null: as many as the model was made for."""
    batch: PositiveInt = 16
    """transformers: how many responses are decoded at once. Requests that wait form the next batch."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """Precision of the weights. auto: as they are stored."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU if there is one. vLLM runs on what it was built for."""
    startup_timeout: PositiveFloat = 600.0
    """Maximum seconds until the model is loaded."""
    arguments: tuple[str, ...] = ()
    """vllm: more arguments for its own command line."""

    @model_validator(mode="after")
    def _backend_can(self) -> Self:
        if (self.model is None) == (self.rewards is None):
            raise ValueError("give a model to serve, or --rewards to score responses: one of them")
        if self.rewards:
            others: tuple[str, ...] = _OF_MODELS
        elif self.backend == "vllm":
            others = ("device", "batch")
        else:
            others = ("rollout", "tensor_parallel", "data_parallel", "arguments")
        if named := [k for k in others if getattr(self, k) != type(self).model_fields[k].default]:
            if self.rewards:
                raise ValueError(f"without a model there is no use for: {', '.join(named)}")
            other = "" if self.backend == "vllm" else " (--backend vllm can)"
            raise ValueError(f"the back-end {self.backend} can't do this: {', '.join(named)}{other}")
        if self.rewards and self.rewards.judge:
            self.rewards.judge.without("raif serve --rewards", ("think", "local", "attempts"))
        return self


_OF_MODELS = (
    *("backend", "judge", "rollout", "tensor_parallel", "data_parallel", "max_model_len", "batch", "dtype"),
    *("device", "arguments"),
)
