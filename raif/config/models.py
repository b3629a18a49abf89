"""Models to ask: on an OpenAI-compatible server or in this process, how they sample, what they cost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from raif.config.base import Section
from raif.reasoning import Style

_OURS = ("model", "messages", "stream", "n")
"""Parameters of a request that are never part of its sampling."""
_NEW_NAME = "max_completion_tokens"
Text = Annotated[str, Field(min_length=1)]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class EndpointConfig(Section):
    base_url: str | None = None
    """The server's address with its version, e.g. http://127.0.0.1:8000/v1; null: no server is used."""
    api_key_env: str = "OPENAI_API_KEY"
    """Name of the environment variable with the key. The key itself is never part of a config. A preset's
    belongs to its server: another base_url doesn't keep it."""
    concurrency: PositiveInt = 16
    """The most requests in flight at once. Reduced after HTTP 429, and raised again while requests
    succeed."""
    timeout: PositiveFloat = 600.0
    """Time limit for one request, in seconds."""
    retries: NonNegativeInt = 4
    """Further attempts after a timeout, a lost connection, HTTP 408, 409, 429 or 5xx. The wait doubles
    each time, unless the server sends Retry-After. 429 uses up no attempt while other requests succeed."""

    @field_validator("base_url")
    @classmethod
    def _can_be_asked(cls, url: str | None) -> str | None:
        if url is None:
            return None
        try:
            parts = urlsplit(url.strip())
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:  # brackets without an end, or a port that is no number
            usable = False
        if not usable:
            raise ValueError("give an address such as http://127.0.0.1:8000/v1")
        return url.strip()


class SamplingConfig(Section):
    """How replies are drawn. What is null isn't sent, so that the server decides.

    `base: NAME` in a file, or `--set sampling.base=NAME`, starts from one of the presets of sampling.
    """

    temperature: NonNegativeFloat | None = Field(default=0.0, le=2)
    """0: greedy. null: the server's own, or 1 in this process."""
    max_tokens: PositiveInt = 4096
    """Tokens of a response, including its reasoning; a longer one is cut off, scored as it is, and
    counted."""
    limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What that limit is called in requests. `max_completion_tokens`, given as a key, sets limit and name."""
    top_p: float | None = Field(default=None, gt=0, le=1)
    """Only the likeliest tokens that together have this probability."""
    top_k: int | None = Field(default=None, ge=-1)
    """Only that many of the likeliest tokens; 0 or -1: all."""
    min_p: float | None = Field(default=None, ge=0, le=1)
    """Only tokens at least this share as likely as the likeliest."""
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    """For tokens that are in the response."""
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    """For tokens that are in the response, once for each time."""
    repetition_penalty: PositiveFloat | None = None
    """For tokens that are in the prompt or the response; 1: none."""
    seed: NonNegativeInt | None = None
    """In `raif eval` each call of a method has its own, from this one on; `raif gen-data` sets it itself."""
    stop: Annotated[tuple[Text, ...], Field(min_length=1), BeforeValidator(_listed)] | None = None
    """Texts that end a response, which doesn't contain them."""
    reasoning_effort: str | None = None
    """How long a model thinks, for those that know the word: low, medium, high."""
    extra_body: dict[str, Any] | None = None
    """Any other parameters of the server's, such as {chat_template_kwargs: {enable_thinking: false}}."""

    @model_validator(mode="before")
    @classmethod
    def _new_name_of_the_limit(cls, tree: Any) -> Any:
        if not isinstance(tree, dict) or tree.get(_NEW_NAME) is None:
            return tree
        if tree.get("max_tokens", tree[_NEW_NAME]) != tree[_NEW_NAME]:
            raise ValueError(f"{_NEW_NAME} is another name of max_tokens: give one of them")
        rest = {key: value for key, value in tree.items() if key != _NEW_NAME}
        return rest | {"max_tokens": tree[_NEW_NAME], "limit_name": _NEW_NAME}

    @field_validator("extra_body")
    @classmethod
    def _only_others(cls, extra: dict[str, Any] | None) -> dict[str, Any] | None:
        for name in extra or ():
            if name in cls.model_fields or name == _NEW_NAME:
                raise ValueError(f"{name} is a key of its own; give it without extra_body")
            if name in _OURS:
                raise ValueError(f"{name} is not part of how a reply is drawn")
        return extra or None

    @property
    def settings(self) -> dict[str, Any]:
        """What replies depend on, as JSON has it and requests say it: the keys that have a value."""
        given = {name: value for name, value in self.model_dump(mode="json").items() if value is not None}
        name, limit = given.pop("limit_name"), given.pop("max_tokens")
        return given | {name: limit}

    def request(self, limit: int) -> dict[str, Any]:
        """The parameters of a request whose reply may have `limit` tokens."""
        given = self.settings | {self.limit_name: limit}
        extra = given.pop("extra_body", {})
        return given | extra


def cpu_flags() -> set[str]:
    """What Linux says that this machine's CPU can do; nothing on other systems."""
    file = Path("/proc/cpuinfo")
    return set(file.read_text("utf-8").split()) if file.exists() else set()


Compute = Literal["auto", "bfloat16", "float32"]
"""Precision of weights and matrix products. auto: bfloat16, but float32 with `device: cpu` if the CPU
has no instructions for bfloat16 (AMX or AVX-512 BF16), and would be slower with it."""


def choose_compute(cls: type[Section], given: Any) -> Any:
    """Replaces `auto` by what suits this machine: a run keeps the precision that it started with."""
    if isinstance(given, dict) and given.get("compute") == "auto":
        slow = given.get("device") == "cpu" and not {"amx_bf16", "avx512_bf16"} & cpu_flags()
        return {**given, "compute": "float32" if slow else "bfloat16"}
    return given


class LocalConfig(Section):
    compute: Compute = "bfloat16"
    """Precision of weights and matrix products; auto: what is faster on this machine."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU if there is one."""
    batch: PositiveInt = 16
    """Prompts that are answered together, after which their answers are saved."""

    _choose_compute = model_validator(mode="before")(choose_compute)


class PricesConfig(Section):
    """Money per million tokens, in any currency."""

    read: NonNegativeFloat
    """Of a request."""
    written: NonNegativeFloat
    """Of a reply, including its reasoning."""


class ModelConfig(Section):
    model: str
    """The server's name for it."""
    endpoint: EndpointConfig
    think: Style = "none"
    """How its reasoning is marked in a reply, if the server doesn't split it off. tagged: the model is
    asked to put it between tags."""
    prices: PricesConfig | None = None
    """What it costs. null: unknown, so that --max-cost refuses to start; {read: 0, written: 0}: nothing. In a
    preset they belong to its model and server: another model or base_url doesn't keep them."""

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if self.endpoint.base_url is None:
            raise ValueError("endpoint.base_url: give the server's address; this model is queried over HTTP")
        return self
