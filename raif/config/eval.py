"""The config of `raif eval`: every key with its type, bound and meaning."""

from __future__ import annotations

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
from raif.config.models import EndpointConfig, LocalConfig, SamplingConfig
from raif.reasoning import Style

Dialect = Literal["sound", "upstream", "authors"]
"""Whose scoring: `sound` is ours, `upstream` each benchmark's released script, `authors` the copy of it that
the method's authors made. The last two keep the scripts' quirks."""
OLD_DIALECT = "raif"
"""What `authors` was called: files and command lines can still say so."""
AnyDialect = Annotated[Dialect, BeforeValidator(lambda name: "authors" if name == OLD_DIALECT else name)]
"""A dialect as a file names it."""
Method = Literal["io", "cot", "sdc", "deepclaude", "self-consistency", "self-refine", "oracle-decomposition"]
"""How an answer is got out of a model: the rows and columns of the paper's tables 1 and 2."""


class EvalLocalConfig(LocalConfig):
    backend: Literal["process", "transformers", "vllm"] = "process"
    """process: in this one, batch by batch; the others: by that server, started before and stopped after."""
    arguments: tuple[str, ...] = ()
    """Further arguments for the server's own command line."""


class ContextConfig(Section):
    size: PositiveInt | None = None
    """Tokens that a prompt and its response share. The limit of a response is (size - the prompt's) / margin
    - 100, at least 1 and at most `sampling.max_tokens`; none: `sampling.max_tokens` alone."""
    margin: float = Field(default=1.3, ge=1)
    """For servers whose tokens are more than those that are counted here."""
    tokenizer: Path | None = None
    """A tokenizer.json, or the folder that holds it, to count the prompt's tokens by; none: the model's own
    where it is a folder, else an estimate, of a token for three letters or for a Chinese character."""


class MethodConfig(Section):
    thinker: str | None = None
    """deepclaude: the server's name for the model whose thinking is used."""
    thinker_endpoint: EndpointConfig = EndpointConfig()
    """deepclaude: where that model is; without an address it is asked where the answering one is."""
    samples: PositiveInt = 10
    """self-consistency: answers to choose from."""
    temperature: NonNegativeFloat = Field(default=1.0, le=2)
    """self-consistency: at which they are drawn."""
    turns: PositiveInt = 6
    """self-refine: answers at most, the first one included."""


class EvalConfig(Section):
    benchmark: str = "ifeval"
    """Which benchmark; `raif eval --help` lists them."""
    model: str | None = None
    """A checkpoint's folder, hub id or `packaged:NAME`; with `endpoint.base_url` the server's name for it."""
    responses: Path | None = None
    """Stored answers to score in place of a model: JSONL with `key` or `id`, `prompt` and `response` a line,
    or the benchmark's released format."""
    judgments: Path | None = None
    """Stored judgments to score in place of a judge: JSONL with `id`, `key` and `reply` a line, or the
    benchmark's released format."""
    data: Path | None = None
    """The benchmark's own file or folder; none: the one under the folder that RAIF_BENCHMARK_DATA names."""
    dialect: AnyDialect = "sound"
    """sound: what can't be judged is left out and counted; upstream: as each benchmark's released script
    scores, quirks included; authors: as the method's authors' copies of the scripts do."""
    method: Method = "io"
    """How the model is asked; `options` holds what some of the ways need."""
    options: MethodConfig = MethodConfig()
    think: Style = "none"
    """tagged: score what the answer tags hold; deepseek: what follows the thinking; none: the whole response.
    A model that `raif train` saved asks for its tags by its own chat template."""
    system: str | None = None
    """System text of each prompt."""
    wrap: str | None = None
    """Text put around each last turn, which takes the place of $prompt."""
    limit: PositiveInt | None = None
    """A random subset of this many items, the same one for the same seed; none: all."""
    seed: NonNegativeInt = 0
    """Draws the subset and the bootstrap's resamples."""
    sampling: SamplingConfig = SamplingConfig()
    context: ContextConfig = ContextConfig()
    endpoint: EndpointConfig = EndpointConfig()
    local: EvalLocalConfig = EvalLocalConfig()
    judge: JudgeConfig | None = None
    """Who scores the answers of benchmarks that need a judge; none: these can't be scored."""
    paper_model: str | None = None
    """The paper's model to compare with; none: the one that the model's name contains."""

    @field_validator("judge", mode="before")
    @classmethod
    def _judge_of_a_benchmark(cls, section: Any) -> Any:
        """Longer replies than to a yes/no question. Presets have settings for a judge not yet named."""
        if not isinstance(section, dict) or not isinstance(section.get("endpoint", {}), dict):
            return section
        named = section.get("model") is not None
        if named != (section.get("endpoint", {}).get("base_url") is not None):
            raise ValueError("model and endpoint.base_url go together (--judge-model, --judge-url)")
        if not named and not set(section) - set(JudgeConfig.model_fields):
            return None
        limited = "max_tokens" in section or section.get("sampling") is not None
        return section if limited else section | {"sampling": {"max_tokens": 2048}}

    @field_validator("judge")
    @classmethod
    def _judge_on_a_server(cls, judge: JudgeConfig | None) -> JudgeConfig | None:
        return judge and judge.without("raif eval", ("local", "think", "prices", "cache"))

    @model_validator(mode="after")
    def _answers_have_one_source(self) -> Self:
        if self.responses and self.endpoint.base_url:
            raise ValueError(
                "responses excludes endpoint.base_url: score stored answers, or ask a server for new ones"
            )
        if not self.responses and not self.model:
            raise ValueError("give a model (--model), or stored answers to score (--responses)")
        if (self.method == "deepclaude") != (self.options.thinker is not None):
            raise ValueError("method: deepclaude and options.thinker go together (--method, --thinker)")
        if self.method == "deepclaude" and not self.responses and not self.endpoint.base_url:
            raise ValueError("method: deepclaude asks two models, so give endpoint.base_url (--base-url)")
        if self.judgments and self.judge:
            raise ValueError("judgments excludes judge: score stored judgments, or ask a judge for new ones")
        return self
