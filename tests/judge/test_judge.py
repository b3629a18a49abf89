from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from raif.config.judge import JudgeConfig
from raif.errors import ConfigError, EndpointError, RaifError
from raif.judge.judge import IN_A_ROW, Judge
from raif.judge.judgment import JudgeItem, Judgment
from tests.chat_server import Body, ChatServer, Script, chat_server, completion, last_turn

FIELDS = "$question $answer $input"
ITEM = JudgeItem("Describe tea.", "Tea is warm.", "Is it short?")


def judge(server: ChatServer | str, *, endpoint: dict[str, Any] | None = None, **config: Any) -> Judge:
    base_url = server if isinstance(server, str) else server.base_url
    found = {"model": "m", "endpoint": {"base_url": base_url, "retries": 0} | (endpoint or {})} | config
    return Judge(JudgeConfig.model_validate(found))


def ask(script: Script, *items: JudgeItem, **config: Any) -> tuple[list[Judgment], ChatServer]:
    with chat_server(script) as server, judge(server, **config) as asked:
        return asked.ask(items), server


def one(script: Script, item: JudgeItem = ITEM, **config: Any) -> Judgment:
    return ask(script, item, **config)[0][0]


def about(word: str) -> JudgeItem:
    return JudgeItem("Describe tea.", "Tea is warm.", f"Is it {word}?")


def test_the_request_asks_for_a_greedy_answer_with_log_probabilities() -> None:
    _, server = ask(lambda _: completion("yes"), ITEM, max_tokens=5)
    (body,) = server.requests
    assert {name: body[name] for name in body if name != "messages"} == {
        "model": "m",
        "temperature": 0.0,
        "max_tokens": 5,
        "logprobs": True,
        "top_logprobs": 20,
    }


def test_the_prompt_holds_the_request_the_answer_and_the_question() -> None:
    item = JudgeItem("Costs $5 or ${x}?", "It is {this}, $answer.", "Is it $question short?")
    _, server = ask(lambda _: completion("yes"), item)
    assert all(text in server.asked[0] for text in (item.input, item.answer, item.question))


def test_a_chinese_record_is_asked_in_chinese() -> None:
    _, server = ask(lambda _: completion("是"), JudgeItem("写诗", "诗", "是诗吗？", "zh-cn"))
    assert "是 或 否" in server.asked[0]


def test_log_probabilities_decide_before_the_text() -> None:
    tokens = [{"\n": -0.1}, {"no": -1.2, "Yes": -0.5}]
    found = one(lambda _: completion("no", tokens=tokens))
    assert found.passed is True
    assert found.margin == pytest.approx(0.7)


def test_without_log_probabilities_the_text_decides() -> None:
    assert one(lambda _: completion("No.")) == Judgment(False, "judge: no", None)


def test_judgments_come_in_the_order_of_the_items() -> None:
    def slow_first(body: Body) -> tuple[int, Body]:
        time.sleep(0.2 if "Is it a?" in last_turn(body) else 0)
        return completion("yes" if "Is it a?" in last_turn(body) else "no")

    found, _ = ask(slow_first, about("a"), about("b"))
    assert [judgment.passed for judgment in found] == [True, False]


def test_after_a_reply_that_says_neither_one_word_is_requested() -> None:
    replies = iter(["Well, it depends.", "no"])
    found, server = ask(lambda _: completion(next(replies)), ITEM)
    assert found[0].passed is False
    assert [message["role"] for message in server.requests[1]["messages"]] == ["user", "assistant", "user"]
    assert server.requests[1]["messages"][1]["content"] == "Well, it depends."


def test_two_replies_that_say_neither_leave_it_unjudged() -> None:
    found, server = ask(lambda _: completion("It depends."), ITEM)
    assert found == [Judgment(None, "neither yes nor no in the judge's reply: 'It depends.'")]
    assert len(server.requests) == 2


def test_a_refused_item_is_unjudged_and_the_others_are_judged() -> None:
    def refuse_long(body: Body) -> tuple[int, Body]:
        return (400, {"error": "too long"}) if "Is it long?" in last_turn(body) else completion("yes")

    found, _ = ask(refuse_long, about("long"), about("short"))
    assert [judgment.passed for judgment in found] == [None, True]
    assert "HTTP 400: too long" in found[0].reason


def test_a_server_that_refuses_log_probabilities_is_asked_without_from_then_on() -> None:
    def refuse(body: Body) -> tuple[int, Body]:
        return (422, {"detail": "unknown option"}) if "logprobs" in body else completion("yes")

    with chat_server(refuse) as server, judge(server) as asked:
        assert [asked.ask([about(word)])[0].passed for word in ("a", "b")] == [True, True]
    assert ["logprobs" in body for body in server.requests] == [True, False, False]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_a_server_that_answers_no_question_is_an_error(status: int) -> None:
    with pytest.raises(EndpointError, match=f"HTTP {status}"):
        one(lambda _: (status, {"error": "no"}))


@pytest.mark.parametrize("status", [403, 500])
def test_a_request_that_fails_for_good_belongs_to_its_question(status: int) -> None:
    def script(body: Body) -> tuple[int, Body]:
        return (status, {"error": "broken"}) if "Is it long?" in last_turn(body) else completion("yes")

    with chat_server(script) as server, judge(server) as asked:
        found = [asked.ask([about(word)])[0] for word in ("short", "long", "warm")]
    assert [each.passed for each in found] == [True, None, True]
    assert f"HTTP {status}: broken" in found[1].reason


@pytest.mark.parametrize("status", [400, 500])
def test_a_judge_that_fails_on_many_questions_in_a_row_is_given_up(status: int) -> None:
    answers = iter([completion("yes"), completion("yes")])
    with (
        chat_server(lambda _: next(answers, (status, {"error": "broken"}))) as server,
        judge(server) as asked,
    ):
        found = [asked.ask([about(str(n))])[0].passed for n in range(IN_A_ROW + 1)]
        assert found == [True, True, *[None] * (IN_A_ROW - 1)]
        with pytest.raises(EndpointError, match=f"HTTP {status}: broken"):
            asked.ask([about("last")])


def test_an_unreachable_server_is_an_error() -> None:
    with judge("http://127.0.0.1:9/v1") as asked, pytest.raises(EndpointError, match="can't be reached"):
        asked.ask([ITEM])


def test_requests_to_an_overloaded_server_are_repeated() -> None:
    answers = iter([(503, {}), (429, {}), completion("yes")])
    assert one(lambda _: next(answers), endpoint={"retries": 2}).passed is True


def test_no_more_requests_are_in_flight_than_allowed() -> None:
    def slow(_: Body) -> tuple[int, Body]:
        time.sleep(0.05)
        return completion("yes")

    _, server = ask(slow, *(about(str(n)) for n in range(9)), endpoint={"concurrency": 3})
    assert server.most_in_flight == 3


def test_asynchronous_code_awaits_judgments_in_its_own_loop() -> None:
    with chat_server(lambda _: completion("yes")) as server, judge(server) as asked:

        async def both() -> list[Judgment]:
            return await asyncio.gather(asked.judge(about("a")), asked.judge(about("b")))

        assert [judgment.passed for judgment in asyncio.run(both())] == [True, True]
        assert asyncio.run(asked.judge(about("c"))).passed is True


def test_closing_cancels_what_is_in_flight() -> None:
    def slow(_: Body) -> tuple[int, Body]:
        time.sleep(0.5)
        return completion("yes")

    with chat_server(slow) as server:
        with judge(server, endpoint={"concurrency": 1}) as asked:
            futures = [asked.run(asked.judge(about(str(n)))) for n in range(5)]
            time.sleep(0.1)
        assert all(future.cancelled() for future in futures)
    assert len(server.requests) == 1


def folder(path: Path, ask: str, version: str = "1") -> Path:
    path.mkdir()
    (path / "en.yaml").write_text(f"version: '{version}'\nask: {ask}\nagain: One word.\n")
    return path


def test_own_prompts_replace_the_shipped_ones(tmp_path: Path) -> None:
    mine = folder(tmp_path / "mine", "$question On $answer, to $input. $$5.")
    item = JudgeItem("Hi", "Ho", "Kind?", language="zh")
    _, server = ask(lambda _: completion("yes"), item, prompts=mine)
    assert server.asked == ["Kind? On Ho, to Hi. $5."]


@pytest.mark.parametrize("text", ["$question $answer", f"{FIELDS} $more", f"{FIELDS} $"])
def test_a_prompt_without_its_three_fields_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"en\.yaml: ask: .*needs \$answer, \$input, \$question"):
        judge("http://127.0.0.1:9/v1", prompts=folder(tmp_path / "mine", text))


def test_a_folder_without_an_english_prompt_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no en\.yaml"):
        judge("http://127.0.0.1:9/v1", prompts=tmp_path)


def test_cached_questions_are_not_asked_again(tmp_path: Path) -> None:
    tokens = [{"yes": -0.1, "no": -3.0}]
    first, _ = ask(lambda _: completion("yes", tokens=tokens), ITEM, cache=tmp_path / "new" / "c.sqlite")
    again, server = ask(lambda _: completion("no"), ITEM, cache=tmp_path / "new" / "c.sqlite")
    assert again == first
    assert server.requests == []


def test_unjudged_questions_are_asked_again(tmp_path: Path) -> None:
    ask(lambda _: completion("hm"), ITEM, cache=tmp_path / "c.sqlite")
    assert one(lambda _: completion("yes"), cache=tmp_path / "c.sqlite").passed is True


@pytest.mark.parametrize("change", ["model", "max_tokens", "version", "answer"])
def test_another_judge_prompt_or_item_is_another_key(tmp_path: Path, change: str) -> None:
    config: dict[str, Any] = {"cache": tmp_path / "c.sqlite"}
    one(lambda _: completion("yes"), prompts=folder(tmp_path / "a", FIELDS), **config)
    item = JudgeItem("Describe tea.", "Other.", "Is it short?") if change == "answer" else ITEM
    config |= {"model": "other"} if change == "model" else {}
    config |= {"max_tokens": 5} if change == "max_tokens" else {}
    mine = folder(tmp_path / "b", FIELDS, version="2" if change == "version" else "1")
    assert one(lambda _: completion("no"), item, prompts=mine, **config).passed is False


def test_a_cache_that_is_not_a_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("this is no database, " * 50)
    with pytest.raises(RaifError, match="can't be used as the judge's cache: file is not a database"):
        judge("http://127.0.0.1:9/v1", cache=tmp_path / "c")
