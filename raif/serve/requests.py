"""A request's JSON -> what the engine is asked. What can't be done is refused with 400, never ignored.

Parameters that change nothing about a reply (`user`, `metadata`) are accepted, and so is any parameter with
the value that asks for nothing (`"n": null`, `"tools": []`).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from raif.client.chat import TOP_LOGPROBS
from raif.errors import RaifError, did_you_mean
from raif.serve.http import Refused

if TYPE_CHECKING:
    from raif.models.chat import Chat
    from raif.models.engine import Ask

UNLIMITED = 4096
"""The most tokens of a response if neither the request nor the model sets a limit."""
_NOTHING: dict[str, tuple[Any, ...]] = {
    "logit_bias": ({},),
    "tools": ([],),
    "functions": ([],),
    "tool_choice": ("none", "auto"),
    "function_call": ("none", "auto"),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
    "store": (False,),
    "service_tier": ("auto", "default"),
    "best_of": (1,),
    "echo": (False,),
    "suffix": ("",),
    "user": (),
    "metadata": (),
    "parallel_tool_calls": (),
    "safety_identifier": (),
    "prompt_cache_key": (),
}
"""OpenAI's parameters that are not supported, with the values that ask for nothing. (): any value does."""


@dataclass(frozen=True, slots=True)
class Served:
    """What the server knows about its model. `defaults`: the sampling of its generation_config.json."""

    name: str
    chat: Chat
    context: int | None
    defaults: dict[str, float] = field(default_factory=dict)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StreamOptions(_Options):
    include_usage: bool = False
    include_obfuscation: bool = False
    """Accepted: there is nothing to hide from whoever reads the network."""


class Request(BaseModel):
    """What chat completions and completions have in common."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    model: str | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    n: int = Field(default=1, ge=1, le=128)
    seed: int | None = Field(default=None, ge=-(2**63), lt=2**63)
    stop: Annotated[list[Annotated[str, Field(min_length=1)]], BeforeValidator(_listed)] = []
    stream: bool = False
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=-1)
    min_p: float | None = Field(default=None, ge=0, le=1)
    repetition_penalty: float | None = Field(default=None, gt=0)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)

    DRAWING: ClassVar[tuple[str, ...]] = (
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "repetition_penalty",
        "presence_penalty",
        "frequency_penalty",
    )

    @property
    def usage(self) -> bool:
        """Whether a stream ends with the count of tokens."""
        return self.stream_options is not None and self.stream_options.include_usage

    @property
    def candidates(self) -> int | None:
        """How many candidates to report for each token; None: no log-probabilities."""
        raise NotImplementedError

    @property
    def limit(self) -> int | None:
        return self.max_tokens

    @classmethod
    def read(cls, body: Any, served: Served) -> Self:
        """Raises Refused."""
        if not isinstance(body, dict):
            raise Refused("the request's body is not a JSON object")
        asked = {name: value for name, value in body.items() if value is not None}
        for name in [name for name in asked if name in _NOTHING]:
            value, harmless = asked.pop(name), _NOTHING[name]
            if harmless and value not in harmless:
                raise Refused(f"{name} is not supported by this server (raif serve --backend vllm may)", name)
        try:
            request = cls.model_validate(asked)
        except ValidationError as error:
            raise _explained(error, cls) from None
        if request.model not in (None, served.name):
            raise Refused(
                f"the model {request.model!r} does not exist: this server has {served.name!r}",
                "model",
                "model_not_found",
                404,
            )
        if request.stream_options and not request.stream:
            raise Refused("stream_options are only for streams", "stream_options")
        return request

    def asks(self, prompt: list[int], served: Served) -> Ask:
        """What the engine is asked about one prompt. Raises Refused if it doesn't fit into the context."""
        from raif.models.engine import Ask
        from raif.models.sampling import Sampling

        wanted, context = self.limit, served.context
        if not prompt:
            raise Refused("the prompt is empty")
        if context and len(prompt) + (wanted or 1) > context:
            more = f" and {wanted} more were asked for" if wanted else ""
            raise Refused(
                f"This model's maximum context length is {context} tokens, but the prompt has "
                f"{len(prompt)} tokens{more}",
                "messages" if isinstance(self, ChatRequest) else "prompt",
                "context_length_exceeded",
            )
        given = {name: value for name in self.DRAWING if (value := getattr(self, name)) is not None}
        drawing = served.defaults | given
        return Ask(
            prompt,
            wanted or (context - len(prompt) if context else UNLIMITED),
            self.n,
            Sampling(**drawing | {"top_k": max(0, int(drawing.get("top_k", 0)))}),
            secrets.randbits(32) if self.seed is None else self.seed,
            self.stop,
            self.candidates,
        )


class TextPart(_Options):
    type: Literal["text"]
    text: str


class Turn(_Options):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart] = ""
    name: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, turn: Any) -> Any:
        """Clients send earlier replies back with all their fields, most of them null or empty."""
        if not isinstance(turn, dict):
            return turn
        return {name: value for name, value in turn.items() if value not in (None, [])}

    @property
    def rendered(self) -> dict[str, Any]:
        """What the chat template gets."""
        text = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)
        role = "system" if self.role == "developer" else self.role
        thought = self.reasoning_content if self.reasoning_content is not None else self.reasoning
        more = {"name": self.name, "reasoning_content": thought}
        return {"role": role, "content": text} | {k: v for k, v in more.items() if v is not None}


class ChatRequest(Request):
    messages: list[Turn] = Field(min_length=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    logprobs: bool = False
    top_logprobs: int = Field(default=0, ge=0, le=TOP_LOGPROBS)
    reasoning_effort: str | None = None
    chat_template_kwargs: dict[str, Any] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.top_logprobs and not self.logprobs:
            raise ValueError("top_logprobs needs logprobs: true")
        if None not in (self.max_tokens, self.max_completion_tokens) and self.max_tokens != self.limit:
            raise ValueError("max_tokens is the old name of max_completion_tokens: give one of them")
        return self

    @property
    def candidates(self) -> int | None:
        return self.top_logprobs if self.logprobs else None

    @property
    def limit(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens

    def prompt(self, chat: Chat) -> list[int]:
        """Raises Refused if the chat template has no such variables, or does not take these messages."""
        from jinja2 import TemplateError

        effort = {"reasoning_effort": self.reasoning_effort} if self.reasoning_effort else {}
        variables = self.chat_template_kwargs | effort
        for name in variables:
            if not chat.knows(name):
                param = name if name in effort else "chat_template_kwargs"
                raise Refused(f"the model's chat template has no variable {name!r}", param)
        try:
            text = chat.rendered([turn.rendered for turn in self.messages], **variables)
        except TemplateError as error:
            raise Refused(f"the model's chat template refuses these messages: {error}", "messages") from error
        except RaifError as error:  # there is none
            raise Refused(f"{error.message}: ask /v1/completions instead", "messages") from error
        except TypeError as error:  # a variable that the tokenizer takes for itself
            raise Refused(
                f"these can't be given to the chat template: {error}", "chat_template_kwargs"
            ) from error
        return chat.encode(_whole(text, "messages"))


def _several(value: Any) -> Any:
    one = isinstance(value, str) or (isinstance(value, list) and value and isinstance(value[0], int))
    return [value] if one else value


class CompletionRequest(Request):
    prompt: Annotated[list[str | list[int]], BeforeValidator(_several), Field(min_length=1)]
    logprobs: int | None = Field(default=None, ge=0, le=TOP_LOGPROBS)

    @property
    def candidates(self) -> int | None:
        return self.logprobs

    def prompts(self, chat: Chat) -> list[list[int]]:
        """The tokens of each prompt. Raises Refused if one does not exist."""
        encode, size = chat.tokenizer.encode, len(chat.tokenizer)
        found = [list(encode(_whole(one, "prompt"))) if isinstance(one, str) else one for one in self.prompt]
        if any(not 0 <= token < size for prompt in found for token in prompt):
            raise Refused(f"the vocabulary has tokens from 0 to {size - 1}", "prompt")
        return found


def _whole(text: str, param: str) -> str:
    """The text itself. Raises Refused for half of a surrogate pair, which UTF-8 can't hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Refused(f"half of a surrogate pair is no character: {error}", param) from None
    return text


def _place(loc: Sequence[int | str]) -> list[str]:
    """Where a mistake is, without the names of the types that a value could have had."""
    return [str(part) for part in loc if part != "str" and not str(part).startswith("list[")]


def _explained(error: ValidationError, request: type[Request]) -> Refused:
    """A mistake in a sentence: of several, and of what a value could have been, the one that is deepest."""
    found = [(_place(detail["loc"]), detail) for detail in error.errors()]
    path, detail = max(found, key=lambda one: len(one[0]))
    place = ".".join(path)
    if detail["type"] == "extra_forbidden" and len(path) == 1:
        known = [*request.model_fields, *_NOTHING]
        return Refused(f"unknown parameter: {place}. {did_you_mean(place, known)}", place)
    if detail["type"] == "extra_forbidden":
        return Refused(f"{place}: not supported by this server", place)
    message = detail["msg"].removeprefix("Value error, ")
    got = "" if detail["type"] in ("missing", "value_error") else f" (got {str(detail['input'])[:100]!r})"
    return Refused(f"{place}: {message}{got}" if place else message, place or None)
