"""Models to ask: on an OpenAI-compatible server or in this process, how they sample, what they cost."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from raif.config.base import Section
from raif.reasoning import Style


class EndpointConfig(Section):
    base_url: str | None = None
    """The server's address with its version, e.g. http://127.0.0.1:8000/v1; none: no server is asked."""
    api_key_env: str = "OPENAI_API_KEY"
    """Name of the environment variable that holds the key. The key itself is never part of a config."""
    concurrency: PositiveInt = 16
    """Most requests in flight at once. Fewer after HTTP 429, more again while requests are served."""
    timeout: PositiveFloat = 600.0
    """Seconds that one request may take."""
    retries: NonNegativeInt = 4
    """Further attempts after a time-out, a lost connection, HTTP 408, 409, 429 or 5xx. The waits
    double, or are what the server's Retry-After says; 429 uses up none while other requests are served."""


class SamplingConfig(Section):
    temperature: NonNegativeFloat = Field(default=0.0, le=2)
    """0: greedy."""
    max_tokens: PositiveInt = 4096
    """Tokens of a response, its thinking included; a longer one is cut off, scored as it is, and counted."""


class LocalConfig(Section):
    compute: Literal["bfloat16", "float32"] = "bfloat16"
    """Precision of weights and matrix products."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU where there is one."""
    batch: PositiveInt = 16
    """Prompts that are answered, and whose answers are kept, together."""


class PricesConfig(Section):
    """Money for a million tokens, in any currency."""

    read: NonNegativeFloat = 0.0
    """Tokens of a request."""
    written: NonNegativeFloat = 0.0
    """Tokens of a reply, its reasoning included."""


class ModelConfig(Section):
    model: str
    """The server's name for it."""
    endpoint: EndpointConfig
    think: Style = "none"
    """How its thinking stands in a reply, where the server doesn't split it off. tagged: it is asked to put
    it between tags."""
    prices: PricesConfig = PricesConfig()

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if self.endpoint.base_url is None:
            raise ValueError("endpoint.base_url: a model is asked over HTTP, so give its server's address")
        return self
