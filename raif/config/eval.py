"""The config of `raif eval`: every key with its type, bound and meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import NonNegativeInt, PositiveInt, model_validator

from raif.config.endpoint import EndpointConfig, SamplingConfig
from raif.config.local import LocalConfig
from raif.config.section import Section
from raif.reasoning import Style


class EvalConfig(Section):
    benchmark: str = "ifeval"
    """Which benchmark; `raif eval --help` lists them."""
    model: str | None = None
    """A checkpoint's folder, hub id or `packaged:NAME`; with `endpoint.base_url` the server's name for it."""
    responses: Path | None = None
    """JSONL of stored answers to score in place of a model: `key` or `id`, `prompt` and `response` a line."""
    data: Path | None = None
    """The benchmark's own file; none: the one under the folder that RAIF_BENCHMARK_DATA names."""
    think: Style = "none"
    """tagged: score what the answer tags hold; deepseek: what follows the thinking; none: the whole response.
    A model that `raif train` saved asks for its tags by its own chat template."""
    system: str | None = None
    """System text of each prompt."""
    limit: PositiveInt | None = None
    """A random subset of this many items, the same one for the same seed; none: all."""
    seed: NonNegativeInt = 0
    """Draws the subset and the bootstrap's resamples."""
    sampling: SamplingConfig = SamplingConfig()
    endpoint: EndpointConfig = EndpointConfig()
    local: LocalConfig = LocalConfig()

    @model_validator(mode="after")
    def _answers_have_one_source(self) -> Self:
        if self.responses and self.endpoint.base_url:
            raise ValueError(
                "responses excludes endpoint.base_url: score stored answers, or ask a server for new ones"
            )
        if not self.responses and not self.model:
            raise ValueError("give a model (--model), or stored answers to score (--responses)")
        return self
