"""What `raif gen-data` makes: how many records, of what, from which seeds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from raif.config.base import Section

Language = Literal["en", "zh"]
CompositionName = Literal["and", "chain", "selection", "nested"]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class BuiltinConfig(Section):
    """Generating instructions with code-checked constraints and verified expert answers."""

    mode: Literal["builtin"] = "builtin"
    """Who writes the answers. builtin: the packaged responder, offline."""

    count: int = Field(2000, ge=1, le=1_000_000)
    """Records to write, held-out ones included."""

    seed: int = Field(0, ge=0)
    """Every draw follows from it, the split of the seeds too."""

    heldout_share: float = Field(0.1, ge=0, lt=1)
    """Share of the seeds, and of the records, that is held out of training."""

    languages: dict[Language, Weight] = Field({"en": 3.0, "zh": 1.0})
    """How often each language is drawn, in proportion; 0 leaves one out."""

    kinds: tuple[str, ...] = ()
    """Constraint ids to draw from. Empty: all that the built-in responder can meet."""

    min_constraints: int = Field(1, ge=1, le=5)
    """Fewest constraints of a record."""

    max_constraints: int = Field(5, ge=1, le=5)
    """Most constraints of a record."""

    compositions: dict[CompositionName, Weight] = Field({"and": 1.0})
    """How often the constraints hang together in each way, in proportion. chain: a part counts where those
    before it are met; selection: one of two counts, which the request decides; nested: one within another.
    A chain has at least two constraints, a selection two and a nested one three, where fewer are drawn."""

    min_sentences: int = Field(2, ge=1, le=8)
    """Fewest sentences of an answer where no constraint says otherwise."""

    max_sentences: int = Field(5, ge=1, le=8)
    """Most sentences of an answer where no constraint says otherwise."""

    expert_share: float = Field(1.0, ge=0, le=1)
    """Share of the training records that have an expert answer; the others are prompts for rollouts alone."""

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
