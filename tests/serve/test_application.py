"""The endpoints of our own server, in this process: what each parameter does, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs raif[serve]")
pytest.importorskip("starlette", reason="needs raif[serve]")

import torch

from raif.config.serve import ServeConfig
from raif.models.chat import Chat
from raif.models.engine import Engine, Token
from raif.models.load import load
from raif.models.written import BROKEN
from raif.serve.application import _logprobs, application, defaults
from raif.serve.middleware import App, SplitTagged
from raif.serve.requests import Served
from tests import tiny
from tests.serve import thinker
from tests.serve.asked import ask

CHAT, RAW = "/v1/chat/completions", "/v1/completions"
ASKED = [{"role": "user", "content": thinker.ASKED}]
CONTEXT = 400


def served(folder: Path, layers: Any = (), **defaults: float) -> App:
    model = load(str(folder), dtype=torch.float32, device="cpu")
    known = Served("thinker", Chat(model.tokenizer, "none"), CONTEXT, defaults)
    return application(Engine(model, rows=4), known, layers)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return thinker.make(tmp_path_factory.mktemp("thinker"), certainty=0.4)


@pytest.fixture(scope="module")
def app(folder: Path) -> App:
    return served(folder, [SplitTagged])


def chat(app: App, **more: Any) -> tuple[int, Any]:
    return ask(app, CHAT, {"model": "thinker", "messages": ASKED, "temperature": 0, **more})


def message(app: App, **more: Any) -> dict[str, Any]:
    status, reply = chat(app, **more)
    assert status == 200, reply
    return reply["choices"][0]["message"]


def parts(thinking: str, answer: str | None) -> dict[str, Any]:
    return {"role": "assistant", "reasoning": thinking, "reasoning_content": thinking, "content": answer}


def test_reasoning_has_both_names(app: App) -> None:
    status, reply = chat(app)
    assert (status, reply["object"], reply["model"]) == (200, "chat.completion", "thinker")
    assert reply["choices"] == [
        {"index": 0, "message": parts(thinker.THINKING, thinker.ANSWER), "finish_reason": "stop"}
    ]
    counted = reply["usage"]
    assert counted["completion_tokens"] == len(thinker.PIECES) + 1
    assert counted["total_tokens"] == counted["prompt_tokens"] + counted["completion_tokens"]


def test_a_stream_has_the_same_parts_in_chunks(app: App) -> None:
    status, events = chat(app, stream=True, stream_options={"include_usage": True})
    *chunks, last = events
    assert (status, last["choices"], last["usage"]["completion_tokens"]) == (200, [], len(thinker.PIECES) + 1)
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    joined = {
        name: "".join(choice["delta"].get(name, "") for choice in choices)
        for name in ("reasoning", "reasoning_content", "content")
    }
    assert {"role": "assistant", **joined} == parts(thinker.THINKING, thinker.ANSWER)
    assert choices[0]["delta"]["role"] == "assistant"
    assert [choice["finish_reason"] for choice in choices][-2:] == [None, "stop"]


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_limit_cuts_a_response_off(app: App, name: str) -> None:
    _, reply = chat(app, **{name: 1})
    assert reply["choices"][0]["finish_reason"] == "length"
    assert reply["choices"][0]["message"] == parts("Two and two", None)
    assert reply["usage"]["completion_tokens"] == 1


def test_several_responses_to_a_prompt(app: App) -> None:
    _, reply = chat(app, n=3)
    assert [choice["index"] for choice in reply["choices"]] == [0, 1, 2]
    assert {choice["message"]["content"] for choice in reply["choices"]} == {thinker.ANSWER}
    _, events = chat(app, n=3, stream=True)
    ended = [c["index"] for event in events for c in event["choices"] if c["finish_reason"]]
    assert sorted(ended) == [0, 1, 2]


@pytest.mark.parametrize("stop", ["two make", ["never", "two make"]])
def test_stop_strings(app: App, stop: Any) -> None:
    _, reply = chat(app, stop=stop)
    assert reply["choices"][0]["message"] == parts("Two and", None)
    assert reply["choices"][0]["finish_reason"] == "stop"


def test_a_seed_decides_what_is_sampled(app: App) -> None:
    def sampled(**more: Any) -> str:
        return str(message(app, temperature=2, max_tokens=30, **more))

    assert sampled(seed=5) == sampled(seed=5) != sampled(seed=6)
    assert sampled() != sampled()


@pytest.mark.parametrize("way", [{"top_k": 1}, {"top_p": 0.01}, {"min_p": 1.0}])
def test_filters_make_a_hot_response_the_likeliest(app: App, way: dict[str, float]) -> None:
    assert message(app, temperature=2, **way) == parts(thinker.THINKING, thinker.ANSWER)


def test_penalties_forbid_what_was_written(app: App) -> None:
    """Without the first token, which the prompt's penalty outweighs, the response is another."""
    assert message(app, frequency_penalty=2.0, presence_penalty=2.0)["reasoning"] == thinker.THINKING
    assert message(app, repetition_penalty=1e6, max_tokens=5) == message(app, max_tokens=5)


def test_log_probabilities(app: App) -> None:
    _, reply = chat(app, logprobs=True, top_logprobs=2, max_tokens=1)
    (token,) = reply["choices"][0]["logprobs"]["content"]
    assert (token["token"], bytes(token["bytes"]).decode()) == (thinker.PIECES[0],) * 2
    assert token["top_logprobs"][0] == {name: token[name] for name in ("token", "logprob", "bytes")}
    assert len(token["top_logprobs"]) == 2
    _, reply = chat(app, logprobs=True, max_tokens=1)
    assert reply["choices"][0]["logprobs"]["content"][0]["top_logprobs"] == []


def test_a_part_of_a_character_has_no_bytes_of_its_own() -> None:
    whole, part = _logprobs([Token("茶", -1.0), Token(BROKEN, -2.0, ((BROKEN, -2.0),))])["logprobs"][
        "content"
    ]
    assert bytes(whole["bytes"]).decode() == "茶"
    assert (part["bytes"], part["top_logprobs"][0]["bytes"]) == (None, None)


def test_what_changes_nothing_is_taken(app: App) -> None:
    nothing = {"n": None, "tools": [], "user": "me", "response_format": {"type": "text"}, "logit_bias": {}}
    assert message(app, **nothing) == parts(thinker.THINKING, thinker.ANSWER)


def test_earlier_replies_come_back_as_clients_keep_them(app: App) -> None:
    earlier = parts("I think.", "4") | {"refusal": None, "tool_calls": None, "annotations": []}
    again = [*ASKED, earlier, {"role": "user", "content": [{"type": "text", "text": "Sure?"}]}]
    assert message(app, messages=again, max_tokens=1)


def test_a_developers_message_is_the_system_prompt(app: App) -> None:
    def read(role: str) -> int:
        _, reply = chat(app, messages=[{"role": role, "content": "Be kind."}, *ASKED], max_tokens=1)
        return int(reply["usage"]["prompt_tokens"])

    assert read("developer") == read("system")


@pytest.mark.parametrize(
    ("wrong", "param", "words"),
    [
        ({"max_tokens": 0}, "max_tokens", "greater than or equal to 1"),
        ({"max_completion_tokens": 0}, "max_completion_tokens", "greater than or equal to 1"),
        ({"max_tokens": 3, "max_completion_tokens": 4}, None, "give one of them"),
        ({"messages": []}, "messages", "at least 1"),
        ({"messages": "Hello"}, "messages", "list"),
        ({"logit_bias": {"5": 3}}, "logit_bias", "not supported"),
        ({"tools": [{"type": "function"}]}, "tools", "not supported"),
        ({"response_format": {"type": "json_object"}}, "response_format", "not supported"),
        ({"n": 0}, "n", "greater than or equal to 1"),
        ({"n": 2.5}, "n", "integer"),
        ({"stop": [""]}, "stop.0", "at least 1 character"),
        ({"temperature": -1}, "temperature", "greater than or equal to 0"),
        ({"temperature": "hot"}, "temperature", "number"),
        ({"top_p": 0}, "top_p", "greater than 0"),
        ({"top_logprobs": 3}, None, "needs logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "less than or equal to 20"),
        ({"stream_options": {"include_usage": True}}, "stream_options", "only for streams"),
        ({"max_token": 5}, "max_token", "Did you mean 'max_tokens'?"),
        ({"best_of": 4}, "best_of", "not supported"),
        ({"reasoning_effort": "low"}, "reasoning_effort", "no variable 'reasoning_effort'"),
        ({"chat_template_kwargs": {"enable_thinking": False}}, "chat_template_kwargs", "no variable"),
        ({"chat_template_kwargs": {"messages": []}}, "chat_template_kwargs", "can't be given"),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, "messages", "surrogate"),
        ({"temperature": float("nan")}, "temperature", "finite"),
        ({"messages": [{"role": "tool", "content": "4"}]}, "messages.0.role", "'user'"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages.0.content", "string"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "messages.0.content.0.type",
            "'text'",
        ),
        ({"messages": [{"role": "user", "content": "x" * CONTEXT}]}, "messages", "maximum context length"),
        ({"max_tokens": CONTEXT}, "messages", "maximum context length"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_refused_in_openais_words(
    app: App, wrong: dict[str, Any], param: str | None, words: str
) -> None:
    status, reply = chat(app, **wrong)
    error = reply["error"]
    assert (status, error["type"]) == (400, "invalid_request_error"), reply
    assert words in error["message"]
    assert set(error) == {"message", "type", "param", "code"}
    if param:
        assert error["param"] == param


def test_a_prompt_that_is_too_long_has_openais_code(app: App) -> None:
    _, reply = chat(app, max_tokens=CONTEXT)
    assert reply["error"]["code"] == "context_length_exceeded"


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"text"'])
def test_a_body_that_is_no_object_is_refused(app: App, body: bytes) -> None:
    status, reply = ask(app, CHAT, body)
    assert status == 400
    assert "JSON" in reply["error"]["message"]


def test_another_model_is_not_found(app: App) -> None:
    status, reply = chat(app, model="gpt-5")
    assert (status, reply["error"]["code"]) == (404, "model_not_found")
    assert "'thinker'" in reply["error"]["message"]


def test_the_list_of_models_names_what_is_served(app: App) -> None:
    status, reply = ask(app, "/v1/models")
    (card,) = reply["data"]
    assert (status, card["id"], card["max_model_len"]) == (200, "thinker", CONTEXT)
    assert ask(app, "/v1/models/thinker") == (200, card)
    assert ask(app, "/v1/models/other")[0] == 404


def test_other_paths_are_not_found(app: App) -> None:
    status, reply = ask(app, "/v1/responses", {})
    assert (status, reply["error"]["type"]) == (404, "invalid_request_error")
    assert ask(app, CHAT)[0] == 405


def test_what_goes_wrong_inside_is_a_server_error_and_the_next_request_works(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr("raif.models.engine.Batch.prefill", broken)
        status, reply = chat(app)
        assert (status, reply["error"]["type"]) == (500, "server_error")
        assert "out of memory" in reply["error"]["message"]
        status, (_, error) = chat(app, stream=True)
        assert (status, error["error"]["type"]) == (200, "server_error")
    assert message(app)["content"] == thinker.ANSWER


def test_completions_take_prompts_as_they_are(folder: Path) -> None:
    app = served(folder)
    body = {"prompt": [".\n", "x\n"], "temperature": 0, "max_tokens": 2, "logprobs": 1, "n": 2}
    status, reply = ask(app, RAW, body)
    assert (status, reply["object"]) == (200, "text_completion")
    assert [choice["index"] for choice in reply["choices"]] == [0, 1, 2, 3]
    assert {choice["text"] for choice in reply["choices"]} == {"Two and two make four.\n</th"}
    assert reply["choices"][0]["logprobs"]["tokens"] == list(thinker.PIECES[:2])
    ids = load(str(folder), dtype="float32", device="cpu").tokenizer.encode("x\n")
    assert ask(app, RAW, body | {"prompt": ids})[1]["choices"][0]["text"] == reply["choices"][2]["text"]
    _, events = ask(app, RAW, body | {"stream": True})
    texts = [[c["text"] for e in events for c in e["choices"] if c["index"] == i] for i in range(4)]
    assert ["".join(text) for text in texts] == ["Two and two make four.\n</th"] * 4


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"prompt": []}, "prompt"),
        ({"prompt": ""}, "the prompt is empty"),
        ({"prompt": [10**6]}, "the vocabulary has tokens"),
        ({"prompt": "x", "echo": True}, "not supported"),
        ({}, "prompt"),
    ],
)
def test_completions_refuse_what_they_cannot_do(app: App, wrong: dict[str, Any], words: str) -> None:
    status, reply = ask(app, RAW, wrong)
    assert status == 400
    assert words in reply["error"]["message"]


def test_requests_that_do_not_say_are_sampled_as_the_checkpoint_says(folder: Path, tmp_path: Path) -> None:
    config = ServeConfig(model="m")
    assert defaults(tmp_path, config) == {}
    (tmp_path / "generation_config.json").write_text('{"top_k": 20, "do_sample": true, "temperature": 0.6}')
    assert defaults(tmp_path, config) == {"top_k": 20, "temperature": 0.6}
    assert defaults(tmp_path, config.model_copy(update={"judge": True}))["temperature"] == 0
    app = served(folder, [SplitTagged], temperature=0)
    _, reply = ask(app, CHAT, {"messages": ASKED})
    assert reply["choices"][0]["message"] == parts(thinker.THINKING, thinker.ANSWER)


def test_thinking_is_switched_off_by_the_template(tmp_path: Path) -> None:
    template = (thinker.make(tmp_path) / "chat_template.jinja").read_text()
    closed = "{% if enable_thinking is defined and enable_thinking is false %}</think>\n{% endif %}"
    (tmp_path / "chat_template.jinja").write_text(template + closed)
    app = served(tmp_path, [SplitTagged])
    off = {"chat_template_kwargs": {"enable_thinking": False}}
    assert message(app, **off) == {"role": "assistant", "content": thinker.RESPONSE}
    assert message(app, chat_template_kwargs={"enable_thinking": True})["content"] == thinker.ANSWER


def test_a_template_that_refuses_the_messages_says_why(tmp_path: Path) -> None:
    refusing = "{% if messages | length > 1 %}{{ raise_exception('one turn only') }}{% endif %}"
    (tiny.make(tmp_path) / "chat_template.jinja").write_text(refusing + tiny.TEMPLATE)
    status, reply = ask(served(tmp_path), CHAT, {"messages": [*ASKED, *ASKED]})
    assert status == 400
    assert "one turn only" in reply["error"]["message"]


def test_a_model_without_a_chat_template_completes_texts_alone(tmp_path: Path) -> None:
    (tiny.make(tmp_path) / "chat_template.jinja").unlink()
    app = served(tmp_path)
    status, reply = ask(app, CHAT, {"messages": ASKED})
    assert status == 400
    assert "no chat template: ask /v1/completions" in reply["error"]["message"]
    assert ask(app, RAW, {"prompt": "Tea", "max_tokens": 1})[0] == 200
