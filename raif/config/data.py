"""Where the records of `raif train` come from, and how they are mixed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PositiveInt, field_validator, model_validator

from raif import tasks
from raif.config.base import Section
from raif.config.builtin import BuiltinConfig
from raif.config.retell import RetellConfig

HUB = "hub:"


class DataSource(Section):
    path: str
    """A file: JSON Lines (also compressed, .gz or .zst) or Parquet; a glob of files, such as
    parts/*.jsonl.gz, or a folder of them; or a data set of the Hugging Face hub: hub:NAME or, in full,
    hub:NAME@REVISION:CONFIG:SPLIT (default: train; train[:1000] is a slice)."""
    weight: Annotated[float, Field(ge=0.01, le=100)] | None = None
    """Its share of the prompts of a rollout, relative to the other sources' weights. null: each record counts
    alike, whatever its source."""

    @model_validator(mode="before")
    @classmethod
    def _bare_path(cls, given: Any) -> Any:
        return {"path": str(given)} if isinstance(given, str | Path) else given


def _listed(given: Any) -> Any:
    """A single source, or null, as the list that it stands for."""
    if given is None:
        return ()
    return given if isinstance(given, list | tuple) else (given,)


Sources = Annotated[tuple[DataSource, ...], BeforeValidator(_listed)]


class DataConfig(Section):
    train: Sources = ()
    """Records: ours, IFEval's, or the authors' released format. A source or a list of them; each is a file, a
    glob or a hub data set, or a mapping of its path and weight."""
    heldout: Sources = ()
    """Records of the held-out evaluation, named alike; null: it is skipped."""
    generate: BuiltinConfig | None = None
    """Make `train` and `heldout` with the built-in generator, inside the run's folder."""
    retell: RetellConfig | None = None
    """Before that, let the model answer the packaged requests without any constraint: `generate` then makes
    its training records of the model's own sentences."""
    max_prompt_tokens: PositiveInt = 1024
    """Longer prompts are left out and counted."""
    mix: dict[str, Annotated[float, Field(ge=0.01, le=100)]] = Field(default={})
    """The ratio of tasks among the prompts of a rollout, such as {math: 1, ifeval+complex: 1}. Other tasks
    are left out. Empty: all records, whatever their task."""

    @field_validator("mix")
    @classmethod
    def _each_task_once(cls, mix: dict[str, float]) -> dict[str, float]:
        named = [task for key in mix for task in key.split("+")]
        for task in named:
            tasks.known(task)
            if named.count(task) > 1:
                raise ValueError(f"the task {task} is named twice")
        return mix

    @model_validator(mode="after")
    def _weighted_once(self) -> Self:
        weighted = [source.weight is not None for source in self.train]
        if any(weighted) and not all(weighted):
            raise ValueError("train: give every source a weight, or none")
        if any(weighted) and self.mix:
            raise ValueError("mix weights tasks, and train weights sources: give one of them")
        if any(source.weight for source in self.heldout):
            raise ValueError("heldout: a weight has no effect here")
        return self

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.generate and (self.train or self.heldout):
            raise ValueError("generate excludes train and heldout: give files, or have them generated")
        if self.retell and (not self.generate or self.generate.retellings):
            raise ValueError("retell: it is for `generate` without `retellings`")
        return self
