"""What the staged pipeline of `raif gen-data` does: which stages, and each stage's section."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    field_validator,
    model_validator,
)

from raif.config.base import Section, resolve, validate
from raif.config.builtin import BuiltinConfig, CompositionName, Weight
from raif.config.judge import JudgeConfig
from raif.config.models import ModelConfig, SamplingConfig
from raif.config.retell import RetellConfig

StageName = Literal["select", "evolve", "respond", "check", "decontaminate", "pack"]
IN_ORDER: tuple[StageName, ...] = ("select", "evolve", "respond", "check", "pack")
"""Each needs the output of those before it; decontaminate can come anywhere among them."""
Share = Annotated[float, Field(ge=0, le=1)]


def _without_seed(sampling: SamplingConfig) -> SamplingConfig:
    if sampling.seed is not None:
        raise ValueError("seed: each request has its own, from the pipeline's `seed`; leave it out")
    return sampling


Drawn = Annotated[SamplingConfig, AfterValidator(_without_seed)]
"""Sampling of requests that get their seeds from the pipeline."""
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
Topic = Literal[
    "problem_solving",
    "nlp_and_understanding",
    "information_processing",
    "creativity_and_design",
    "analysis_and_research",
    "business_and_finance",
    "communication_and_social_media",
    "data_science",
    "education",
    "entertainment_and_sports",
    "everyday_life",
    "general_knowledge",
    "health_and_medicine",
    "history_and_society",
    "language_and_culture",
    "law_and_politics",
    "literature_and_arts",
    "logic_and_reasoning",
    "mathematics",
    "planning_and_projects",
    "programming",
    "psychology",
    "roleplay",
    "science_and_engineering",
    "task_completion",
    "task_generation",
]
TOPICS: tuple[Topic, ...] = get_args(Topic)
"""The 26 topics of requests, assigned by rules or by a model. The paper gives their number and names the
first four, which it keeps (arXiv 2506.01413). The others are ours, close to the public labels of
Infinity-Instruct."""


class Columns(Section):
    """Which columns of a row hold what, in a layout that isn't known. A dot leads into a nested column:
    `body.question`, `turns.0`."""

    prompt: str | None = None
    """The request: a text, or turns with a role and a content. Or give `messages`."""
    messages: str | None = None
    """A conversation; its first user turn is the request, and system turns before it stay."""
    system: str | None = None
    """The system prompt."""
    reference: str | None = None
    """The right answer, which the record keeps."""

    @model_validator(mode="after")
    def _one_request(self) -> Self:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("give either prompt or messages")
        return self


class SourceConfig(Section):
    """Where rows come from: files, or a Hugging Face data set."""

    path: Path | None = None
    """A file, a glob of files such as parts/*.jsonl.gz, or a folder of files: .jsonl, .json (a list, or an
    object with one), .csv and .tsv (also with ; between columns), .txt (a request a line), .parquet; all but
    Parquet also compressed (.gz, .zst). Or a folder that save_to_disk of the library datasets wrote."""
    dataset: str | None = None
    """A data set's name on the hub, or a folder with one; streamed."""
    config: str | None = None
    """Which of the data set's configurations, if it has several."""
    revision: str | None = None
    """A branch, tag or commit of the data set. null: the newest."""
    split: str = "train"
    """Which split of the data set, also of one saved to disk, or a slice of it: train[:1000]."""
    columns: Columns | None = None
    """Which columns hold what. null: determined by the names of the columns."""
    limit: PositiveInt | None = None
    """Rows to read; null: all."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self._places() != 1:
            raise ValueError("give either path or dataset")
        if self.dataset is None and (self.config or self.revision):
            raise ValueError("config and revision are a data set's: give dataset")
        return self

    def _places(self) -> int:
        return (self.path is not None) + (self.dataset is not None)


class SeedSourceConfig(SourceConfig):
    packaged: bool = False
    """Instead of path and dataset: the packaged seeds, which the builtin responder can answer."""
    layout: str = "auto"
    """How a row holds its request: alpaca, dolly, input, magpie, messages, openorca, prompt, query, question,
    released, sharegpt, tulu, ultrachat, ultrachat_data or wildchat. auto: determined by its columns."""

    @model_validator(mode="after")
    def _one_layout(self) -> Self:
        if self.columns and self.layout != "auto":
            raise ValueError("columns and layout both say how a row is read: give one of them")
        return self

    def _places(self) -> int:
        return super()._places() + self.packaged


class SelectConfig(Section):
    """Seeds: read, cleaned, filtered by language, deduplicated, tagged and sampled."""

    sources: tuple[SeedSourceConfig, ...] = ()
    """Read in this order; of duplicates, the first is kept."""
    languages: tuple[str, ...] = ("en", "zh")
    """Languages to keep."""
    min_characters: PositiveInt = 8
    """Shorter prompts are dropped. A Chinese character counts as three."""
    max_characters: PositiveInt = 4000
    """Longer prompts are dropped."""
    near_duplicate: Annotated[float, Field(gt=0, le=1)] = 0.7
    """Two prompts are duplicates from this Jaccard similarity of their shingles on."""
    max_tokens: PositiveInt = 64
    """Tokens of the tagger's reply, including its reasoning."""
    topics: tuple[Topic, ...] = ()
    """Topics to keep. Empty: all, including seeds without a known topic."""
    cap: PositiveInt | None = None
    """The most seeds of one task, and of one topic, in each language. null: no cap."""
    count: PositiveInt | None = None
    """Seeds to keep, drawn at random. null: all."""


class EvolveConfig(Section):
    """Requests become instructions with checks: drawn as a tree, then put into words."""

    per_seed: PositiveInt = 1
    """Instructions to make from each request."""
    min_checks: PositiveInt = Field(default=2, le=5)
    """Minimum number of checks per instruction."""
    max_checks: PositiveInt = Field(default=5, le=5)
    """Maximum number of checks per instruction."""
    judged: Share = 0.5
    """Share of the checks that the teacher writes for a judge; without a teacher, all are checked by code."""
    compositions: dict[CompositionName, Weight] = Field(
        default={"and": 4.0, "chain": 2.0, "selection": 1.0, "nested": 2.0}
    )
    """Relative frequency of each way to combine the checks."""
    kinds: tuple[str, ...] = ()
    """Constraint ids to draw from. Empty: all that the builtin responder can satisfy but IFTrain's."""
    keywords: PositiveInt = 8
    """Words to ask the teacher for, if a constraint on words is drawn."""
    possible: bool = True
    """Ask the judge whether an answer is possible, before answers are bought. What the request's words show
    is always checked."""
    sampling: Drawn = SamplingConfig(temperature=0.7, max_tokens=512)
    """For the teacher's keywords, sub-instructions and fluent text."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_checks > self.max_checks:
            raise ValueError(f"min_checks ({self.min_checks}) is above max_checks ({self.max_checks})")
        if not any(self.compositions.values()):
            raise ValueError("compositions: at least one needs a weight above 0")
        return self


class RespondConfig(Section):
    """Answers to instructions, by the teacher, or by the builtin responder if there is no teacher."""

    answers: PositiveInt = 2
    """The most answers per instruction to ask the teacher for: another one only if those before it fail."""
    need_thinking: bool = True
    """Drop answers without reasoning: cloning them teaches not to reason."""
    sampling: Drawn = SamplingConfig(temperature=0.6, max_tokens=8192)


class DifficultyConfig(Section):
    """Measures how many of its own answers to an instruction the policy gets right."""

    policy: ModelConfig
    samples: PositiveInt = 8
    """Answers to sample per instruction."""
    at_least: Share = 0.125
    """An instruction with a lower share of right answers is too hard."""
    at_most: Share = 0.875
    """An instruction with a higher share of right answers is too easy."""
    sampling: Drawn = SamplingConfig(temperature=1.0, max_tokens=4096)


class CheckConfig(Section):
    """Which answers pass their record's checks, and then the quality of request and answer."""

    qualities: tuple[Fault, ...] = ALL_FAULTS
    """Faults to ask the judge about, if there is a judge."""
    max_tokens: PositiveInt = 256
    """Tokens of the judge's reply on a quality, on a fused text or on what is possible, including its
    explanation."""
    judge_max_tokens: PositiveInt = 64
    """Tokens of the judge's reply on a record's own question."""
    difficulty: DifficultyConfig | None = None
    """Keep only instructions that the policy finds neither too easy nor too hard. null: all."""


class DecontaminateConfig(Section):
    """Drops records that overlap with a benchmark."""

    folder: Path | None = None
    """The folder with the benchmarks' data; null: the one that RAIF_BENCHMARK_DATA names."""
    words: PositiveInt = 13
    """A record is contaminated if it shares this many consecutive words with a benchmark."""
    characters: PositiveInt = 20
    """The same in characters, for mostly Chinese text."""
    min_words: PositiveInt = 8
    """A benchmark's prompt shorter than `words` is matched as a whole if it has at least this many words; an
    even shorter one contaminates only prompts equal to it."""
    min_characters: PositiveInt = 10
    """The same in characters."""


class PackConfig(Section):
    """Writes training and held-out files, mixed with math."""

    heldout_share: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Share of the seeds, and of the math problems, that is held out."""
    math: SourceConfig | None = None
    """Problems in DeepScaleR's layout: problem, answer, solution. Another has `columns`, with the problem as
    prompt and the answer as reference. null: no math."""
    math_ratio: NonNegativeFloat = 1.0
    """Math records per other record, as far as there are enough."""
    parquet: bool = False
    """Also write each split as Parquet."""


class StagedConfig(Section):
    mode: Literal["staged"] = "staged"
    """staged: each stage writes a file in the run's folder."""
    stages: tuple[StageName, ...] = ("select", "decontaminate", "pack")
    """What to do, in this order; each stage reads what the one before it wrote."""
    input: Path | None = None
    """Records for the first stage to read, unless that is select."""
    tagger: ModelConfig | None = None
    """The model that tags each seed with its task and topic. null: rules on its words."""
    teacher: ModelConfig | None = None
    """The model that writes instructions and answers. null: the builtin material, offline."""
    judge: JudgeConfig | None = None
    """The model that judges answers. null: the teacher."""
    prompts: Path | None = None
    """Folder of your own prompts, one YAML file per language; its folder `judge` can have those for the
    judge's yes/no questions, unless `judge.prompts` names another. null: the shipped ones."""
    seed: NonNegativeInt = 0
    """Determines every random draw."""
    max_failed: Share = 0.05
    """Share of a stage's items of which a request may fail for good, after its retries: they are set aside,
    and the others go on. More end the run. One always may, unless this is 0."""
    max_broken: Share = 0.05
    """Share of the lines of `select.sources`, `input` or `pack.math` that may be unreadable: they are dropped
    and named. More end the run. One always may, unless this is 0."""
    select: SelectConfig = SelectConfig()
    evolve: EvolveConfig = EvolveConfig()
    respond: RespondConfig = RespondConfig()
    check: CheckConfig = CheckConfig()
    decontaminate: DecontaminateConfig = DecontaminateConfig()
    pack: PackConfig = PackConfig()

    @property
    def models(self) -> dict[str, ModelConfig]:
        """The models that the stages ask, by their keys."""
        teaches = not {"evolve", "respond"}.isdisjoint(self.stages)
        checks = "check" in self.stages
        difficulty = self.check.difficulty
        found = {
            "tagger": self.tagger if "select" in self.stages else None,
            "teacher": self.teacher if teaches or (checks and not self.judge) else None,
            "judge": self.judge if checks or ("evolve" in self.stages and self.teacher) else None,
            "check.difficulty.policy": difficulty.policy if checks and difficulty else None,
        }
        return {key: model for key, model in found.items() if model}

    @property
    def judge_prompts(self) -> Path | None:
        """The folder of your own prompts for yes/no questions."""
        if self.judge and self.judge.prompts:
            return self.judge.prompts
        return own if self.prompts and (own := self.prompts / "judge").is_dir() else None

    @field_validator("judge")
    @classmethod
    def _judge_of_answers(cls, judge: JudgeConfig | None) -> JudgeConfig | None:
        """`check` limits the length of its replies, and the run's ledger keeps them."""
        return judge and judge.without("raif gen-data", ("local", "sampling", "attempts", "cache"))

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.stages or len(set(self.stages)) < len(self.stages):
            raise ValueError(f"stages: give at least one, each only once, not {list(self.stages)}")
        places = [IN_ORDER.index(name) for name in self.stages if name in IN_ORDER]
        if places != sorted(places) or "select" in self.stages[1:] or "pack" in self.stages[:-1]:
            raise ValueError(
                f"stages: the order is {', '.join(IN_ORDER)}; decontaminate can come anywhere in between"
            )
        if (self.stages[0] == "select") == (self.input is not None):
            raise ValueError(
                "input: give records for the first stage, unless that is select, which reads its own"
            )
        return self


def load_either(
    *, preset: str | None = None, file: Path | None = None, overrides: Sequence[str] = ()
) -> BuiltinConfig | StagedConfig | RetellConfig:
    """The config of `raif gen-data`; its key `mode` says which it is."""
    tree, sources, source = resolve("gen-data", preset=preset, file=file, overrides=overrides)
    if tree.get("mode") == "staged":
        return validate(StagedConfig, tree, sources, source)
    if tree.get("mode") == "retell":
        return validate(RetellConfig, tree, sources, source)
    return validate(BuiltinConfig, tree, sources, source)
