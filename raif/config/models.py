"""A model that the data pipeline asks: where it is, how it shows its thinking, what it costs."""

from __future__ import annotations

from typing import Self

from pydantic import NonNegativeFloat, model_validator

from raif.config.endpoint import EndpointConfig
from raif.config.section import Section
from raif.reasoning import Style


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
