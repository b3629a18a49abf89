"""How the responses to learn from are sampled: how many, how long, and by what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from raif.config.base import Section


class VllmConfig(Section):
    """For the engines `vllm` and `vllm_server`."""

    urls: tuple[str, ...] = ()
    """Addresses of the rollout servers, such as [http://127.0.0.1:8000]. Several share the prompts."""
    api_key_env: str = "OPENAI_API_KEY"
    """Name of the environment variable with their key, if they need one (`raif serve --api-key`)."""
    transfer: Literal["disk", "nccl"] = "disk"
    """How weights reach the servers. disk: as safetensors in `folder`; nccl: from GPU to GPU."""
    folder: Path | None = None
    """Folder for the weights, which the servers must see under the same path. null: in the run's folder."""
    nccl_address: str = "127.0.0.1:29600"
    """Host and port at which the servers connect to the trainer for `transfer: nccl`."""
    request_timeout: PositiveFloat = 1800.0
    """Seconds that a server can take for one prompt's responses, including time in its queue."""
    sync_timeout: PositiveFloat = 600.0
    """Seconds that a server can take to load new weights."""
    restart_timeout: NonNegativeFloat = 120.0
    """Seconds to wait for a server that does not answer until it is started (again); it then gets the newest
    weights. After that the run saves a checkpoint and stops."""
    check_every: PositiveInt = 50
    """After the first weight update, and then after every this many, the log-probabilities of responses are
    compared with the trainer's own. The run stops if they differ by more than `tolerance` on average."""
    tolerance: PositiveFloat | None = None
    """null: 0.15 if the model computes in bfloat16, 0.005 in float32."""
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] = 0.4
    """Share of the GPU's memory (on a CPU: of the machine's) that vLLM in this process can use."""
    kv_cache_gib: PositiveFloat | None = None
    """GiB for its cache of keys and values; null: what `gpu_memory_utilization` leaves."""
    tensor_parallel: PositiveInt = 1
    """GPUs that vLLM in this process splits the model over."""


Share = Annotated[float, Field(ge=0, le=1)]


class RolloutConfig(Section):
    prompts: PositiveInt = 32
    """Prompts per rollout."""
    group_size: Annotated[int, Field(ge=2)] = 8
    """Responses per prompt. With superior-CoT a quarter of them is made to answer without thinking."""
    max_new_tokens: PositiveInt = 4096
    """A longer response is cut off. If that happens in its thinking, it has no answer."""
    temperature: PositiveFloat = 1.0
    """Sampling is from the whole distribution (top-p 1), as the ratio of the loss assumes."""
    temperatures: tuple[PositiveFloat, ...] = ()
    """Temperatures within a group, for its responses in turn; `temperature` has no effect then. The loss
    takes each response at its own. For the engine transformers. Empty: `temperature` for all."""
    batch: PositiveInt = 64
    """Responses that are sampled together; rollout servers have their own limit."""
    refill: NonNegativeInt = 0
    """The most extra rounds of sampling. Each replaces the groups whose rewards are all equal with groups of
    the next prompts (DAPO's dynamic sampling). Those left after the last round stay."""
    band: tuple[Share, Share] | None = None
    """The lowest and highest share of full marks of a prompt, as measured while training on the prompt or on
    its kinds of constraints. What became easier gets one more constraint, at most three in all; what is
    harder loses one; what stays outside is passed over. null: prompts are taken as they are."""
    contrast_by_kind: bool = False
    """With contrast: whether a group's thinking takes part is decided by whether thinking raises the pass
    rates of its kinds of constraints, as measured while training, once they are known. Where it doesn't, the
    group's plain responses take part instead."""
    overlong: NonNegativeInt = 0
    """Soft punishment of long responses (DAPO): over the last this many tokens before `max_new_tokens` the
    reward falls by up to 1, which a response that is cut off loses completely. 0: no punishment."""
    engine: Literal["transformers", "vllm", "vllm_server"] = "transformers"
    """What samples. transformers: the policy itself; vllm: vLLM in this process, next to the policy;
    vllm_server: one or several vLLM servers, see `vllm.urls`."""
    overlap: bool = False
    """Servers sample the next rollout while the policy learns from this one. Their weights are one step old,
    which `loss.importance_cap` corrects for."""
    vllm: VllmConfig = VllmConfig()

    @model_validator(mode="after")
    def _overlong_fits(self) -> Self:
        if self.overlong > self.max_new_tokens:
            raise ValueError(f"overlong: {self.overlong} is above max_new_tokens ({self.max_new_tokens})")
        return self

    def heat(self, position: int) -> float:
        """The temperature of the response at a position among those to one prompt."""
        return self.temperatures[position % len(self.temperatures)] if self.temperatures else self.temperature

    @model_validator(mode="after")
    def _band_has_room(self) -> Self:
        if self.band and not self.band[0] < self.band[1]:
            raise ValueError(f"band: {list(self.band)} has no room; give the lower share first")
        if self.band and self.overlap:
            raise ValueError(
                "band: prompts are chosen by what the step before measured, and overlap: true samples them "
                "before that; give one of the two"
            )
        return self

    @model_validator(mode="after")
    def _temperatures_of_transformers(self) -> Self:
        if self.temperatures and self.engine != "transformers":
            raise ValueError(
                f"temperatures: engine: {self.engine} samples a group at one temperature; give temperature, "
                "or engine: transformers"
            )
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
