"""How to reach an OpenAI-compatible server, and how it is to sample; for every command that asks."""

from __future__ import annotations

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from raif.config.section import Section


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
