"""What the builtin generator of `raif gen-data` makes: how many records, of what, from which seeds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from raif.config.base import Section

Language = Literal["en", "zh"]
CompositionName = Literal["and", "chain", "selection", "nested"]
Level = Literal["short", "middle", "long"]
LEVELS: dict[Level, int] = {"short": 1, "middle": 2, "long": 3}
"""How much an answer says: the highest level of the sentences that it has."""
Thinking = Literal["brief", "planned", "full"]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class BuiltinConfig(Section):
    """Instructions with code-checked constraints and verified expert answers."""

    mode: Literal["builtin"] = "builtin"
    """Who writes the answers. builtin: the packaged responder, offline."""

    count: int = Field(2000, ge=1, le=1_000_000)
    """Records to write, including held-out ones."""

    seed: int = Field(0, ge=0)
    """Determines every random draw, including the split of the seeds."""

    retellings: str = ""
    """A file of the packaged requests with other answers, such as a model's own (`raif gen-data --preset
    retell`), or `packaged:smollm2-135m`, those of this model. The training records are about these requests
    alone, and answer them in these words. Empty: the packaged answers."""

    heldout_share: float = Field(0.1, ge=0, lt=1)
    """Share of the seeds, and of the records, held out of training."""

    languages: dict[Language, Weight] = Field({"en": 3.0, "zh": 1.0})
    """Relative frequency of each language; 0: none of it."""

    kinds: tuple[str, ...] = ()
    """Constraint ids to draw from. Empty: all that the builtin responder can satisfy but IFTrain's."""

    min_constraints: int = Field(1, ge=1, le=5)
    """Minimum number of constraints per record."""

    max_constraints: int = Field(5, ge=1, le=5)
    """Maximum number of constraints per record."""

    compositions: dict[CompositionName, Weight] = Field({"and": 1.0})
    """Relative frequency of each way to combine the constraints. chain: steps in an order that is checked, or
    of which the last depends on an earlier one; selection: the request decides which of two counts; nested:
    one composition inside another. A chain or a selection has at least two constraints and a nested
    composition three, even if `min_constraints` is lower."""

    turns: int = Field(1, ge=1, le=5)
    """The most turns of a record. Above 1, each constraint is asked for in one of up to so many turns, and
    those of earlier turns keep counting. Only with the composition `and`, and without `judged`."""

    judged: float = Field(0.0, ge=0, le=1)
    """Share of the records that also ask for something that a judge decides, with its yes/no question. The
    expert's answer is known to meet it. Training on such records needs a judge."""

    levels: dict[Level, Weight] = Field({"short": 1.0, "middle": 2.0, "long": 2.0})
    """Relative frequency of each length that an answer has if no constraint changes it. short: 3 sentences;
    middle: 7 or 8; long: 11 to 14."""

    longest: int = Field(0, ge=0)
    """Maximum length of a seed's request, and of its answer before any constraint, in words or in Chinese
    characters. 0: no maximum."""

    longest_expert: int = Field(0, ge=0)
    """Maximum length of an expert answer, without its thinking, in words or in Chinese characters; draws with
    a longer one are dropped. A model whose responses are limited can't learn what takes an expert longer.
    0: no maximum."""

    thinking: Thinking = "full"
    """How much the expert thinks. brief: what each constraint means, a line each. planned: the same, but
    words that have to occur are quoted as the answer has them. full: plans, drafts, checks, and corrects a
    draft that fails; the more constraints, the longer."""

    expert_share: float = Field(1.0, ge=0, le=1)
    """Share of the training records that have an expert answer; the others are only prompts for rollouts."""

    @model_validator(mode="after")
    def _usable(self) -> BuiltinConfig:
        low, high = self.min_constraints, self.max_constraints
        if low > high:
            raise ValueError(f"min_constraints ({low}) is above max_constraints ({high})")
        for key in ("languages", "compositions", "levels"):
            if not any(getattr(self, key).values()):
                raise ValueError(f"{key}: at least one needs a weight above 0")
        others = [name for name, weight in self.compositions.items() if weight and name != "and"]
        if self.turns > 1 and (others or self.judged):
            raise ValueError(
                f"turns: {self.turns} needs compositions with `and` alone, and judged: 0; there is "
                + (", ".join(others) or f"judged: {self.judged:g}")
            )
        return self
