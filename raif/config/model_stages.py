"""The stages of the data pipeline that ask models: evolve, respond, check."""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, PositiveInt, model_validator

from raif.config.builtin import CompositionName, Weight
from raif.config.endpoint import SamplingConfig
from raif.config.models import ModelConfig
from raif.config.section import Section

Share = Annotated[float, Field(ge=0, le=1)]
Fault = Literal[
    "language_inconsistency",
    "answer_leakage",
    "wrong_length",
    "hallucination",
    "poorly_defined",
    "impossible",
    "unsafe",
]
ALL_FAULTS: tuple[Fault, ...] = get_args(Fault)


class EvolveConfig(Section):
    """Requests -> instructions with checks: drawn as a tree, then put into words."""

    per_seed: PositiveInt = 1
    """Instructions to make of each request."""
    min_checks: PositiveInt = Field(default=2, le=5)
    """Fewest checks of an instruction."""
    max_checks: PositiveInt = Field(default=5, le=5)
    """Most checks of an instruction."""
    judged: Share = 0.5
    """Share of the checks that the teacher writes for a judge; without a teacher there are none."""
    compositions: dict[CompositionName, Weight] = Field(
        default={"and": 4.0, "chain": 2.0, "selection": 1.0, "nested": 2.0}
    )
    """How often the checks hang together in each way, in proportion."""
    kinds: tuple[str, ...] = ()
    """Constraint ids to draw from. Empty: all that the built-in responder can meet."""
    keywords: PositiveInt = 8
    """Words to ask the teacher for, where a constraint on words is drawn."""
    sampling: SamplingConfig = SamplingConfig(temperature=0.7, max_tokens=512)
    """Of the teacher as it writes keywords, sub-instructions and the fluent text."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_checks > self.max_checks:
            raise ValueError(f"min_checks ({self.min_checks}) is above max_checks ({self.max_checks})")
        if not any(self.compositions.values()):
            raise ValueError("compositions: at least one needs a weight above 0")
        return self


class RespondConfig(Section):
    """Answers to instructions, by the teacher; without one, by the built-in responder."""

    answers: PositiveInt = 2
    """Answers to ask the teacher for, for each instruction."""
    need_thinking: bool = True
    """Drop answers without thinking: cloning one teaches not to think."""
    sampling: SamplingConfig = SamplingConfig(temperature=0.6, max_tokens=8192)


class DifficultyConfig(Section):
    """How many of its own answers to an instruction the policy gets right, measured."""

    policy: ModelConfig
    samples: PositiveInt = 8
    """Answers to sample for each instruction."""
    at_least: Share = 0.125
    """Share of right answers below which an instruction is too hard."""
    at_most: Share = 0.875
    """Share of right answers above which an instruction is too easy."""
    sampling: SamplingConfig = SamplingConfig(temperature=1.0, max_tokens=4096)


class CheckConfig(Section):
    """Answers that pass their record's checks, then the quality of request and answer."""

    qualities: tuple[Fault, ...] = ALL_FAULTS
    """Faults to ask the judge about; without one, none is asked about."""
    max_tokens: PositiveInt = 256
    """Tokens of the judge's reply on a quality, which has its reason."""
    judge_max_tokens: PositiveInt = 64
    """Tokens of the judge's reply on a record's own question."""
    difficulty: DifficultyConfig | None = None
    """Keep only instructions that the policy finds neither too easy nor too hard. None: all."""
