"""Which model judges, how it is asked, and what is kept of its judgments: one section for all commands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import PositiveInt, model_validator

from raif.config.models import EndpointConfig, LocalConfig, ModelConfig, PricesConfig, SamplingConfig
from raif.reasoning import Style


class JudgeConfig(ModelConfig):
    """A command says which of these keys it doesn't use, instead of ignoring them."""

    model: str
    """The server's name for the judge, or a folder, hub id or `packaged:NAME` to load in this process. The
    cache tells judges apart by it."""
    endpoint: EndpointConfig = EndpointConfig()
    """The judge's server."""
    think: Style = "none"
    """Accepted by `raif gen-data`, but never needed: a judge's reasoning is skipped, however it is marked."""
    local: LocalConfig | None = None
    """Instead of a server: how `raif train` runs the judge in this process."""
    sampling: SamplingConfig = SamplingConfig(max_tokens=64)
    """How the judge replies: by default greedily, with up to 64 tokens, or 2048 in `raif eval`. A yes/no
    question needs one token if the server gives log-probabilities; a judge that reasons first needs many."""
    attempts: PositiveInt = 3
    """`raif eval`: how often to make one request, in total, until its reply can be read."""
    cache: Path | None = None
    """SQLite file that keeps all judgments for later runs and other processes; null: nothing is kept, except
    by `raif train`, which keeps them in the run's folder."""
    prompts: Path | None = None
    """Folder of your own prompts: `en.yaml` (and other languages) for yes/no questions, `BENCHMARK.yaml` for
    `raif eval`. null: the shipped ones."""

    @model_validator(mode="before")
    @classmethod
    def _old_name_of_the_limit(cls, tree: Any) -> Any:
        """`max_tokens` is what `sampling.max_tokens` was called in `raif train`."""
        if not isinstance(tree, dict) or "max_tokens" not in tree:
            return tree
        rest = {key: value for key, value in tree.items() if key != "max_tokens"}
        sampling = rest.get("sampling", {})
        if not isinstance(sampling, dict) or "max_tokens" in sampling:
            raise ValueError("max_tokens is the old name of sampling.max_tokens: give one of them")
        return rest | {"sampling": {**sampling, "max_tokens": tree["max_tokens"]}}

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if (self.endpoint.base_url is None) == (self.local is None):
            raise ValueError("give endpoint.base_url, the judge's server, or local, to load it: one of them")
        unused = set(self.sampling.settings) - {"temperature", self.sampling.limit_name}
        if self.local and unused:
            raise ValueError(f"sampling.{min(unused)}: a judge in this process gives its likeliest token")
        return self

    def without(self, command: str, keys: Sequence[str]) -> Self:
        """Itself. Raises ValueError if one of `keys`, which `command` does not use, is set."""
        unset = {key: field.default for key, field in type(self).model_fields.items()}
        written = {**unset, "prices": PricesConfig(read=0, written=0)}  # by earlier versions, for no prices
        unused = [key for key in keys if getattr(self, key) not in (unset[key], written[key])]
        if unused:
            raise ValueError(f"{command} does not use these keys: {', '.join(unused)}")
        return self
