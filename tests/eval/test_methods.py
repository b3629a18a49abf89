"""Each method asks what the paper says, of a real HTTP server and of a model in this process."""

from __future__ import annotations

from typing import Any

import pytest

from raif.config.eval import EvalConfig
from raif.errors import ConfigError, EndpointError
from raif.eval.answers import Answer, Ask
from raif.eval.methods import DONE, Talk, style, talk
from raif.eval.responders import responder
from raif.reasoning import FORMAT_REQUEST
from raif.types import Message
from tests.chat_server import Body, Script, chat_server, completion, last_turn

ASK = Ask("1", (Message(role="system", content="Be kind."), Message(role="user", content="Name a bird.")))


def asked(script: Script, ask: Ask = ASK, **keys: Any) -> tuple[Answer, list[Body]]:
    """The answer, and the requests in order."""
    with chat_server(script) as server:
        config = EvalConfig.model_validate({"model": "m", "endpoint": {"base_url": server.base_url}, **keys})
        ((_, answer),) = responder(config).respond([ask])
    return answer, server.requests


def scripted(*replies: str, **message: Any) -> Script:
    rest = list(replies)
    return lambda body: completion(rest.pop(0), **message)


def test_io_is_one_request() -> None:
    answer, requests = asked(scripted("wren"))
    assert (answer.response, len(requests)) == ("wren", 1)


def test_cot_asks_for_tags_and_is_scored_by_them() -> None:
    reply = "<think>small</think><answer>wren</answer>"
    answer, (request,) = asked(scripted(reply), method="cot")
    assert request["messages"][0]["content"] == f"Be kind.\n{FORMAT_REQUEST}"
    assert style(EvalConfig(model="m", method="cot")) == "tagged"
    assert answer.response == reply


def test_sdc_packs_the_thinking_of_the_first_call_into_the_second() -> None:
    answer, (first, second) = asked(
        scripted("<think>small and loud</think><answer>x</answer>", "wren"), method="sdc"
    )
    assert FORMAT_REQUEST in first["messages"][0]["content"]
    assert second["messages"][0]["content"] == "Be kind."
    packed = second["messages"][1]["content"]
    assert packed.index("Name a bird.") < packed.index("small and loud")
    assert "<answer>" not in packed
    assert (answer.response, answer.reasoning) == ("wren", "small and loud")


def test_deepclaude_takes_the_thinking_of_another_model() -> None:
    def script(body: Body) -> tuple[int, Body]:
        thinks = body["model"] == "thinker"
        return completion("x", reasoning_content="small and loud") if thinks else completion("wren")

    keys = {"method": "deepclaude", "options": {"thinker": "thinker"}}
    answer, (first, second) = asked(script, **keys)
    assert (first["model"], second["model"]) == ("thinker", "m")
    assert "small and loud" in last_turn(second)
    assert answer.response == "wren"


@pytest.mark.parametrize(
    "options", [{"thinker_sampling": {"temperature": 1}}, {"thinker_endpoint": {"base_url": "http://x/v1"}}]
)
def test_settings_of_a_thinker_without_one_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"options\.thinker_sampling .* are for method: deepclaude"):
        asked(scripted("x"), options=options)


def test_deepclaude_without_any_thinking_is_an_error() -> None:
    with pytest.raises(EndpointError, match="no thinking"):
        asked(scripted("x"), method="deepclaude", options={"thinker": "thinker"})


def test_self_consistency_takes_the_answer_of_the_majority() -> None:
    replies = ["a tall heron", "the wren", "the wren", "an owl"]
    answer, requests = asked(scripted(*replies), method="self-consistency", options={"samples": 4})
    assert {body["temperature"] for body in requests} == {1.0}
    assert answer.response == "the wren"


def test_self_refine_improves_until_nothing_is_found() -> None:
    answer, requests = asked(scripted("owl", "too big", "wren", DONE), method="self-refine")
    assert answer.response == "wren"
    assert [len(body["messages"]) for body in requests] == [2, 4, 6, 4]


def test_self_refine_ends_after_its_turns() -> None:
    replies = ["owl", "too big", "wren", "too small", "jay"]
    answer, requests = asked(scripted(*replies), method="self-refine", options={"turns": 3})
    assert (answer.response, len(requests)) == ("jay", 5)


def test_oracle_decomposition_asks_the_steps_in_turn_and_joins_their_answers() -> None:
    ask = Ask("1", ASK.messages, ("Name a bird.", "Name its colour."))
    answer, (first, second) = asked(scripted("wren", "brown"), ask, method="oracle-decomposition")
    assert [len(body["messages"]) for body in (first, second)] == [2, 4]
    assert [last_turn(body) for body in (first, second)] == ["Name a bird.", "Name its colour."]
    assert answer.response == "wren\n\nbrown"


def test_an_item_without_steps_can_not_be_decomposed() -> None:
    with pytest.raises(ConfigError, match="no sub-instructions"):
        next(talk(ASK, EvalConfig(model="m", method="oracle-decomposition")))


def test_a_chinese_request_is_packed_in_chinese() -> None:
    ask = Ask("1", (Message(role="user", content="请说出一种鸟的名字。"),))
    leading: Talk = talk(ask, EvalConfig(model="m", method="sdc"))
    next(leading)
    (call,) = leading.send([Answer("<think>小</think><answer>x</answer>")])
    assert "请根据以上思考" in call.messages[-1].content


def test_other_options_are_other_settings() -> None:
    def settings(**keys: Any) -> Any:
        config = EvalConfig.model_validate({"model": "m", "endpoint": {"base_url": "http://x/v1"}, **keys})
        return responder(config).settings

    assert "method" not in settings()
    assert settings(method="self-refine") != settings(method="self-refine", options={"turns": 2})
