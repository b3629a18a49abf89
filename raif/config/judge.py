"""Which model judges questions, where it is, and what is kept of its judgments."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import PositiveInt, model_validator

from raif.config.endpoint import EndpointConfig
from raif.config.section import Section


class JudgeConfig(Section):
    model: str
    """The server's name for the judge. The cache tells judges apart by it."""
    endpoint: EndpointConfig
    max_tokens: PositiveInt = 64
    """Tokens of a reply. An answer by log-probabilities needs one; a judge that thinks first needs many."""
    cache: Path | None = None
    """SQLite file that keeps all judgments, for later runs and other processes; none: nothing is kept."""
    prompts: Path | None = None
    """Folder with `en.yaml`, and perhaps other languages', in place of the shipped prompts."""

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if self.endpoint.base_url is None:
            raise ValueError("endpoint.base_url: a judge is asked over HTTP, so give its server's address")
        return self
