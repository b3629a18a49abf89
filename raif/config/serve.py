"""The config of `raif serve`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from raif.config.base import Section
from raif.reasoning import Style


class ServeConfig(Section):
    model: str
    """A checkpoint's folder (config.json, weights, tokenizer and chat template), or `packaged:NAME`."""
    backend: Literal["transformers", "vllm"] = "transformers"
    """transformers: the server that comes with it, one request at a time; vllm: many at once, GPUs or CPU."""
    host: str = "127.0.0.1"
    """Address to listen on. 0.0.0.0 opens the server to the network: set a key then."""
    port: int = Field(default=8000, ge=0, le=65535)
    """0: any free one."""
    api_key_env: str | None = None
    """Name of the environment variable with the key that clients must send. null: no key is needed. The key
    itself is never part of a config, a command line or a log."""
    think: Style | Literal["auto"] = "auto"
    """How reasoning is marked in responses. It goes into `reasoning_content`, and the answer alone into
    `content`. auto: as the chat template says, if it opens the reasoning; none: everything is content."""
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
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """Precision of the weights. auto: as they are stored."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU if there is one. vLLM runs on what it was built for."""
    startup_timeout: PositiveFloat = 600.0
    """Maximum seconds until the model is loaded."""
    arguments: tuple[str, ...] = ()
    """More arguments for the back-end's own command line."""

    @model_validator(mode="after")
    def _backend_can(self) -> Self:
        if self.backend == "vllm":
            unknown = {"device": self.device != "auto"}
        else:
            vllm_only = ("judge", "rollout", "tensor_parallel", "data_parallel", "max_model_len")
            unknown = {key: getattr(self, key) != type(self).model_fields[key].default for key in vllm_only}
        if named := [key for key, given in unknown.items() if given]:
            other = "" if self.backend == "vllm" else " (--backend vllm can)"
            raise ValueError(f"the back-end {self.backend} can't do this: {', '.join(named)}{other}")
        return self
