"""What the builtin generator of `raif gen-data` makes: how many records, of what, from which seeds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from raif.config.base import Section

Language = Literal["en", "zh"]
CompositionName = Literal["and", "chain", "selection", "nested"]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class BuiltinConfig(Section):
    """Instructions with code-checked constraints and verified expert answers."""

    mode: Literal["builtin"] = "builtin"
    """Who writes the answers. builtin: the packaged responder, offline."""

    count: int = Field(2000, ge=1, le=1_000_000)
    """Records to write, including held-out ones."""

    seed: int = Field(0, ge=0)
    """Determines every random draw, including the split of the seeds."""

    heldout_share: float = Field(0.1, ge=0, lt=1)
    """Share of the seeds, and of the records, held out of training."""

    languages: dict[Language, Weight] = Field({"en": 3.0, "zh": 1.0})
    """Relative frequency of each language; 0: none of it."""

    kinds: tuple[str, ...] = ()
    """Constraint ids to draw from. Empty: all that the builtin responder can satisfy."""

    min_constraints: int = Field(1, ge=1, le=5)
    """Minimum number of constraints per record."""

    max_constraints: int = Field(5, ge=1, le=5)
    """Maximum number of constraints per record."""

    compositions: dict[CompositionName, Weight] = Field({"and": 1.0})
    """Relative frequency of each way to combine the constraints. chain: a part counts only if those before it
    are met; selection: the request decides which of two counts; nested: one composition inside another.
    A chain or a selection has at least two constraints and a nested composition three, even if
    `min_constraints` is lower."""

    min_sentences: int = Field(2, ge=1, le=8)
    """Minimum number of sentences in an answer, unless a constraint says otherwise."""

    max_sentences: int = Field(5, ge=1, le=8)
    """Maximum number of sentences in an answer, unless a constraint says otherwise."""

    expert_share: float = Field(1.0, ge=0, le=1)
    """Share of the training records that have an expert answer; the others are only prompts for rollouts."""

    @model_validator(mode="after")
    def _ordered(self) -> BuiltinConfig:
        for what in ("constraints", "sentences"):
            low, high = getattr(self, f"min_{what}"), getattr(self, f"max_{what}")
            if low > high:
                raise ValueError(f"min_{what} ({low}) is above max_{what} ({high})")
        for key in ("languages", "compositions"):
            if not any(getattr(self, key).values()):
                raise ValueError(f"{key}: at least one needs a weight above 0")
        return self
