"""Which model judges questions, where it is, and what is kept of its judgments."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import PositiveInt, model_validator

from raif.config.base import Section
from raif.config.models import EndpointConfig, LocalConfig


class JudgeConfig(Section):
    model: str
    """The server's name for the judge, or a folder, hub id or `packaged:NAME` to load in this process. The
    cache tells judges apart by it."""
    endpoint: EndpointConfig = EndpointConfig()
    """The judge's server."""
    local: LocalConfig | None = None
    """In place of a server: how the judge is run in this process. `raif train` can."""
    max_tokens: PositiveInt = 64
    """Tokens of a reply. An answer by log-probabilities needs one; a judge that thinks first needs many."""
    cache: Path | None = None
    """SQLite file that keeps all judgments, for later runs and other processes; none: nothing is kept, but
    for `raif train`, which keeps them in the run's folder."""
    prompts: Path | None = None
    """Folder with `en.yaml`, and perhaps other languages', in place of the shipped prompts."""

    @model_validator(mode="after")
    def _is_in_one_place(self) -> Self:
        if (self.endpoint.base_url is None) == (self.local is None):
            raise ValueError("give endpoint.base_url, the judge's server, or local, to load it: one of them")
        return self
