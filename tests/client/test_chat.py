from __future__ import annotations

import json
import sys
import time

import pytest

from raif.client.card import card
from raif.client.chat import Reply, Usage
from raif.config.models import EndpointConfig, SamplingConfig
from raif.errors import ConfigError, EndpointError, FailedRequest
from tests.chat_server import ChatServer, chat_server, completion, last_turn, replies


def ask(server: ChatServer | str, *prompts: str, **endpoint: object) -> list[tuple[int, Reply]]:
    base_url = server if isinstance(server, str) else server.base_url
    config = EndpointConfig.model_validate({"base_url": base_url, "retries": 0, **endpoint})
    return list(replies(config, SamplingConfig(max_tokens=7), "m", prompts))


def refusal(
    status: int, body: dict[str, object] | str, **endpoint: object
) -> tuple[EndpointError, ChatServer]:
    with chat_server(lambda _: (status, body)) as server, pytest.raises(EndpointError) as caught:
        ask(server, "hello", **endpoint)
    return caught.value, server


def test_each_prompt_gets_its_own_reply() -> None:
    with chat_server() as server:
        found = dict(ask(server, "a", "b", "c"))
    assert {n: r.text for n, r in found.items()} == {0: "echo a", 1: "echo b", 2: "echo c"}


def test_the_request_says_model_messages_and_sampling() -> None:
    with chat_server() as server:
        ask(server, "hello")
    assert server.requests == [
        {
            "model": "m",
            "messages": [{"role": "user", "content": "hello"}],
            "temperature": 0.0,
            "max_tokens": 7,
        }
    ]


def test_half_of_a_surrogate_pair_is_sent_as_a_question_mark() -> None:
    with chat_server() as server:
        ask(server, "tea \ud83d\x00 茶")
    assert server.asked == ["tea ?\x00 茶"]


def test_a_cut_off_reply_says_so() -> None:
    with chat_server(lambda _: completion("half", finish="length")) as server:
        assert ask(server, "hello") == [(0, Reply("half", None, truncated=True))]


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_that_the_server_split_off_stays_separate(name: str) -> None:
    with chat_server(lambda _: completion("four", **{name: "2 + 2"})) as server:
        assert ask(server, "hello") == [(0, Reply("four", "2 + 2", truncated=False))]


def test_empty_reasoning_is_not_missing_reasoning() -> None:
    with chat_server(lambda _: completion("four", reasoning_content="")) as server:
        assert ask(server, "hello") == [(0, Reply("four", "", truncated=False))]


PARTS: dict[str, tuple[list[dict[str, object]], Reply]] = {
    "text": ([{"type": "text", "text": "fo"}, {"type": "text", "text": "ur"}], Reply("four", None, False)),
    "thinking": (
        [
            {"type": "thinking", "thinking": [{"type": "text", "text": "2 + 2"}]},
            {"type": "text", "text": "four"},
        ],
        Reply("four", "2 + 2", False),
    ),
    "thinking alone": ([{"type": "thinking", "thinking": "2 + 2"}], Reply("", "2 + 2", False)),
    "nothing": ([], Reply("", None, False)),
}


@pytest.mark.parametrize(("content", "reply"), PARTS.values(), ids=PARTS)
def test_content_can_be_a_list_of_parts(content: list[dict[str, object]], reply: Reply) -> None:
    status, body = completion("")
    body["choices"][0]["message"]["content"] = content
    with chat_server(lambda _: (status, body)) as server:
        assert ask(server, "hello") == [(0, reply)]


def test_no_content_is_an_empty_text() -> None:
    with chat_server(lambda _: completion(None, finish="length", reasoning_content="hm")) as server:
        assert ask(server, "hello") == [(0, Reply("", "hm", truncated=True))]


def test_a_model_that_declines_says_so_in_a_field_of_its_own() -> None:
    with chat_server(lambda _: completion(None, refusal="I can't.")) as server:
        assert ask(server, "hello") == [(0, Reply("I can't.", None, truncated=False))]


def stream(*chunks: object, end: str = "\n\n") -> str:
    """The events of a stream. What is text comes as it is."""
    lines = [each if isinstance(each, str) else f"data: {json.dumps(each)}" for each in chunks]
    return "".join(f"{line}{end}" for line in lines)


def delta(finish: str | None = None, index: int = 0, **fields: object) -> dict[str, object]:
    return {"choices": [{"index": index, "delta": fields, "finish_reason": finish}]}


USED = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
STREAMS = {
    "text and its count": (
        stream(
            delta(role="assistant", content=""), delta(content="fo\u2028"), delta("stop", content="ur"), USED
        ),
        Reply("fo\u2028ur", None, False, usage=Usage(3, 2)),
    ),
    "line ends of Windows": (
        stream(": ping", delta(content="fo"), delta("stop", content="ur"), "data: [DONE]", end="\r\n\r\n"),
        Reply("four", None, False),
    ),
    "thinking, cut off": (
        stream(delta(reasoning_content="2 + "), delta(reasoning_content="2", content=None), delta("length")),
        Reply("", "2 + 2", True),
    ),
    "parts": (
        stream(
            delta(content=[{"type": "text", "text": "fo"}]),
            delta("stop", content=[{"type": "text", "text": "ur"}]),
        ),
        Reply("four", None, False),
    ),
    "the first of two": (
        stream(delta("stop", 1, content="five"), delta("stop", content="four")),
        Reply("four", None, False),
    ),
}


@pytest.mark.parametrize(("events", "reply"), STREAMS.values(), ids=STREAMS)
def test_a_server_that_always_streams_is_read(events: str, reply: Reply) -> None:
    with chat_server(lambda _: (200, events)) as server:
        assert ask(server, "hello") == [(0, reply)]


def test_an_error_in_a_stream_is_an_error() -> None:
    said = stream(delta(content="fo"), {"error": {"message": "no key", "code": 401}})
    error, _ = refusal(200, said)
    assert not isinstance(error, FailedRequest)


@pytest.mark.parametrize("content", ["", "half of"])
def test_what_the_servers_filter_ended_is_not_the_models_reply(content: str) -> None:
    error, server = refusal(200, completion(content, finish="content_filter")[1], retries=2)
    assert isinstance(error, FailedRequest)
    assert (error.reason, len(server.requests)) == ("content filter", 1)


def test_replies_come_in_the_order_in_which_they_are_ready() -> None:
    def slow_first(body: dict) -> tuple[int, dict]:
        time.sleep(0.5 if last_turn(body) == "slow" else 0)
        return completion("ok")

    with chat_server(slow_first) as server:
        assert [n for n, _ in ask(server, "slow", "fast")] == [1, 0]


def test_no_more_requests_are_in_flight_than_allowed() -> None:
    def slow(_: dict) -> tuple[int, dict]:
        time.sleep(0.05)
        return completion("ok")

    with chat_server(slow) as server:
        ask(server, *map(str, range(12)), concurrency=3)
    assert server.most_in_flight == 3


def test_leaving_early_sends_no_more_requests() -> None:
    with chat_server() as server:
        config = EndpointConfig(base_url=server.base_url, concurrency=1)
        iterator = replies(config, SamplingConfig(), "m", [str(n) for n in range(20)])
        next(iterator)
        iterator.close()
        asked = len(server.requests)
        time.sleep(0.2)
    assert asked == len(server.requests) <= 2


def test_requests_to_an_overloaded_server_are_repeated() -> None:
    statuses = iter([503, 429, 200])
    with chat_server(
        lambda _: (s, {"error": "busy"}) if (s := next(statuses)) != 200 else completion("ok")
    ) as server:
        assert ask(server, "hello", retries=2)[0][1].text == "ok"
    assert len(server.requests) == 3


def test_a_refused_request_is_not_repeated_and_the_servers_words_are_kept() -> None:
    error, server = refusal(400, {"error": {"message": "max_tokens is too large"}}, retries=3)
    assert "HTTP 400: max_tokens is too large" in error.message
    assert server.base_url in error.message
    assert len(server.requests) == 1


def test_the_servers_words_in_fastapis_format_are_found_too() -> None:
    error, _ = refusal(400, {"detail": "Server is pinned to 'x'"})
    assert "HTTP 400: Server is pinned to 'x'" in error.message


def test_a_missing_keys_variable_is_named() -> None:
    error, _ = refusal(401, {"error": {"message": "no key"}}, api_key_env="MY_KEY")
    assert "MY_KEY" in error.hint


def test_the_key_comes_from_the_named_variable_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "not this one")
    monkeypatch.setenv("MY_KEY", "mine")
    with chat_server() as server:
        ask(server, "hello", api_key_env="MY_KEY")
        ask(server, "hello", api_key_env="UNSET_KEY")
    assert server.keys == ["Bearer mine", "Bearer mine", "Bearer none"]  # the first one asks about the model


def test_an_unreachable_server_is_named_with_a_remedy() -> None:
    with pytest.raises(EndpointError, match="can't be reached") as caught:
        ask("http://127.0.0.1:9/v1", "hello")
    assert "raif serve" in caught.value.hint
    assert "proxy" not in caught.value.hint


@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
def test_a_proxy_that_requests_go_through_is_named(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "http://user:secret@127.0.0.1:9")
    with pytest.raises(EndpointError, match="can't be reached") as caught:
        ask("http://server.invalid/v1", "hello")
    assert (
        f"{variable.lower()}. For a server of your own, put server.invalid into no_proxy" in caught.value.hint
    )
    assert "secret" not in str(caught.value)
    monkeypatch.setenv("no_proxy", "server.invalid")
    with pytest.raises(EndpointError) as caught:
        ask("http://server.invalid/v1", "hello")
    assert "proxy" not in caught.value.hint


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks5://127.0.0.1:9"])
def test_no_proxy_comes_between_this_machine_and_itself(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", proxy)
    with chat_server() as server:
        assert ask(server, "hello") == [(0, Reply("echo hello", None, truncated=False))]
        here = server.base_url.replace("127.0.0.1", "localhost")
        assert card(EndpointConfig(base_url=here), "m")


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "ftp://127.0.0.1:9"])
def test_a_proxy_that_can_not_be_used_is_a_mistake(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("all_proxy", proxy)
    with pytest.raises(ConfigError, match="all_proxy"):
        ask("http://server.invalid/v1", "hello")


def test_a_silent_server_is_given_up_after_the_timeout() -> None:
    def silent(_: dict) -> tuple[int, dict]:
        time.sleep(1.0)
        return completion("late")

    with chat_server(silent) as server, pytest.raises(EndpointError, match=r"no answer within 0\.2 seconds"):
        ask(server, "hello", timeout=0.2)


NOT_COMPLETIONS = {
    "broken JSON": '{"choices": [{"mess',
    "nothing": "",
    "a web page": "<html>Welcome</html>",
    "another service": {"hello": "world"},
    "a list": "[]",
    "no choice": {"choices": []},
    "no message": {"choices": [{"message": None}]},
    "a number as text": {"choices": [{"message": {"content": 4}}]},
    "null choices": {"choices": None},
    "a stream that breaks off": 'data: {"choices": [{"index": 0, "delta": {"content": "fo"}}]}\n\n',
    "another stream": "data: 7\n\n",
    "parts without a type": {"choices": [{"message": {"content": [{"text": "four"}]}}]},
    "parts that are no text": {"choices": [{"message": {"content": [{"type": "text", "text": 4}]}}]},
}


@pytest.mark.parametrize("body", NOT_COMPLETIONS.values(), ids=NOT_COMPLETIONS)
def test_an_answer_that_is_not_a_completion_is_an_error_after_the_retries(body: dict[str, object]) -> None:
    error, server = refusal(200, body, retries=1)
    assert isinstance(error, FailedRequest)
    assert error.reason == "not a chat completion"
    assert "not a chat completion" in error.message
    assert "/v1" in error.hint
    assert len(server.requests) == 2


ERROR = {"message": "the model is overloaded"}


@pytest.mark.parametrize(
    ("body", "reason", "attempts"),
    [
        ({"error": ERROR}, "an error with HTTP 200", 2),
        ({"error": "the model is overloaded"}, "an error with HTTP 200", 2),
        ({"error": ERROR | {"code": 502}, "choices": []}, "HTTP 502", 2),
        ({"choices": [{"error": ERROR | {"code": "502"}, "message": {"content": ""}}]}, "HTTP 502", 2),
        ({"error": ERROR | {"code": 400}}, "HTTP 400", 1),
        ({"error": ERROR | {"code": "overloaded_error"}}, "an error with HTTP 200", 2),
    ],
)
def test_an_error_with_the_status_of_success_is_an_error(
    body: dict[str, object], reason: str, attempts: int
) -> None:
    error, server = refusal(200, body, retries=1)
    assert isinstance(error, FailedRequest)
    assert error.reason == reason
    assert "the model is overloaded" in error.message
    assert len(server.requests) == attempts


@pytest.mark.parametrize("status", [400, 403, 413, 422, 500, 503])
def test_what_may_be_due_to_one_request_is_told_from_what_concerns_all(status: int) -> None:
    error, _ = refusal(status, {"error": "no"})
    assert isinstance(error, FailedRequest)
    assert error.reason == f"HTTP {status}"


@pytest.mark.parametrize("status", [401, 402, 404, 429])
def test_what_concerns_all_requests_is_no_failure_of_one(status: int) -> None:
    error, _ = refusal(status, {"error": "no"})
    assert not isinstance(error, FailedRequest)


@pytest.mark.parametrize("status", [200, 400, 429])
@pytest.mark.parametrize("field", ["code", "type"])
@pytest.mark.parametrize("code", ["insufficient_quota", "exceeded_current_quota_error", "Arrearage"])
def test_an_exhausted_quota_is_not_waited_for(code: str, field: str, status: int) -> None:
    said = {"message": "you exceeded your quota", field: code}
    error, server = refusal(status, {"error": said}, retries=3)
    assert not isinstance(error, FailedRequest)
    assert "the quota is exhausted: you exceeded your quota" in error.message
    assert len(server.requests) == 1


@pytest.mark.parametrize(("status", "ends"), [(429, True), (400, False)])
def test_a_gateway_says_it_in_words_and_a_prompt_may_too(status: int, ends: bool) -> None:
    error, _ = refusal(
        status, {"error": {"message": "openai: {'code': 'insufficient_quota'}", "code": str(status)}}
    )
    assert ("the quota is exhausted" in error.message) == ends
    assert isinstance(error, FailedRequest) != ends


@pytest.mark.parametrize(
    "key", ["sk-secret\nsk-two", " sk-secret", "sk-secret\r", "“sk-secret”", "sk-secret\0"]
)
def test_a_key_that_can_not_be_one_is_never_sent_or_shown(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {"MY_KEY": key})  # the real one refuses a zero byte
    with chat_server() as server, pytest.raises(ConfigError, match="the key in MY_KEY") as caught:
        ask(server, "hello", api_key_env="MY_KEY")
    assert server.requests == []
    assert "secret" not in str(caught.value)


def test_a_key_that_is_missing_according_to_the_body_is_named() -> None:
    error, server = refusal(
        200, {"error": {"code": 401, "message": "no key"}}, retries=3, api_key_env="MY_KEY"
    )
    assert not isinstance(error, FailedRequest)
    assert "MY_KEY" in error.hint
    assert len(server.requests) == 1


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None}, {"total_tokens": 3}, "3"])
def test_a_reply_whose_tokens_are_not_counted_is_a_reply(usage: object) -> None:
    status, body = completion("ok")
    with chat_server(lambda _: (status, body | {"usage": usage})) as server:
        assert ask(server, "hello") == [(0, Reply("ok", None, truncated=False))]
