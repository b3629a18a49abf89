"""What the staged pipeline of `raif gen-data` does: which stages, and each stage's section."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt, field_validator, model_validator

from raif.config.base import Section, resolve, validate
from raif.config.builtin import BuiltinConfig, CompositionName, Weight
from raif.config.judge import JudgeConfig
from raif.config.models import ModelConfig, SamplingConfig
from raif.config.topics import Topic

StageName = Literal["select", "evolve", "respond", "check", "decontaminate", "pack"]
IN_ORDER: tuple[StageName, ...] = ("select", "evolve", "respond", "check", "pack")
"""Each needs what those before it write; decontaminate may stand anywhere among them."""
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
Layout = Literal["auto", "wildchat", "alpaca", "prompt", "messages"]


class SourceConfig(Section):
    """Where rows come from: a file, or a Hugging Face data set."""

    path: Path | None = None
    """A file: .jsonl, .json (a list of objects), .parquet or .csv."""
    dataset: str | None = None
    """A data set's name on the hub, or a folder of one; read as a stream."""
    split: str = "train"
    """Which split of the data set."""
    limit: PositiveInt | None = None
    """Rows to read; none: all."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self._places() != 1:
            raise ValueError("give either path or dataset")
        return self

    def _places(self) -> int:
        return (self.path is not None) + (self.dataset is not None)


class SeedSourceConfig(SourceConfig):
    packaged: bool = False
    """In place of path and dataset: the packaged seeds, which the built-in responder can answer."""
    layout: Layout = "auto"
    """How a row holds its prompt; auto: told by the fields that it has."""

    def _places(self) -> int:
        return super()._places() + self.packaged


class SelectConfig(Section):
    """Seeds: read, cleaned, of the wanted languages, each once, tagged, and sampled."""

    sources: tuple[SeedSourceConfig, ...] = ()
    """Read one after the other; of duplicates the first is kept."""
    languages: tuple[str, ...] = ("en", "zh")
    """Languages to keep."""
    min_characters: PositiveInt = 8
    """Shorter prompts are dropped."""
    max_characters: PositiveInt = 4000
    """Longer prompts are dropped."""
    near_duplicate: Annotated[float, Field(gt=0, le=1)] = 0.7
    """Jaccard similarity of two prompts' shingles from which on they are duplicates."""
    max_tokens: PositiveInt = 64
    """Tokens of the tagger's reply on a request, its thinking included."""
    topics: tuple[Topic, ...] = ()
    """Topics to keep. Empty: all, and what has no known topic."""
    cap: PositiveInt | None = None
    """Most seeds of one task, and of one topic, in one language. None: no cap."""
    count: PositiveInt | None = None
    """Seeds to keep, drawn at random. None: all."""


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


class DecontaminateConfig(Section):
    """Dropping what a benchmark asks, too."""

    folder: Path | None = None
    """The folder of the benchmarks' data; none: the one that RAIF_BENCHMARK_DATA names."""
    words: PositiveInt = 13
    """Length of a shared run of words that makes a record contaminated."""
    characters: PositiveInt = 20
    """The same in characters, for text that is mostly Chinese."""
    min_words: PositiveInt = 8
    """A benchmark's prompt shorter than `words` is looked for as a whole if it has as many words as this;
    a yet shorter one contaminates only a prompt that is equal to it."""
    min_characters: PositiveInt = 10
    """The same in characters."""


class PackConfig(Section):
    """Training and held-out files, mixed with math."""

    heldout_share: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Share of the seeds, and of the math problems, that is held out."""
    math: SourceConfig | None = None
    """Problems in DeepScaleR's layout: problem, answer, solution. None: no math."""
    math_ratio: NonNegativeFloat = 1.0
    """Math records for each other record, as far as there are as many."""
    parquet: bool = False
    """Write each split as Parquet, too."""


class StagedConfig(Section):
    mode: Literal["staged"] = "staged"
    """Each stage a file in the run's folder."""
    stages: tuple[StageName, ...] = ("select", "decontaminate", "pack")
    """What to do, in this order; each reads what the one before wrote."""
    input: Path | None = None
    """Records for the first stage to read, where that is not select."""
    tagger: ModelConfig | None = None
    """The model that says of each seed what it is about. None: rules on its words."""
    teacher: ModelConfig | None = None
    """The model that writes instructions and answers. None: the built-in material, offline."""
    judge: JudgeConfig | None = None
    """The model that judges answers. None: the teacher."""
    prompts: Path | None = None
    """Folder with prompts in place of the shipped ones, a YAML file a language; its folder `judge` may
    have those of the judge's questions."""
    seed: NonNegativeInt = 0
    """Every draw follows from it."""
    select: SelectConfig = SelectConfig()
    evolve: EvolveConfig = EvolveConfig()
    respond: RespondConfig = RespondConfig()
    check: CheckConfig = CheckConfig()
    decontaminate: DecontaminateConfig = DecontaminateConfig()
    pack: PackConfig = PackConfig()

    @property
    def models(self) -> tuple[ModelConfig, ...]:
        """All that are named."""
        policy = self.check.difficulty.policy if self.check.difficulty else None
        return tuple(model for model in (self.tagger, self.teacher, self.judge, policy) if model)

    @field_validator("judge")
    @classmethod
    def _judge_of_answers(cls, judge: JudgeConfig | None) -> JudgeConfig | None:
        """The limits of its replies are those of `check`, and replies are kept in the run's ledger."""
        return judge and judge.without("raif gen-data", ("local", "sampling", "attempts", "cache"))

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.stages or len(set(self.stages)) < len(self.stages):
            raise ValueError(f"stages: at least one, and none twice, not {list(self.stages)}")
        places = [IN_ORDER.index(name) for name in self.stages if name in IN_ORDER]
        if places != sorted(places) or "select" in self.stages[1:] or "pack" in self.stages[:-1]:
            raise ValueError(f"stages: the order is {', '.join(IN_ORDER)}; decontaminate goes in between")
        if (self.stages[0] == "select") == (self.input is not None):
            raise ValueError("input: the records for a first stage other than select, and only for that")
        return self


def load_either(
    *, preset: str | None = None, file: Path | None = None, overrides: Sequence[str] = ()
) -> BuiltinConfig | StagedConfig:
    """The config of `raif gen-data`: its key `mode` says of which of the two ways."""
    tree, sources, source = resolve("gen-data", preset=preset, file=file, overrides=overrides)
    if tree.get("mode") == "staged":
        return validate(StagedConfig, tree, sources, source)
    return validate(BuiltinConfig, tree, sources, source)
