"""What is measured before, during and after training: held-out records and benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import NonNegativeInt, PositiveInt, model_validator

from raif.config.base import Section
from raif.errors import did_you_mean


class EvaluationConfig(Section):
    prompts: NonNegativeInt = 200
    """The most held-out prompts to answer before and after training, drawn if there are more, the same ones
    whatever `seed` is; 0: no held-out evaluation."""
    max_new_tokens: PositiveInt = 16384
    """The most tokens of a held-out response."""
    batch: PositiveInt = 16
    """Held-out prompts that are answered together."""
    relevance: NonNegativeInt | None = None
    """Of how many held-out answers relevance is measured, drawn at random; null: of all; 0: of none. Without
    a judge the frozen model reads each of them after eight prompts."""
    every: NonNegativeInt = 0
    """Steps between evaluations during training, each of the held-out prompts and of `benchmarks`, and one
    more after the last step; 0: none."""
    benchmarks: tuple[Literal["ifeval", "ifbench"], ...] = ()
    """Benchmarks that are run every `every` steps, as `raif eval` runs them: those that need no judge."""
    items: PositiveInt | None = None
    """The most items of each benchmark, the same ones whatever `seed` is; null: all."""
    data: Path | None = None
    """Folder of the benchmarks' data; null: the one that RAIF_BENCHMARK_DATA names."""
    best: str | None = None
    """The figure by which the best checkpoint is kept, such as heldout/constraints or ifeval/prompts, as
    metrics.jsonl has it after `eval/`. null: only the newest checkpoints are kept."""
    patience: PositiveInt | None = None
    """Training stops after this many evaluations in a row without a better `best`; null: it doesn't."""
    plain: bool = False
    """After training, also answer the held-out prompts without thinking; with `rollout.contrast_by_kind` also
    with thinking where that helps, without where it doesn't."""
    cloning_alone: bool = False
    """Also train on the expert answers alone, for the same time on the same records, to compare with."""

    @model_validator(mode="after")
    def _best_of_what_is_measured(self) -> Self:
        needed = {"benchmarks": self.benchmarks, "best": self.best}
        if not self.every and (given := [key for key, value in needed.items() if value]):
            raise ValueError(f"{given[0]} needs every, the number of steps between evaluations")
        if self.patience and not self.best:
            raise ValueError("patience needs best, the figure that should get better")
        known = [f"heldout/{name}{side}" for name in ("constraints", "followed") for side in ("", "_loose")]
        known += ["heldout/followed_relevant"] if self.relevance != 0 else []
        for name in self.benchmarks:
            known += [
                f"{name}/{level}{side}" for level in ("prompts", "instructions") for side in ("", "_loose")
            ]
        if self.best and self.best not in known:
            raise ValueError(f"best: {self.best!r} is not measured. {did_you_mean(self.best, known)}")
        return self
