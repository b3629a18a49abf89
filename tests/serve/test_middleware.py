"""The middleware around small applications that send what servers send, called as servers call it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from raif.serve.middleware import KEY, App, RequireKey, SplitDeepseek, SplitTagged

CHAT = "/v1/chat/completions"


def app(kind: str, *bodies: bytes, status: int = 200) -> App:
    """An application that answers anything with these bodies."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % sum(map(len, bodies)))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for body in bodies:
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body"})

    return answer


def get(
    application: App, path: str = CHAT, key: str | None = None, kind: str = "http", request: bytes = b"{}"
) -> list[dict]:
    """What the application sends."""
    sent: list[dict] = []

    async def send(event: dict) -> None:
        sent.append(event)

    headers = [(b"authorization", key.encode())] if key else []
    scope = {"type": kind, "method": "POST", "path": path, "headers": headers}

    async def receive() -> dict:
        return asked.pop(0)

    halves = _halves(request)
    asked: list[dict] = [
        {"type": "http.request", "body": halves[0], "more_body": True},
        {"type": "http.request", "body": halves[1]},
    ]
    asyncio.run(application(scope, receive, send))
    return sent


def body(sent: list[dict]) -> bytes:
    return b"".join(event.get("body", b"") for event in sent)


def whole(**message: Any) -> dict[str, Any]:
    """The message that clients get if the server sends this one."""
    sent_by_server = {"choices": [{"index": 0, "message": message}], "usage": {"total_tokens": 7}}
    sent = get(SplitTagged(app("application/json", *_halves(json.dumps(sent_by_server).encode()))))
    assert dict(sent[0]["headers"])[b"content-length"] == b"%d" % len(body(sent))
    answer = json.loads(body(sent))
    assert answer["usage"] == {"total_tokens": 7}
    return answer["choices"][0]["message"]


def _halves(text: bytes) -> tuple[bytes, bytes]:
    return text[: len(text) // 2], text[len(text) // 2 :]


def chunk(index: int = 0, finish: str | None = None, **delta: Any) -> bytes:
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


def streamed(*chunks: bytes, layer: type = SplitTagged) -> dict[int, dict[str, str]]:
    """The parts of each choice that clients get if the server sends these chunks."""
    found: dict[int, dict[str, str]] = {}
    for event in body(get(layer(app("text/event-stream; charset=utf-8", *chunks)))).split(b"\n\n"):
        if event.startswith(b"data: {"):
            for choice in json.loads(event.removeprefix(b"data: "))["choices"]:
                parts = found.setdefault(choice["index"], {})
                for name in ("reasoning_content", "reasoning", "content"):
                    parts[name] = parts.get(name, "") + choice["delta"].get(name, "")
    return found


def parts(thinking: str, answer: str) -> dict[str, str]:
    return {"reasoning_content": thinking, "reasoning": thinking, "content": answer}


def test_a_message_is_split_and_its_length_updated() -> None:
    message = whole(role="assistant", content="2 + 2\n</think>\n<answer>\n四\n</answer>")
    assert message == {"role": "assistant", **parts("2 + 2", "四")}


def test_reasoning_without_an_answer_leaves_the_content_empty() -> None:
    assert whole(content="2 + 2 is") == parts("2 + 2 is", "") | {"content": None}


def test_empty_reasoning_is_empty_and_not_missing() -> None:
    assert whole(content="</think><answer>4</answer>") == parts("", "4")


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_what_a_server_split_off_itself_stays_apart(name: str) -> None:
    assert whole(content="<answer>4</answer>", **{name: "2 + 2"}) == parts("2 + 2", "4")
    chunks = [chunk(**{name: "2 +"}), chunk(**{name: " 2"}), chunk(content="<answer>4"), chunk(content="5")]
    assert streamed(*chunks, chunk(finish="stop")) == {0: parts("2 + 2", "45")}


def test_a_stream_is_split_though_tags_and_events_are_cut() -> None:
    text = b"".join(chunk(content=c) for c in "2 + 2</think> <answer>4</answer>") + chunk(finish="stop")
    pieces = [text[n : n + 50] for n in range(0, len(text), 50)]
    assert streamed(*pieces) == {0: parts("2 + 2", "4")}


def test_what_was_held_back_comes_with_the_last_chunk() -> None:
    assert streamed(chunk(content="</think>4 <"), chunk(finish="length"), layer=SplitDeepseek) == {
        0: parts("", "4 <")
    }


def test_the_choices_of_a_stream_do_not_mix() -> None:
    chunks = [
        chunk(0, content="a</think>"),
        chunk(1, content="b"),
        chunk(0, content="c"),
        chunk(1, content="d"),
    ]
    assert streamed(*chunks, layer=SplitDeepseek) == {0: parts("a", "c"), 1: parts("bd", "")}


def test_the_rest_of_a_stream_is_passed_on_unchanged() -> None:
    others = b': keep-alive\n\ndata: {"choices": [], "usage": {"total_tokens": 7}}\n\ndata: [DONE]\n\n'
    sent = get(SplitTagged(app("text/event-stream", others)))
    assert body(sent) == others


def test_log_probabilities_stay_with_their_chunk() -> None:
    event = {
        "choices": [{"index": 0, "delta": {"content": "Yes"}, "logprobs": {"content": [{"token": "Yes"}]}}]
    }
    sent = body(get(SplitTagged(app("text/event-stream", b"data: " + json.dumps(event).encode() + b"\n\n"))))
    assert (
        json.loads(sent.removeprefix(b"data: "))["choices"][0]["logprobs"] == event["choices"][0]["logprobs"]
    )


def test_an_error_keeps_its_text_and_status() -> None:
    sent = get(SplitTagged(app("application/json", b'{"error": {"message": "too long"}}', status=400)))
    assert sent[0]["status"] == 400
    assert json.loads(body(sent)) == {"error": {"message": "too long"}}


def test_other_paths_and_kinds_are_passed_on_unchanged() -> None:
    text = json.dumps({"choices": [{"index": 0, "message": {"content": "a</think>b"}}]}).encode()
    assert body(get(SplitTagged(app("application/json", text)), path="/v1/completions")) == text
    assert body(get(SplitTagged(app("text/plain", text)))) == text


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        (CHAT, "Bearer secret", 200),
        (CHAT, "bearer secret", 200),
        (CHAT, "BEARER  secret", 200),
        (CHAT, "Basic secret", 401),
        (CHAT, None, 401),
        (CHAT, "Bearer secre", 401),
        (CHAT, "secret", 401),
        ("/update_weights", None, 401),
        ("/health", None, 200),
    ],
)
def test_every_path_but_health_needs_the_key(
    path: str, key: str | None, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "secret")
    sent = get(RequireKey(app("text/plain", b"ok")), path, key)
    assert sent[0]["status"] == status
    assert (body(sent) == b"ok") is (status == 200)


def test_a_websocket_needs_the_key_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "secret")
    assert get(RequireKey(app("", b"")), kind="websocket") == [{"type": "websocket.close", "code": 1008}]


def test_what_was_asked_reaches_the_application_whole() -> None:
    seen: list[dict] = []

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        seen.extend([await receive(), await receive()])

    get(SplitTagged(answer), request=b'{"model": "m"}')
    assert b"".join(event["body"] for event in seen) == b'{"model": "m"}'
    assert [event.get("more_body", False) for event in seen] == [True, False]


@pytest.mark.parametrize(
    ("kwargs", "split"),
    [({"enable_thinking": False}, False), ({"enable_thinking": True}, True), ({}, True), (None, True)],
)
def test_a_request_that_switches_thinking_off_is_not_split(kwargs: Any, split: bool) -> None:
    text = json.dumps({"choices": [{"index": 0, "message": {"content": "4"}}]}).encode()
    request = json.dumps({"chat_template_kwargs": kwargs}).encode()
    sent = body(get(SplitDeepseek(app("application/json", text)), request=request))
    message = json.loads(sent)["choices"][0]["message"]
    assert message == (parts("4", "") | {"content": None} if split else {"content": "4"})
