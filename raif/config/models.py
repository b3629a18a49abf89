"""Models to ask: on an OpenAI-compatible server or in this process, how they sample, what they cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

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
from raif.reasoning import Style


class EndpointConfig(Section):
    base_url: str | None = None
    """The server's address with its version, e.g. http://127.0.0.1:8000/v1; null: no server is used."""
    api_key_env: str = "OPENAI_API_KEY"
    """Name of the environment variable with the key. The key itself is never part of a config. A preset's
    belongs to its server: another base_url doesn't keep it."""
    concurrency: PositiveInt = 16
    """The most requests in flight at once. Reduced after HTTP 429, and raised again while requests
    succeed."""
    timeout: PositiveFloat = 600.0
    """Time limit for one request, in seconds."""
    retries: NonNegativeInt = 4
    """Further attempts after a timeout, a lost connection, HTTP 408, 409, 429 or 5xx. The wait doubles
    each time, unless the server sends Retry-After. 429 uses up no attempt while other requests succeed."""

    @field_validator("base_url")
    @classmethod
    def _can_be_asked(cls, url: str | None) -> str | None:
        if url is None:
            return None
        try:
            parts = urlsplit(url.strip())
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:  # brackets without an end, or a port that is no number
            usable = False
        if not usable:
            raise ValueError("give an address such as http://127.0.0.1:8000/v1")
        return url.strip()


class SamplingConfig(Section):
    temperature: NonNegativeFloat = Field(default=0.0, le=2)
    """0: greedy."""
    max_tokens: PositiveInt = 4096
    """Tokens of a response, including its reasoning; a longer one is cut off, scored as it is, and
    counted."""


def cpu_flags() -> set[str]:
    """What Linux says that this machine's CPU can do; nothing on other systems."""
    file = Path("/proc/cpuinfo")
    return set(file.read_text("utf-8").split()) if file.exists() else set()


Compute = Literal["auto", "bfloat16", "float32"]
"""Precision of weights and matrix products. auto: bfloat16, but float32 with `device: cpu` if the CPU
has no instructions for bfloat16 (AMX or AVX-512 BF16), and would be slower with it."""


def choose_compute(cls: type[Section], given: Any) -> Any:
    """Replaces `auto` by what suits this machine: a run keeps the precision that it started with."""
    if isinstance(given, dict) and given.get("compute") == "auto":
        slow = given.get("device") == "cpu" and not {"amx_bf16", "avx512_bf16"} & cpu_flags()
        return {**given, "compute": "float32" if slow else "bfloat16"}
    return given


class LocalConfig(Section):
    compute: Compute = "bfloat16"
    """Precision of weights and matrix products; auto: what is faster on this machine."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU if there is one."""
    batch: PositiveInt = 16
    """Prompts that are answered together, after which their answers are saved."""

    _choose_compute = model_validator(mode="before")(choose_compute)


class PricesConfig(Section):
    """Money per million tokens, in any currency."""

    read: NonNegativeFloat
    """Of a request."""
    written: NonNegativeFloat
    """Of a reply, including its reasoning."""


class ModelConfig(Section):
    model: str
    """The server's name for it."""
    endpoint: EndpointConfig
    think: Style = "none"
    """How its reasoning is marked in a reply, if the server doesn't split it off. tagged: the model is
    asked to put it between tags."""
    prices: PricesConfig | None = None
    """What it costs. null: unknown, so that --max-cost refuses to start; {read: 0, written: 0}: nothing. In a
    preset they belong to its model and server: another model or base_url doesn't keep them."""

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if self.endpoint.base_url is None:
            raise ValueError("endpoint.base_url: give the server's address; this model is queried over HTTP")
        return self
