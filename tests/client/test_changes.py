"""Requests are changed as servers want them: what they say, and what is sent then."""

from __future__ import annotations

from typing import Any

import pytest

from raif.client.changes import CAPPED, FITTED, RENAMED, UNHEATED, Changes
from raif.client.chat import Reply
from raif.client.failures import Failed, of_status
from raif.config.models import EndpointConfig, SamplingConfig
from raif.errors import FailedRequest, TooLong
from tests.chat_server import Answer, Body, ChatServer, Script, chat_server, completion, replies

REQUEST: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "word " * 300}],
    "temperature": 0.0,
    "max_tokens": 16384,
}
"""Its prompt is estimated at 501 tokens."""
UNSUPPORTED = {
    "max_tokens": "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
    "'max_completion_tokens' instead.",
    "temperature": "Unsupported value: 'temperature' does not support 0 with this model. Only the default "
    "(1) value "
    "is supported.",
}
"""OpenAI's words, by the parameter."""


def refused(said: str, status: int = 400, **more: Any) -> Failed:
    return of_status(status, {"message": said, **more}, EndpointConfig(base_url="http://x/v1"))


WORDS: dict[str, tuple[str, dict[str, Any]]] = {
    "OpenAI, max_tokens": (UNSUPPORTED["max_tokens"], {"max_tokens": None, "max_completion_tokens": 16384}),
    "OpenAI, temperature": (UNSUPPORTED["temperature"], {"temperature": None}),
    "OpenAI, no temperature at all": (
        "Unsupported parameter: 'temperature' is not supported with this model.",
        {"temperature": None},
    ),
    "litellm": (
        "litellm.UnsupportedParamsError: gpt-5 models (including gpt-5-codex) don't support "
        "temperature=0.0. Only "
        "temperature=1 is supported.",
        {"temperature": None},
    ),
    "Moonshot": ("invalid temperature: only 1 is allowed for this model", {"temperature": None}),
    "Anthropic, temperature": ("`temperature` is deprecated for this model.", {"temperature": None}),
    "OpenAI, cap": (
        "max_tokens is too large: 16384. This model supports at most 4096 completion tokens, whereas you "
        "provided "
        "16384.",
        {"max_tokens": 4096},
    ),
    "DeepSeek": (
        "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
        {"max_tokens": 8192},
    ),
    "DashScope": (
        "<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 8192]",
        {"max_tokens": 8192},
    ),
    "Groq": (
        "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less "
        "than the "
        "`context_window` for this model",
        {"max_tokens": 8192},
    ),
    "Anthropic, cap": (
        "max_tokens: 16384 > 8192, which is the maximum allowed number of output tokens for claude-3-5-haiku",
        {"max_tokens": 8192},
    ),
    "OpenAI and vLLM to 0.8": (
        "This model's maximum context length is 4096 tokens. However, you requested 16684 tokens (300 in the "
        "messages, 16384 in the completion). Please reduce the length of the messages or completion.",
        {"max_tokens": 3796},
    ),
    "vLLM 0.9": (
        "'max_tokens' or 'max_completion_tokens' is too large: 16384. This model's maximum context length "
        "is 4096 "
        "tokens and your request has 300 input tokens (16384 > 4096 - 300).",
        {"max_tokens": 3796},
    ),
    "vLLM 0.15, which counts no further than it must": (
        "You passed 16385 input tokens and requested 16384 output tokens. However, the model's context "
        "length is "
        "only 32768 tokens, resulting in a maximum input length of 16384 tokens.",
        {"max_tokens": 4096},
    ),
    "vLLM 0.20, the same": (
        "This model's maximum context length is 16700 tokens. However, you requested 16384 output tokens "
        "and your "
        "prompt contains at least 317 input tokens, for a total of at least 16701 tokens.",
        {"max_tokens": 16700 - 100 - 501},
    ),
    "vLLM 0.32": (
        "max_tokens=16384 cannot be greater than max_model_len=max_total_tokens=4096. Please request fewer "
        "output "
        "tokens.",
        {"max_tokens": 4096 - 100 - 501},
    ),
    "SGLang": (
        "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a "
        "total of "
        "16684 tokens: 300 tokens from the input messages and 16384 tokens for the completion.",
        {"max_tokens": 3796},
    ),
    "llama.cpp": (
        "request (300 tokens) exceeds the available context size (4096 tokens), try increasing it",
        {"max_tokens": 3796},
    ),
    "OpenRouter": (
        "This endpoint's maximum context length is 4096 tokens. However, you requested about 16684 tokens "
        "(300 of "
        "text input, 16384 in the output).",
        {"max_tokens": 3796},
    ),
    "raif serve": (
        "This model's maximum context length is 4096 tokens, but the prompt has 300 tokens and 16384 more "
        "were "
        "asked for",
        {"max_tokens": 3796},
    ),
    "Groq, without a number": (
        "Please reduce the length of the messages or completion.",
        {"max_tokens": 4096},
    ),
}


@pytest.mark.parametrize(("said", "changed"), WORDS.values(), ids=WORDS)
def test_what_a_server_wants_is_understood(said: str, changed: dict[str, Any]) -> None:
    found = Changes().after(refused(said), REQUEST)
    assert found
    expected = {name: value for name, value in (REQUEST | changed).items() if value is not None}
    assert found.applied(REQUEST) == expected


OTHER = {
    "a filter": "The response was filtered: the temperature in the story. Support is available.",
    "a wrong name": "The model `gpt-6` does not exist",
    "another parameter": "Unsupported parameter: 'top_p' is not supported with this model.",
    "a cap that was kept": "max_tokens is too large: 16384. This model supports at most 32768 completion "
    "tokens",
}


@pytest.mark.parametrize("said", OTHER.values(), ids=OTHER)
def test_what_is_said_of_something_else_changes_nothing(said: str) -> None:
    assert Changes().after(refused(said), REQUEST) is None


def test_only_refusals_are_understood() -> None:
    assert Changes().after(refused(UNSUPPORTED["temperature"], 500), REQUEST) is None


HOPELESS = {
    "OpenAI": "This model's maximum context length is 4096 tokens. However, your messages resulted in 9000 "
    "tokens.",
    "vLLM 0.9": "This model's maximum context length is 4096 tokens. However, your request has 5000 input "
    "tokens.",
    "vLLM 0.32": "This model's maximum context length is 4096 tokens. However, your prompt contains at "
    "least 4097 "
    "input tokens, which exceeds this limit even without any output tokens.",
    "SGLang": "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
    "Anthropic": "prompt is too long: 210000 tokens > 200000 maximum",
    "Gemini": "The input token count (1200000) exceeds the maximum number of tokens allowed (1048575).",
    "DashScope": "Range of input length should be [1, 3072]",
}


@pytest.mark.parametrize("said", HOPELESS.values(), ids=HOPELESS)
def test_a_prompt_that_does_not_fit_is_called_so(said: str) -> None:
    with pytest.raises(Failed) as caught:
        Changes().after(refused(said), REQUEST)
    assert isinstance(caught.value.error, TooLong)
    assert said in caught.value.error.message


def asked(server: ChatServer, count: int = 1, **sampling: Any) -> list[Reply]:
    """Replies to so many requests, one after another."""
    endpoint = EndpointConfig(base_url=server.base_url, retries=0, concurrency=1)
    limit = {} if "max_completion_tokens" in sampling else {"max_tokens": 50}
    config = SamplingConfig.model_validate({**limit, **sampling})
    return [reply for _, reply in replies(endpoint, config, "m", [f"word {n}" for n in range(count)])]


def choosy(body: Body) -> Answer:
    """As OpenAI's reasoning models answer."""
    for name, said in UNSUPPORTED.items():
        if name in body:
            return 400, {"error": {"message": said, "param": name, "code": "unsupported_value"}}
    return completion("fine")


def test_a_model_is_asked_as_it_wants_after_it_has_said_so_once() -> None:
    with chat_server(choosy) as server:
        first = asked(server, 5)
        assert len(server.requests) == 2 + 5
        again = asked(server, 5)
        assert len(server.requests) == 2 + 10
    assert {reply.changed for reply in first + again} == {(RENAMED, UNHEATED)}
    assert server.requests[-1].keys() == {"model", "messages", "max_completion_tokens"}


def test_a_refusal_that_another_name_does_not_help_teaches_nothing() -> None:
    with chat_server(lambda body: choosy({"max_tokens": 1})) as server:
        with pytest.raises(FailedRequest):
            asked(server)
        server.script, server.requests = (lambda body: completion("fine")), []
        assert asked(server)[0].changed == ()
    assert "max_tokens" in server.requests[0]


def limited(context: int, own: int) -> Script:
    """A server that counts `own` tokens in each prompt, and says how many are too many."""

    def script(body: Body) -> Answer:
        if own + body["max_tokens"] <= context:
            return completion("fine")
        said = f"maximum context length is {context} tokens. However, your request has {own} input tokens"
        return 400, {"error": {"message": said}}

    return script


def test_the_context_that_a_server_tells_of_is_not_exceeded() -> None:
    with chat_server(limited(4096, 40)) as server:
        (reply,) = asked(server, max_tokens=16384)
    assert (len(server.requests), reply.changed) == (1, (FITTED,))
    assert 3900 < server.requests[0]["max_tokens"] < 4096 - 40


def test_a_server_that_does_not_tell_is_believed_when_it_refuses() -> None:
    with chat_server(limited(2000, 40)) as server:
        server.context = None
        found = asked(server, 3, max_tokens=16384)
    assert [body["max_tokens"] for body in server.requests[:2]] == [16384, 1960]
    assert len(server.requests) == 1 + 3  # from then on, the context is known
    assert {reply.changed for reply in found} == {(FITTED,)}


def test_little_room_is_counted_by_the_server() -> None:
    """We estimate this prompt at 3001 tokens, which would leave fewer than there are."""
    with chat_server(limited(4096, 2000)) as server:
        endpoint = EndpointConfig(base_url=server.base_url, retries=0)
        list(replies(endpoint, SamplingConfig(max_tokens=16384), "m", ["word " * 1800]))
    assert [body["max_tokens"] for body in server.requests] == [3996, 2096]


def test_a_prompt_that_leaves_nothing_is_given_up_after_a_few_free_requests() -> None:
    def script(body: Body) -> Answer:
        return 400, {"error": {"message": "Please reduce the length of the messages."}}

    with chat_server(script) as server:
        server.context = None
        with pytest.raises(TooLong):
            asked(server, max_tokens=16384)
    assert [body["max_tokens"] for body in server.requests] == [16384 // 4**n for n in range(8)]


def test_a_models_own_limit_is_not_taken_for_the_context() -> None:
    def script(body: Body) -> Answer:
        if body["max_tokens"] > 30:
            return 400, {"error": {"message": "the valid range of max_tokens is [1, 30]"}}
        return completion("fine")

    with chat_server(script) as server:
        assert {reply.changed for reply in asked(server, 3)} == {(CAPPED,)}
    assert len(server.requests) == 1 + 3


def test_all_parameters_are_sent_and_what_is_null_is_not() -> None:
    given: dict[str, Any] = {
        "temperature": None,
        "max_completion_tokens": 9,
        "top_p": 0.9,
        "top_k": 20,
        "min_p": 0.1,
        "presence_penalty": 1,
        "frequency_penalty": 0.5,
        "repetition_penalty": 1.1,
        "seed": 3,
        "stop": "END",
        "reasoning_effort": "low",
        "extra_body": {"chat_template_kwargs": {"enable_thinking": False}, "top_a": None},
    }
    with chat_server() as server:
        asked(server, **given)
    (body,) = server.requests
    del body["model"], body["messages"]
    extra = given.pop("extra_body")
    del given["temperature"]
    assert body == given | extra | {"stop": ["END"]}


@pytest.mark.parametrize(
    "keys",
    [{"top_p": 1.5}, {"extra_body": {"top_p": 1}}, {"extra_body": {"n": 2}}, {"stop": []}, {"stop": ""}],
)
def test_what_can_not_be_sent_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(keys))):
        SamplingConfig.model_validate(keys)


def test_what_is_not_given_is_no_part_of_what_replies_depend_on() -> None:
    """Replies that earlier versions kept are found again."""
    assert SamplingConfig(max_tokens=7).settings == {"temperature": 0.0, "max_tokens": 7}
    assert SamplingConfig(max_tokens=7, stop=("a",), top_k=5).settings == {
        "temperature": 0.0,
        "max_tokens": 7,
        "stop": ["a"],
        "top_k": 5,
    }
    assert SamplingConfig.model_validate({"max_completion_tokens": 7, "temperature": None}).settings == {
        "max_completion_tokens": 7
    }
