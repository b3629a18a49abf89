"""How the responses to learn from are sampled: how many, how long, and by which engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from raif.config.base import Section


class VllmConfig(Section):
    """For the engines `vllm` and `vllm_server`."""

    urls: tuple[str, ...] = ()
    """Addresses of the rollout servers, such as [http://127.0.0.1:8000]; several share the prompts."""
    api_key_env: str = "OPENAI_API_KEY"
    """Name of the environment variable with their key, where they want one (`raif serve --api-key`)."""
    transfer: Literal["disk", "nccl"] = "disk"
    """How weights reach the servers. disk: as safetensors in `folder`; nccl: from GPU to GPU."""
    folder: Path | None = None
    """Where the weights pass; the servers must see it under the same path. None: inside the run's folder."""
    nccl_address: str = "127.0.0.1:29600"
    """Host and port of the trainer at which the servers meet it for `transfer: nccl`."""
    request_timeout: PositiveFloat = 1800.0
    """Seconds that a server may take over one prompt's responses, its time in the queue included."""
    sync_timeout: PositiveFloat = 600.0
    """Seconds that it may take over the new weights."""
    restart_timeout: NonNegativeFloat = 120.0
    """Seconds to wait for a server that is not there, to start or to be started again; it gets the newest
    weights then. After that the run saves a checkpoint and stops."""
    check_every: PositiveInt = 50
    """After the first and every so many weight updates, the log-probabilities of responses are compared with
    the trainer's own; the run stops where they differ by more than `tolerance` in the mean."""
    tolerance: PositiveFloat | None = None
    """None: 0.15 where the model computes in bfloat16, 0.005 in float32."""
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] = 0.4
    """Share of the GPU's memory (of the machine's, on a CPU) that the engine in this process may use."""
    kv_cache_gib: PositiveFloat | None = None
    """GiB of its cache of keys and values; none: what `gpu_memory_utilization` leaves."""
    tensor_parallel: PositiveInt = 1
    """GPUs that the engine in this process splits the model over."""


class RolloutConfig(Section):
    prompts: PositiveInt = 32
    """Prompts of one rollout."""
    group_size: Annotated[int, Field(ge=2)] = 8
    """Responses a prompt; with superior-CoT a quarter of them is made not to think."""
    max_new_tokens: PositiveInt = 4096
    """A longer response is cut off, and has no answer if that happens in its thinking."""
    temperature: PositiveFloat = 1.0
    """Sampling is from the whole distribution (top-p 1), as the ratio of the loss assumes."""
    batch: PositiveInt = 64
    """Responses that are sampled side by side; rollout servers have their own limit."""
    refill: NonNegativeInt = 0
    """Extra rounds of sampling at most, each replacing the groups whose rewards are all equal by groups of
    the next prompts (DAPO's dynamic sampling). What is left of them after the last round stays."""
    overlong: NonNegativeInt = 0
    """Soft punishment of long responses (DAPO): over this many last tokens before `max_new_tokens` the reward
    falls by up to 1, which a response that is cut off loses whole; 0: none."""
    engine: Literal["transformers", "vllm", "vllm_server"] = "transformers"
    """What samples. transformers: the policy itself; vllm: vLLM in this process, beside the policy;
    vllm_server: one or several vLLM servers, see `vllm.urls`."""
    overlap: bool = False
    """Servers sample the next rollout while the policy learns from this one: by weights one step old, which
    `loss.importance_cap` corrects for."""
    vllm: VllmConfig = VllmConfig()

    @model_validator(mode="after")
    def _overlong_fits(self) -> Self:
        if self.overlong > self.max_new_tokens:
            raise ValueError(f"overlong: {self.overlong} is above max_new_tokens ({self.max_new_tokens})")
        return self

    @model_validator(mode="after")
    def _servers_are_named(self) -> Self:
        if self.engine == "vllm_server" and not self.vllm.urls:
            raise ValueError("engine: vllm_server needs vllm.urls, the addresses of the rollout servers")
        return self

    @model_validator(mode="after")
    def _overlap_on_servers(self) -> Self:
        if self.overlap and self.engine != "vllm_server":
            raise ValueError(
                f"overlap: true samples while the policy learns, and engine: {self.engine} samples in the "
                "trainer's own process; give engine: vllm_server, or overlap: false"
            )
        return self
