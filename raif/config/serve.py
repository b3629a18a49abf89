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
    """transformers: the server that ships with it, one request at a time; vllm: many at once, GPUs or CPU."""
    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 opens the server to the network: set a key then."""
    port: int = Field(default=8000, ge=0, le=65535)
    """0: any free one."""
    api_key_env: str | None = None
    """Name of the environment variable that holds the key that clients must send; none: no key is asked for.
    The key itself is never part of a config, of a command line or of a log."""
    think: Style | Literal["auto"] = "auto"
    """How the model marks its thinking, which goes into `reasoning_content`, its answer alone into `content`.
    auto: as its chat template says, where that opens the thinking; none: all is content."""
    judge: bool = False
    """Serve a judge: log-probabilities, prompts that start alike computed once, greedy by default."""
    rollout: bool = False
    """Serve rollouts to a trainer: weights can be updated, by whoever reaches the port."""
    tensor_parallel: PositiveInt = 1
    """GPUs that share one copy of the model."""
    data_parallel: PositiveInt = 1
    """Copies of the model, each on GPUs of its own."""
    max_model_len: PositiveInt | None = None
    """Tokens of a prompt with its response, at most; none: as many as the model was made for."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """Precision of the weights; auto: the one they are stored in."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU where there is one. vLLM runs on what it was built for."""
    startup_timeout: PositiveFloat = 600.0
    """Seconds that loading the model may take."""
    arguments: tuple[str, ...] = ()
    """Further arguments for the back-end's own command line."""

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
