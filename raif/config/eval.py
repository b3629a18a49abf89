"""The config of `raif eval`: every key with its type, bounds and meaning."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    field_validator,
    model_validator,
)

from raif.config.base import Section
from raif.config.judge import JudgeConfig
from raif.config.models import EndpointConfig, LocalConfig, PricesConfig, SamplingConfig
from raif.reasoning import Style

Dialect = Literal["sound", "upstream", "authors"]
"""Whose scoring: `sound` is ours, `upstream` each benchmark's released script, `authors` the copy of it that
the method's authors made. The last two keep the scripts' quirks."""
OLD_DIALECT = "raif"
"""What `authors` was called: files and command lines can still say so."""
AnyDialect = Annotated[Dialect, BeforeValidator(lambda name: "authors" if name == OLD_DIALECT else name)]
"""A dialect as a file names it."""
Method = Literal["io", "cot", "sdc", "deepclaude", "self-consistency", "self-refine", "oracle-decomposition"]
"""How the model is prompted: the rows and columns of the paper's tables 1 and 2."""


JUDGED = "judge"
"""The value of `relevance` that stands for the judge."""
OLD_SEED = "sampling_seed"
LIMITS = {"max_tokens", "max_completion_tokens"}
"""The keys of a section of sampling that set its limit."""


class EvalLocalConfig(LocalConfig):
    backend: Literal["process", "transformers", "vllm"] = "process"
    """process: in this process, in batches; the others: by that server, started before and stopped
    afterwards."""
    arguments: tuple[str, ...] = ()
    """More arguments for the server's own command line."""


class ContextConfig(Section):
    size: PositiveInt | None = None
    """Tokens for a prompt and its response together. A response's limit is (size - prompt) / margin - 100, at
    least 1 and at most `sampling.max_tokens`; null: always `sampling.max_tokens`."""
    margin: float = Field(default=1.3, ge=1)
    """For servers that count more tokens than we do."""
    tokenizer: Path | None = None
    """A tokenizer.json, or its folder, to count the prompt's tokens with; null: the model's own if `model`
    is a folder, otherwise an estimate: one token for three letters, or for one Chinese character."""


class MethodConfig(Section):
    thinker: str | None = None
    """deepclaude: the server's name for the model whose reasoning is used."""
    thinker_endpoint: EndpointConfig = EndpointConfig()
    """deepclaude: that model's server; without an address, the same server as the answering model's."""
    thinker_sampling: SamplingConfig | None = None
    """deepclaude: how that model's replies are drawn. null: as the answering model's."""
    samples: PositiveInt = 10
    """self-consistency: number of answers to choose from."""
    temperature: NonNegativeFloat = Field(default=1.0, le=2)
    """self-consistency: the temperature at which they are sampled."""
    turns: PositiveInt = 6
    """self-refine: the most answers, including the first one."""


class EvalConfig(Section):
    benchmark: str = "ifeval"
    """Which benchmark; `raif eval --help` lists them."""
    model: str | None = None
    """A checkpoint's folder, hub id or `packaged:NAME`; with `endpoint.base_url` the server's name for it."""
    responses: Path | None = None
    """Stored answers to score instead of querying a model: JSONL with `key` or `id`, `prompt` and
    `response`, or the benchmark's released format."""
    judgments: Path | None = None
    """Stored judgments to score instead of querying a judge: JSONL with `id`, `key` and `reply`, or the
    benchmark's released format."""
    data: Path | None = None
    """The benchmark's own file or folder; null: the one in the folder that RAIF_BENCHMARK_DATA names."""
    dialect: AnyDialect = "sound"
    """sound: what can't be judged is left out and counted; upstream: as each benchmark's released script
    scores, quirks included; authors: as the method's authors' copies of the scripts do."""
    method: Method = "io"
    """How the model is prompted; `options` has the settings of some methods."""
    options: MethodConfig = MethodConfig()
    think: Style | Literal["auto"] = "none"
    """What is scored. tagged: the text in the answer tags; deepseek: the text after the reasoning; none: the
    whole response; auto: the text after whatever known tags of thinking a response has. A model saved by
    `raif train` asks for the tags in its own chat template."""
    think_tags: tuple[str, str] | None = None
    """Instead of `think`: what a model puts before and after its thinking."""
    system: str | None = None
    """System message for each prompt."""
    wrap: str | None = None
    """Text to put around each last turn, which replaces $prompt in it."""
    limit: PositiveInt | None = None
    """Evaluate at most this many random items, the same ones for the same seed; null: all. Items that depend
    on each other, such as FollowBench's five levels, are drawn together."""
    seed: NonNegativeInt = 0
    """Of the subset and of the bootstrap's resamples."""
    on_error: Literal["stop", "fail", "skip"] = "stop"
    """What becomes of items whose requests fail for good. stop: the run ends once more than `max_errors` have
    failed, and leaves out up to as many; fail: they count as failures of the model; skip: they are left out.
    fail and skip apply to items without a stored answer, too."""
    max_errors: str = Field(default="5%", coerce_numbers_to_str=True)
    """How many items may fail with `on_error: stop`, by the model and again by the judge: a number, or a
    share of all items, rounded up."""
    sampling: SamplingConfig = SamplingConfig()
    context: ContextConfig = ContextConfig()
    endpoint: EndpointConfig = EndpointConfig()
    local: EvalLocalConfig = EvalLocalConfig()
    judge: JudgeConfig | None = None
    """For benchmarks that need a judge; null: they can't be scored."""
    relevance: str | None = None
    """The model on this machine (a folder, hub id or `packaged:NAME`; computed as `local` says) by which the
    relevance of answers is measured, or `judge` to ask the judge instead; null: not measured."""
    relevance_limit: PositiveInt | None = None
    """Measure the relevance of this many random answers, the same ones for the same seed; null: of all."""
    prices: PricesConfig | None = None
    """What the model costs, for the report; null: unknown. The judge's are `judge.prices`."""
    paper_model: str | None = None
    """The paper's model to compare with; null: the one whose name is part of the model's."""

    def bearable(self, items: int) -> int | None:
        """How many of so many items may fail before the run ends; None: all."""
        if self.on_error != "stop":
            return None
        share = self.max_errors.removesuffix("%")
        return int(share) if share == self.max_errors else math.ceil(items * float(share) / 100)

    @field_validator("max_errors")
    @classmethod
    def _number_or_share(cls, most: str) -> str:
        if not re.fullmatch(r"\d+(\.\d+)?%|\d+", most):
            raise ValueError("give a number of items, or a share such as 5%")
        return most

    @model_validator(mode="before")
    @classmethod
    def _old_name_of_the_seed(cls, tree: Any) -> Any:
        """`sampling_seed` is what `sampling.seed` was called."""
        if not isinstance(tree, dict) or OLD_SEED not in tree:
            return tree
        rest = {key: value for key, value in tree.items() if key != OLD_SEED}
        sampling = rest.get("sampling", {})
        if tree[OLD_SEED] is None or not isinstance(sampling, dict):
            return rest
        return rest | {"sampling": {**sampling, "seed": tree[OLD_SEED]}}

    @field_validator("judge", mode="before")
    @classmethod
    def _judge_of_a_benchmark(cls, section: Any) -> Any:
        """Replies are longer than to yes/no questions. Presets have settings for a judge that is named
        later."""
        if not isinstance(section, dict) or not isinstance(section.get("endpoint", {}), dict):
            return section
        named = section.get("model") is not None
        if named != (section.get("endpoint", {}).get("base_url") is not None):
            raise ValueError("model and endpoint.base_url go together (--judge-model, --judge-url)")
        if not named and not set(section) - set(JudgeConfig.model_fields):
            return None
        sampling = section.get("sampling") or {}
        if "max_tokens" in section or not isinstance(sampling, dict) or not LIMITS.isdisjoint(sampling):
            return section
        return section | {"sampling": sampling | {"max_tokens": 2048}}

    @field_validator("judge")
    @classmethod
    def _judge_on_a_server(cls, judge: JudgeConfig | None) -> JudgeConfig | None:
        return judge and judge.without("raif eval", ("local", "think", "cache"))

    @model_validator(mode="after")
    def _answers_have_one_source(self) -> Self:
        if self.responses and self.endpoint.base_url:
            raise ValueError(
                "responses excludes endpoint.base_url: score stored answers, or query a server for new ones"
            )
        if not self.responses and not self.model:
            raise ValueError("give a model (--model), or stored answers to score (--responses)")
        if (self.method == "deepclaude") != (self.options.thinker is not None):
            raise ValueError("method: deepclaude and options.thinker go together (--method, --thinker)")
        of_thinker = self.options.thinker_sampling or self.options.thinker_endpoint.base_url
        if self.method != "deepclaude" and of_thinker:
            raise ValueError(
                "options.thinker_sampling and thinker_endpoint are for method: deepclaude (--thinker-url, "
                "--method)"
            )
        if self.method == "deepclaude" and not self.responses and not self.endpoint.base_url:
            raise ValueError("method: deepclaude queries two models, so give endpoint.base_url (--base-url)")
        if self.relevance == JUDGED and not self.judge:
            raise ValueError("relevance: judge needs one; give it with --judge-url and --judge-model")
        if self.think_tags and (self.think != "none" or "" in self.think_tags):
            raise ValueError("think_tags: give two texts, instead of think (--think-tags OPEN CLOSE)")
        if self.judgments and self.judge:
            raise ValueError(
                "judgments excludes judge: score stored judgments, or query a judge for new ones"
            )
        return self
