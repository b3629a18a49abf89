"""What an evaluation does about each fault: the table in docs/faults.md, line by line, over real HTTP."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from raif.eval.compare import Comparison, compare
from raif_cli.main import run
from tests.chat_server import Body, ChatServer, Script, chat_server, completion, last_turn

ITEMS = 20
FILTER: tuple[int, Body] = (400, {"error": {"message": "blocked by the content filter"}})
QUOTA: tuple[int, Body] = (
    429,
    {"error": {"message": "you exceeded your current quota", "code": "insufficient_quota"}},
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with twenty items of IFEval, which `fine` satisfies, and of InfoBench."""
    monkeypatch.chdir(tmp_path)
    by_code = [
        {"key": n, "prompt": f"Item {n}.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
        for n in range(ITEMS)
    ]
    judged = [
        {
            "id": str(n),
            "instruction": f"Item {n}.",
            "input": "",
            "category": "c",
            "subset": "Easy_set",
            "decomposed_questions": [f"Is item {n} kind?"],
            "question_label": [["Style"]],
        }
        for n in range(ITEMS)
    ]
    for name, lines in (("ifeval", by_code), ("infobench", judged)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return tmp_path


@dataclass
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


Raif = Callable[..., Ended]


@pytest.fixture
def raif(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Raif:
    """Run `raif eval` as the command line does. By default one request after another, without retries."""

    def ended(server: ChatServer, *more: str, benchmark: str = "ifeval", concurrency: int = 1) -> Ended:
        address = ["--base-url", server.base_url, "--model", "m", "--out", "out"]
        how = ["--concurrency", str(concurrency), "--set", "endpoint.retries=0"]
        data = ["--data", f"{benchmark}.jsonl"]
        monkeypatch.setattr(sys, "argv", ["raif", "eval", benchmark, *data, *address, *how, *more])
        capsys.readouterr()
        try:
            run()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return ended


def judge(server: ChatServer | str, model: str = "judge") -> tuple[str, ...]:
    address = server if isinstance(server, str) else server.base_url
    return (
        *("--judge-url", address, "--judge-model", model, "--judge-concurrency", "1"),
        *("--set", "judge.endpoint.retries=0"),
    )


def lines(name: str) -> list[dict[str, Any]]:
    path = Path("out", name)
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def report() -> Any:
    return json.loads(Path("out", "report.json").read_text("utf-8"))


def number(body: Body) -> int:
    """The item that a request is about."""
    return int("".join(filter(str.isdigit, last_turn(body))))


def fine(body: Body) -> tuple[int, Body]:
    return completion("fine")


def one_in_five(answer: tuple[int, Body | str]) -> Script:
    """Every fifth item is answered with an error."""
    return lambda body: answer if number(body) % 5 == 0 else completion("fine")


def after(served: int, answer: tuple[int, Body]) -> Script:
    count: Iterator[int] = iter(range(10_000))
    return lambda body: completion("fine") if next(count) < served else answer


# Errors of items

ERRORS: dict[str, tuple[tuple[int, Body | str], str]] = {
    "a filter": (FILTER, "blocked by the content filter"),
    "a lasting 500": ((500, {"error": "out of memory"}), "out of memory"),
    "an error with 200": ((200, {"error": {"message": "upstream failed"}}), "upstream failed"),
    "null choices": ((200, {"choices": None}), "not a chat completion"),
    "an empty body": ((200, ""), "not a chat completion"),
    "broken JSON": ((200, '{"choices": [{"mess'), "not a chat completion"),
}


@pytest.mark.parametrize(("answer", "words"), ERRORS.values(), ids=ERRORS)
def test_too_many_items_that_fail_end_the_run_and_lose_nothing(
    answer: tuple[int, Body | str], words: str, raif: Raif
) -> None:
    with chat_server(one_in_five(answer)) as server:
        ended = raif(server)
        assert ended.code == 2
        assert "2 items failed, more than --max-errors allows (1)" in ended.err
        assert words in ended.err
        assert "--resume" in ended.err
        assert len(server.requests) <= 7  # items 0 and 5 fail; item 6 may be in flight
        kept = [line["id"] for line in lines("responses.jsonl")]
        assert kept[:4] == ["1", "2", "3", "4"]
        assert [line["id"] for line in lines("errors.jsonl")] == ["0", "5"]
        server.script, server.requests = fine, []
        assert raif(server, "--resume").code == 0
        assert len(server.requests) == ITEMS - len(kept)
    assert (report()["answered"], lines("errors.jsonl")) == (ITEMS, [])


@pytest.mark.parametrize(("answer", "words"), ERRORS.values(), ids=ERRORS)
@pytest.mark.parametrize(
    ("choice", "rate", "title"), [("fail", 0.8, "ifeval: m\n"), ("skip", 1, "ifeval: m (16 of 20 items)")]
)
def test_items_that_fail_count_as_failures_or_are_left_out(
    choice: str, rate: float, title: str, answer: tuple[int, Body | str], words: str, raif: Raif
) -> None:
    with chat_server(one_in_five(answer)) as server:
        ended = raif(server, "--on-error", choice)
    found = report()
    assert (ended.code, len(server.requests)) == (0, ITEMS)
    assert title in ended.out
    assert found["tables"][0]["rows"][0]["values"][0]["value"] == rate
    ((reason, count),) = found["failed"].items()
    assert (count, words in reason) == (4, True)
    assert words in Path("out", "report.md").read_text("utf-8")
    assert len(lines("verdicts.jsonl")) == (ITEMS if choice == "fail" else 16)


def test_as_many_errors_as_are_allowed_end_nothing(raif: Raif) -> None:
    with chat_server(one_in_five(FILTER)) as server:
        assert raif(server, "--max-errors", "4").code == 0
        assert (report()["answered"], report()["failed_count"]) == (16, False)
        server.requests = []
        assert raif(server, "--max-errors", "4", "--resume").code == 0
    assert len(server.requests) == 4  # the failed ones, again


def test_failures_are_asked_again_by_whatever_choice_the_run_was_made(raif: Raif) -> None:
    with chat_server(one_in_five(FILTER)) as server:
        raif(server, "--on-error", "fail")
        server.script, server.requests = fine, []
        ended = raif(server, "--on-error", "skip", "--resume")
    assert len(server.requests) == 4
    assert (ended.code, report()["answered"], report()["failed"]) == (0, ITEMS, {})
    assert 'on_error: "fail" -> "skip"' in ended.err


@pytest.mark.parametrize(("answer", "tries"), [(FILTER, 1), ((500, {"error": "out of memory"}), 3)])
def test_what_may_pass_has_its_retries_before_it_fails(
    answer: tuple[int, Body], tries: int, raif: Raif, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raif.client.failures.FIRST", 0.0)
    with chat_server(one_in_five(answer)) as server:
        ended = raif(server, "--on-error", "skip", "--set", "endpoint.retries=2")
    assert (ended.code, len(server.requests)) == (0, 16 + 4 * tries)


def test_what_a_filter_has_ended_counts_as_failed(raif: Raif) -> None:
    with chat_server(one_in_five(completion("", finish="content_filter"))) as server:
        ended = raif(server, "--on-error", "fail")
    assert (ended.code, len(server.requests), report()["empty"]) == (0, ITEMS, 0)
    ((reason, count),) = report()["failed"].items()
    assert (count, "content filter" in reason) == (4, True)


STREAM = 'data: {"choices": [{"delta": {"%s": "fine"}, "finish_reason": %s}]}\n\n'
UNUSUAL = {
    "parts": completion([{"type": "thinking", "thinking": "hm, so"}, {"type": "text", "text": "fine"}]),
    "a stream": (200, STREAM % ("reasoning", "null") + STREAM % ("content", '"stop"') + "data: [DONE]\n\n"),
}


@pytest.mark.parametrize("answer", UNUSUAL.values(), ids=UNUSUAL)
def test_answers_in_unusual_forms_are_read(answer: tuple[int, Body | str], raif: Raif) -> None:
    with chat_server(lambda body: answer) as server:
        assert raif(server).code == 0
    assert len(server.requests) == ITEMS
    assert {(line["answer"], bool(line["thinking"])) for line in lines("verdicts.jsonl")} == {("fine", True)}


@pytest.mark.parametrize("choice", ["stop", "fail", "skip"])
def test_a_run_without_any_answer_has_no_report(choice: str, raif: Raif) -> None:
    with chat_server(lambda body: FILTER) as server:
        ended = raif(server, "--on-error", choice)
    assert ended.code == 2
    assert "blocked by the content filter" in ended.err
    assert not Path("out", "report.json").exists()


@pytest.mark.parametrize(("answer", "words"), list(ERRORS.values())[1:], ids=list(ERRORS)[1:])
def test_what_may_pass_is_tried_again(answer: tuple[int, Body | str], words: str, raif: Raif) -> None:
    seen: set[str] = set()

    def script(body: Body) -> tuple[int, Body | str]:
        new = last_turn(body) not in seen
        seen.add(last_turn(body))
        return answer if new and number(body) == 3 else completion("fine")

    with chat_server(script) as server:
        assert raif(server, "--set", "endpoint.retries=1", "--max-errors", "0").code == 0
    assert len(server.requests) == ITEMS + 1
    assert report()["answered"] == ITEMS


# What servers want


def choosy(body: Body) -> tuple[int, Body]:
    """As OpenAI's reasoning models answer."""
    if "max_tokens" in body:
        said = "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        return 400, {"error": {"message": f"Unsupported parameter: {said}", "param": "max_tokens"}}
    if body.get("temperature", 1) != 1:
        said = "'temperature' does not support 0 with this model. Only the default (1) value is supported."
        return 400, {"error": {"message": f"Unsupported value: {said}", "param": "temperature"}}
    return completion("fine", usage=(9, 2))


def test_a_model_is_asked_as_it_wants_once_it_has_said_so(raif: Raif) -> None:
    with chat_server(choosy) as server:
        server.context = None
        ended = raif(server)
        assert (ended.code, len(server.requests)) == (0, 2 + ITEMS)
        server.requests = []
        assert raif(server, "--resume").code == 0
        assert server.requests == []  # replies are kept by what was wanted, not by what was sent
    changed = {"max_completion_tokens instead of max_tokens": ITEMS, "without a temperature": ITEMS}
    assert report()["measured"]["usage"]["changed"] == changed
    for text in (" ".join(ended.out.split()), Path("out", "report.md").read_text("utf-8")):
        assert "20 x without a temperature" in text
    assert report()["measured"]["settings"]["sampling.temperature"] == 0
    with chat_server(fine) as server:
        raif(server, "--out", "other")
    found = compare(Path("out"), Path("other"))
    assert isinstance(found, Comparison)
    assert ("model asked", sorted(changed)) in [(each.key, each.a) for each in found.settings]


def test_a_judge_is_asked_as_it_wants_too(raif: Raif) -> None:
    def script(body: Body) -> tuple[int, Body]:
        return completion("YES") if "max_completion_tokens" in body else choosy(body)

    with chat_server(fine) as server, chat_server(script) as judging:
        assert raif(server, *judge(judging), benchmark="infobench").code == 0
    assert len(judging.requests) == 3 * 2 + ITEMS  # each of the three trials is refused once
    changed = report()["measured"]["judge_usage"]["changed"]
    assert changed == {"max_completion_tokens instead of max_tokens": ITEMS}


def limited(context: int, own: Callable[[Body], int]) -> Script:
    """A server with a context of so many tokens, of which a prompt has its `own`."""

    def script(body: Body) -> tuple[int, Body]:
        if own(body) + body["max_tokens"] <= context:
            return completion("fine")
        said = (
            f"maximum context length is {context} tokens. However, your request has {own(body)} input tokens"
        )
        return 400, {"error": {"message": said}}

    return script


def test_a_short_context_lowers_the_limit(raif: Raif) -> None:
    with chat_server(limited(4096, lambda body: 40)) as server:
        assert raif(server).code == 0
        assert len(server.requests) == ITEMS  # the list of models says how long it is
    assert report()["measured"]["usage"]["changed"] == {
        "with fewer tokens, to fit the server's context": ITEMS
    }


@pytest.mark.parametrize(("choice", "rate"), [("stop", 1), ("skip", 1), ("fail", 0.8)])
def test_prompts_that_do_not_fit_are_counted_and_end_nothing(choice: str, rate: float, raif: Raif) -> None:
    long = limited(4096, lambda body: 5000 if number(body) % 5 == 0 else 40)
    with chat_server(long) as server:
        ended = raif(server, "--on-error", choice, "--max-errors", "0")
    assert ended.code == 0
    assert "4 x" in " ".join(ended.out.split())
    assert report()["tables"][0]["rows"][0]["values"][0]["value"] == rate
    assert {line["reason"] for line in lines("errors.jsonl")} == {"the prompt doesn't fit the context"}


def test_all_parameters_reach_model_judge_and_thinker(raif: Raif) -> None:
    more = (
        *("--sampling", "qwen3", "--set", "sampling.seed=7", "--set", "judge.sampling.reasoning_effort=low"),
        *("--method", "deepclaude", "--thinker", "t", "--set", "options.thinker_sampling.base=r1"),
        *("--set", "judge.sampling.stop=END", "--limit", "1"),
    )

    def script(body: Body) -> tuple[int, Body]:
        return completion("fine", reasoning_content="hm")

    with chat_server(script) as server, chat_server(lambda body: completion("YES")) as judging:
        assert raif(server, *judge(judging), *more, benchmark="infobench").code == 0
    thinker, model = server.requests
    assert (model["temperature"], model["top_p"], model["top_k"], model["min_p"]) == (0.6, 0.95, 20, 0)
    assert (model["chat_template_kwargs"], model["seed"]) == ({"enable_thinking": True}, 1007)
    assert (thinker["temperature"], thinker["top_p"], "top_k" in thinker, "seed" in thinker) == (
        0.6,
        0.95,
        0,
        0,
    )
    asked = judging.requests[-1]
    assert (asked["reasoning_effort"], asked["stop"], asked["max_tokens"]) == ("low", ["END"], 2048)
    settings = report()["measured"]["settings"]
    assert settings["sampling.extra_body.chat_template_kwargs.enable_thinking"] is True
    assert settings["options.thinker_sampling.top_p"] == 0.95
    assert settings["judge.sampling.reasoning_effort"] == "low"


def test_other_sampling_is_named_and_needs_another_run(raif: Raif) -> None:
    with chat_server(fine) as server:
        raif(server)
        server.requests = []
        ended = raif(server, "--sampling", "llama3", "--resume")
    assert (ended.code, server.requests) == (2, [])
    assert "sampling.temperature: 0.0 -> 0.6" in ended.err
    assert "sampling.top_p: null -> 0.9" in ended.err


# What concerns every request


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (QUOTA, "the quota is exhausted: you exceeded your current quota"),
        ((200, QUOTA[1]), "the quota is exhausted"),
        ((401, {"error": "wrong key"}), "OPENAI_API_KEY"),
        ((402, {"error": "insufficient balance"}), "The account has no money left"),
        ((404, {"error": "no such model"}), "no such model"),
    ],
)
@pytest.mark.parametrize("choice", ["stop", "fail", "skip"])
def test_what_every_request_would_meet_ends_the_run_at_once(
    choice: str, answer: tuple[int, Body], words: str, raif: Raif
) -> None:
    with chat_server(after(5, answer)) as server:
        ended = raif(server, "--on-error", choice, "--set", "endpoint.retries=4", concurrency=4)
        assert ended.code == 2
        assert words in ended.err
        assert "All replies so far are kept" in ended.err
        assert 6 <= len(server.requests) <= 5 + 4
        assert len(lines("responses.jsonl")) == 5
        server.script, server.requests = fine, []
        assert raif(server, "--on-error", choice, "--resume").code == 0
    assert len(server.requests) == ITEMS - 5


def test_replies_in_flight_are_kept_when_the_run_ends(raif: Raif) -> None:
    def script(body: Body) -> tuple[int, Body]:
        if number(body) == 0:
            time.sleep(0.1)
            return 401, {"error": "wrong key"}
        time.sleep(0.5)
        return completion("fine")

    with chat_server(script) as server:
        assert raif(server, concurrency=4).code == 2
    assert len(server.requests) == 4
    assert {line["id"] for line in lines("responses.jsonl")} == {"1", "2", "3"}


def test_a_server_that_dies_ends_the_run_and_loses_nothing(raif: Raif) -> None:
    with chat_server() as dead:
        pass
    with chat_server(after(5, FILTER)) as server:
        raif(server)
        ended = raif(dead, "--resume")
        assert ended.code == 2
        assert "can't be reached" in ended.err
        assert "raif serve" in ended.err
        assert len(lines("responses.jsonl")) == 5
        server.script, server.requests = fine, []
        assert raif(server, "--resume").code == 0
    assert len(server.requests) == ITEMS - 5


@pytest.mark.parametrize("key", ["sk-secret\nsk-two", "sk-secret ", "sk-secret\r", "“sk-secret”"])
def test_a_key_that_can_not_be_one_is_never_sent_or_printed(
    key: str, raif: Raif, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with chat_server() as server:
        ended = raif(server)
    assert (ended.code, server.requests) == (2, [])
    assert "the key in OPENAI_API_KEY has a line break" in ended.err
    assert "secret" not in ended.err + ended.out


@pytest.mark.parametrize("address", ["127.0.0.1:9/v1", "http://[::1"])
def test_an_address_that_can_not_be_asked_is_refused(address: str, raif: Raif) -> None:
    with chat_server() as server:
        ended = raif(server, "--base-url", address)
    assert (ended.code, server.requests) == (2, [])
    assert "give an address such as http://" in ended.err


# Resumed


def test_a_resumed_run_takes_more_items_and_says_what_changed(raif: Raif) -> None:
    with chat_server(fine) as server:
        raif(server, "--limit", "5")
        first = {line["id"] for line in lines("responses.jsonl")}
        server.requests = []
        ended = raif(server, "--limit", "12", "--resume", concurrency=3)
        assert (ended.code, len(server.requests)) == (0, 7)
    assert first < {line["id"] for line in lines("responses.jsonl")}
    assert report()["items"] == 12
    assert "limit: 5 -> 12" in ended.err
    assert "endpoint.concurrency: 1 -> 3" in ended.err


def test_a_resumed_run_splits_and_scores_the_same_answers_otherwise(raif: Raif) -> None:
    with chat_server(lambda body: completion("<think>\nfirst, this\n</think>\nfine")) as server:
        raif(server)
        before = report()["tables"][0]["rows"][0]["values"][0]["value"]
        server.requests = []
        ended = raif(server, "--think", "deepseek", "--dialect", "authors", "--resume")
    assert (ended.code, server.requests, before) == (0, [], 0)
    assert report()["tables"][0]["rows"][0]["values"][0]["value"] == 1
    assert 'think: "none" -> "deepseek"' in ended.err


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("--set", "sampling.temperature=1"), "sampling.temperature: 0.0 -> 1.0"),
        (("--model", "another"), 'model: "m" -> "another"'),
        (("--method", "cot"), 'method: "io" -> "cot"'),
        (("--data", "infobench.jsonl"), 'data: "ifeval.jsonl" -> "infobench.jsonl"'),
    ],
)
def test_a_key_that_answers_depend_on_can_not_change(changed: tuple[str, ...], said: str, raif: Raif) -> None:
    Path("infobench.jsonl").write_bytes(Path("ifeval.jsonl").read_bytes())
    with chat_server(fine) as server:
        raif(server)
        server.requests = []
        ended = raif(server, *changed, "--resume")
    assert (ended.code, server.requests) == (2, [])
    assert said in ended.err


def test_a_resumed_run_goes_on_at_another_address(raif: Raif) -> None:
    with chat_server(after(5, (401, {"error": "wrong key"}))) as server, chat_server(fine) as other:
        raif(server)
        ended = raif(other, "--resume")
        assert (ended.code, len(other.requests)) == (0, ITEMS - 5)
    assert f'"{server.base_url}" -> "{other.base_url}"' in ended.err


@pytest.mark.parametrize("how", ["--resume", "--rejudge"])
def test_a_misspelt_folder_is_not_started(how: str, raif: Raif) -> None:
    with chat_server(fine) as server:
        ended = raif(server, how, "--out", "ot")
    assert (ended.code, server.requests) == (2, [])
    assert "there is no run to resume in ot" in ended.err
    assert not Path("ot").exists()


def test_a_folder_in_use_is_left_alone(raif: Raif) -> None:
    with chat_server(fine) as server:
        raif(server, "--limit", "1")
        shutil.copytree("out", "busy")
        server.requests = []
        with Path("busy", ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            ended = raif(server, "--resume", "--out", "busy")
    assert (ended.code, server.requests) == (2, [])
    assert "is in use by" in ended.err


# Thinking


def test_answers_with_tags_of_thinking_are_counted_and_split_without_a_request(raif: Raif) -> None:
    def script(body: Body) -> tuple[int, Body]:
        thinks = number(body) % 2 == 0
        return completion("<think>\nfirst, this\n</think>\nfine" if thinks else "fine")

    with chat_server(script) as server:
        ended = raif(server)
        assert (ended.code, report()["unsplit"]) == (0, 10)
        assert "10 of 20 answers hold tags of thinking" in ended.err
        server.requests = []
        ended = raif(server, "--think", "auto", "--resume")
    assert (ended.code, report()["unsplit"], server.requests) == (0, 0, [])
    assert "tags of thinking" not in ended.err
    assert report()["tables"][0]["rows"][0]["values"][0]["value"] == 1


def test_tags_of_ones_own_mark_thinking(raif: Raif) -> None:
    with chat_server(lambda body: completion("(( one, two )) fine")) as server:
        assert raif(server, "--think-tags", "((", "))").code == 0
    assert report()["tables"][0]["rows"][0]["values"][0]["value"] == 1
    assert lines("verdicts.jsonl")[0]["thinking"] == "one, two"
    assert lines("verdicts.jsonl")[0]["raw"] == ""


@pytest.mark.parametrize(
    ("think", "response"),
    [
        ("deepseek", "first, this\n</think>\nfine"),
        ("deepseek", "<think>\nfirst, this, and then"),
        ("deepseek", "first, this, and then fine"),
        ("tagged", "first, this, and then fine"),
        ("tagged", "<think>first</think> so, then: <answer>fine</answer>"),
        ("auto", "<think>\nfirst, this, and then"),
    ],
)
def test_thinking_is_never_lost(think: str, response: str, raif: Raif) -> None:
    with chat_server(lambda body: completion(response)) as server:
        raif(server, "--think", think, "--limit", "1")
    (verdict,) = lines("verdicts.jsonl")
    assert verdict["raw"] == response or "first, this" in verdict["thinking"]
    assert "first, " in Path("out", "report.html").read_text("utf-8")


# The judge


def test_a_judge_that_can_not_be_reached_is_found_before_anything_is_paid_for(raif: Raif) -> None:
    with chat_server() as dead:
        pass
    with chat_server(fine) as server:
        ended = raif(server, *judge(dead), benchmark="infobench")
    assert (ended.code, server.requests) == (2, [])
    assert "can't be reached" in ended.err


def test_a_judge_that_answers_none_of_three_probes_is_found_too(raif: Raif) -> None:
    with chat_server(fine) as server, chat_server(lambda body: completion("Hmm.")) as judging:
        ended = raif(server, *judge(judging), benchmark="infobench")
    assert (ended.code, server.requests) == (2, [])
    assert "none of 3 trial judgments can be read; one ends in 'Hmm.'" in ended.err
    assert (server.requests, len(judging.requests)) == ([], 3 * 3)


@pytest.mark.parametrize(("refused", "code"), [(["0"], 0), (["0", "2"], 0), (["0", "1", "2"], 2)])
def test_a_judge_that_refuses_some_probes_may_judge_the_rest(
    refused: list[str], code: int, raif: Raif
) -> None:
    def script(body: Body) -> tuple[int, Body]:
        return FILTER if any(f"item {n} kind" in last_turn(body) for n in refused) else completion("YES")

    with chat_server(fine) as server, chat_server(script) as judging:
        ended = raif(server, *judge(judging), "--max-errors", "3", benchmark="infobench")
    assert (ended.code, len(server.requests)) == (code, 0 if code else ITEMS)
    assert "blocked by the content filter" in ended.err + " ".join(ended.out.split())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (FILTER, "blocked by the content filter"),
        (completion("Hmm."), "'Hmm.'"),
        ((401, {"error": "key"}), "key"),
    ],
)
def test_a_judge_of_relevance_is_tried_too(answer: tuple[int, Body], words: str, raif: Raif) -> None:
    with chat_server(fine) as server, chat_server(lambda body: answer) as judging:
        ended = raif(server, *judge(judging), "--relevance", "judge")
    assert (ended.code, server.requests) == (2, [])
    assert words in ended.err


def test_a_judge_of_relevance_that_fails_later_loses_no_answer(raif: Raif) -> None:
    with chat_server(fine) as server, chat_server(yes_after(3, (401, {"error": "key"}))) as judging:
        ended = raif(server, *judge(judging), "--relevance", "judge")
        assert ended.code == 2
        assert "All answers are kept" in ended.err
        judging.script, server.requests = (lambda body: completion("yes")), []
        assert raif(server, *judge(judging), "--relevance", "judge", "--resume").code == 0
    assert server.requests == []


def yes_after(served: int, answer: tuple[int, Body]) -> Script:
    count = iter(range(10_000))
    return lambda body: completion("YES") if next(count) < served else answer


def test_a_refusal_of_the_judge_is_not_final(raif: Raif) -> None:
    with chat_server(fine) as server, chat_server(yes_after(3, FILTER)) as judging:
        ended = raif(server, *judge(judging), benchmark="infobench")
        assert ended.code == 2
        assert "blocked by the content filter" in ended.err
        assert len(lines("responses.jsonl")) == ITEMS
        assert {line["asked"] for line in lines("errors.jsonl")} == {"judge"}
        judging.script, judging.requests, server.requests = (lambda body: completion("YES")), [], []
        assert raif(server, *judge(judging), "--resume", benchmark="infobench").code == 0
    assert (len(server.requests), len(judging.requests)) == (0, ITEMS)
    assert report()["undecided"] == 0


def test_what_the_judge_refuses_is_counted_with_its_words(raif: Raif) -> None:
    def script(body: Body) -> tuple[int, Body]:
        return FILTER if "Is item 7 kind?" in last_turn(body) else completion("YES")

    with chat_server(fine) as server, chat_server(script) as judging:
        ended = raif(server, *judge(judging), benchmark="infobench")
    assert (ended.code, report()["undecided"]) == (0, 1)
    ((reason, count),) = report()["judge_failed"].items()
    assert (count, "blocked by the content filter" in reason) == (1, True)
    assert "blocked by the content filter" in " ".join(ended.out.split())
    (refused,) = (line for line in lines("verdicts.jsonl") if line["error"])
    assert (refused["id"], "content filter" in refused["error"]) == ("7", True)


def test_another_judge_judges_the_answers_that_are_there(raif: Raif) -> None:
    with chat_server(fine) as server, chat_server(lambda body: completion("YES")) as judging:
        raif(server, *judge(judging), benchmark="infobench")
        server.requests, judging.requests = [], []
        ended = raif(server, *judge(judging, "another"), "--resume", benchmark="infobench")
    assert (ended.code, len(server.requests), len(judging.requests)) == (0, 0, ITEMS)
    assert 'judge.model: "judge" -> "another"' in ended.err
    assert report()["judge"] == "another"


@pytest.mark.parametrize("choice", ["fail", "skip"])
def test_a_judge_that_refuses_everything_has_judged_nothing(choice: str, raif: Raif) -> None:
    with chat_server(fine) as server, chat_server(yes_after(3, FILTER)) as judging:
        ended = raif(server, *judge(judging), "--on-error", choice, benchmark="infobench")
    assert ended.code == 2
    assert "judge judged nothing: 20 x" in ended.err
    assert len(lines("responses.jsonl")) == ITEMS


def test_judgments_are_replaced_by_new_ones_alone(raif: Raif) -> None:
    with chat_server() as dead:
        pass
    with chat_server(fine) as server, chat_server(lambda body: completion("YES")) as judging:
        raif(server, *judge(judging), benchmark="infobench")
        before, seen = Path("out", "judgments.jsonl").read_bytes(), Path("out", "report.json").read_bytes()
        assert raif(server, *judge(dead), "--rejudge", benchmark="infobench").code == 2
        assert Path("out", "judgments.jsonl").read_bytes() == before
        assert Path("out", "report.json").read_bytes() == seen

        def but_one(body: Body) -> tuple[int, Body]:
            return FILTER if "Is item 7 kind?" in last_turn(body) else completion("NO")

        judging.script = but_one
        assert raif(server, *judge(judging), "--rejudge", benchmark="infobench").code == 0
    rate = report()["tables"][0]["rows"][0]["values"][0]["value"]
    assert (rate, report()["undecided"]) == (pytest.approx(1 / ITEMS), 0)


def test_judgments_are_not_replaced_by_what_can_not_be_read(raif: Raif) -> None:
    def unsure(body: Body) -> tuple[int, Body]:
        about_seven = "Is item 7 kind?" in body["messages"][0]["content"]
        return completion("Hmm." if about_seven else "NO")

    with chat_server(fine) as server, chat_server(lambda body: completion("YES")) as judging:
        raif(server, *judge(judging), benchmark="infobench")
        judging.script = unsure
        ended = raif(server, *judge(judging), "--rejudge", benchmark="infobench")
        assert (ended.code, len(lines("judgments.jsonl"))) == (0, 2 * ITEMS)
        assert "1 earlier judgments were kept" in " ".join(ended.out.split())
        found = report()
        assert found["tables"][0]["rows"][0]["values"][0]["value"] == pytest.approx(1 / ITEMS)
        assert (found["undecided"], found["outlasting"]) == (0, 1)
        assert raif(server, *judge(judging), "--resume", benchmark="infobench").code == 0
        assert report() == found
        judging.script = lambda body: completion("NO")
        assert raif(server, *judge(judging), "--rejudge", benchmark="infobench").code == 0
    assert report()["outlasting"] == 0


def test_fail_under_needs_judgments(raif: Raif) -> None:
    with chat_server(fine) as server, chat_server(yes_after(3, completion("Hmm."))) as judging:
        ended = raif(server, *judge(judging), "--fail-under", "0", benchmark="infobench")
    assert ended.code == 6
    assert "--fail-under: nothing was judged" in ended.err
    assert len(lines("judgments.jsonl")) == ITEMS


def test_fail_under_needs_all_items(raif: Raif) -> None:
    with chat_server(one_in_five(FILTER)) as server:
        ended = raif(server, "--on-error", "skip", "--fail-under", "0.9")
        assert ended.code == 6
        assert "not all items are answered (ifeval 16 of 20)" in ended.err
        assert raif(server, "--on-error", "fail", "--fail-under", "0.8", "--resume").code == 0


# Interruptions


def test_ctrl_c_says_how_to_go_on(raif: Raif) -> None:
    def sixth(body: Body) -> tuple[int, Body]:
        if len(server.requests) == 6:
            os.kill(os.getpid(), signal.SIGINT)
        return completion("fine")

    with chat_server(sixth) as server:
        ended = raif(server)
        assert ended.code == 130
        assert ended.err.splitlines()[-1] == (
            "Interrupted. What has arrived is kept. To resume: the same command with --resume."
        )
        assert "Traceback" not in ended.err
        arrived, server.requests = len(lines("responses.jsonl")), [{}] * 6
        assert arrived >= 4  # the fifth may have been on its way to the file
        assert raif(server, "--resume").code == 0
        assert len(server.requests) - 6 == ITEMS - arrived


# Methods


def test_a_method_that_fits_no_item_is_refused_before_anything_is_asked(raif: Raif) -> None:
    with chat_server(fine) as server:
        ended = raif(server, "--method", "oracle-decomposition")
    assert (ended.code, server.requests) == (2, [])
    assert "no sub-instructions" in ended.err


def test_a_method_that_was_broken_off_asks_only_for_what_is_missing(raif: Raif) -> None:
    more = ("--method", "self-consistency", "--set", "options.samples=4", "--limit", "3")
    with chat_server(after(6, (401, {"error": "wrong key"}))) as server:
        assert raif(server, *more).code == 2
        assert len(lines("calls.jsonl")) == 6
        server.script, server.requests = fine, []
        assert raif(server, *more, "--resume").code == 0
        assert len(server.requests) == 3 * 4 - 6
        server.requests = []
        assert raif(server, *more, "--think", "deepseek", "--resume").code == 0
        assert server.requests == []
    calls = lines("verdicts.jsonl")[0]["calls"]
    assert [call["answer"] for call in calls] == ["fine"] * 4
