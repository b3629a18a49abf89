"""`raif verify` with a judge, against a real server. Streams run in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from raif.errors import ConfigError
from tests.chat_server import Body, ChatServer, chat_server, completion, last_turn
from tests.cli.test_verify import run

WARM: dict[str, Any] = {
    "id": "tea",
    "messages": [{"role": "user", "content": "Describe tea."}],
    "questions": [{"text": "Is it warm?"}],
    "response": "Tea is warm.",
}
PAIR = {"prompt": "Describe tea.", "response": "Tea is warm.", "question": "Warm?", "label": True}


def about_warmth(body: Body) -> tuple[int, Body]:
    return completion("no" if "cold" in last_turn(body) else "yes")


def options(server: ChatServer, *more: str) -> list[str]:
    return ["--judge-url", server.base_url, "--judge-model", "m", *more]


def write(path: Path, *objects: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(one) + "\n" for one in objects), "utf-8")
    return str(path)


def test_questions_have_verdicts_and_a_row(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", WARM, WARM | {"response": "Tea is cold."})
    with chat_server(about_warmth) as server:
        result = run(file, *options(server))
    assert [json.loads(line)["followed"] for line in result.stdout.splitlines()] == [True, False]
    assert ["question", "2", "50.0%", "50.0%", "0"] in [line.split() for line in result.stderr.splitlines()]
    assert result.exit_code == 0


def test_what_can_not_be_judged_is_null_and_counted(tmp_path: Path) -> None:
    with chat_server(lambda _: completion("perhaps")) as server:
        result = run(write(tmp_path / "a.jsonl", WARM), *options(server))
    assert json.loads(result.stdout)["verdicts"][0]["passed"] is None
    assert ["question", "1", "-", "-", "1"] in [line.split() for line in result.stderr.splitlines()]


def test_a_question_that_is_not_asked_counts_in_no_rate(tmp_path: Path) -> None:
    record = WARM | {
        "constraints": [{"id": "punctuation:no_comma"}],
        "composition": {"kind": "chain", "parts": [0, 1]},
        "response": "a, b",
    }
    with chat_server(about_warmth) as server:
        result = run(write(tmp_path / "a.jsonl", record), *options(server))
    assert server.requests == []
    assert not any("question" in line for line in result.stderr.splitlines())


def test_the_cache_spares_the_second_run_all_calls(tmp_path: Path) -> None:
    file, cache = write(tmp_path / "a.jsonl", WARM), ["--judge-cache", str(tmp_path / "c.sqlite")]
    with chat_server(about_warmth) as server:
        first, second = (run(file, *options(server, *cache)) for _ in range(2))
    assert first.stdout == second.stdout
    assert len(server.requests) == 1


def test_records_come_in_order_whatever_the_judge_answers_first(tmp_path: Path) -> None:
    def slow_at_first(body: Body) -> tuple[int, Body]:
        time.sleep(0.3 if "number 0." in last_turn(body) else 0)
        return about_warmth(body)

    lines = [WARM | {"id": str(n), "response": f"Tea number {n}."} for n in range(30)]
    with chat_server(slow_at_first) as server:
        result = run(write(tmp_path / "a.jsonl", *lines), *options(server))
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == [str(n) for n in range(30)]
    assert server.most_in_flight > 1


def test_a_bad_line_keeps_its_place(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", WARM, {"id": "no messages"}, WARM)
    with chat_server(about_warmth) as server:
        result = run(file, *options(server))
    assert ["error" in json.loads(line) for line in result.stdout.splitlines()] == [False, True, False]
    assert result.exit_code == 3


@pytest.mark.parametrize("given", [["--judge-url", "http://127.0.0.1:9/v1"], ["--judge-model", "m"]])
def test_half_a_judge_is_refused(given: list[str]) -> None:
    assert run(*given, lines=(WARM,)).exit_code == 2


def test_an_address_that_can_not_be_asked_is_refused() -> None:
    result = run("--judge-url", "127.0.0.1:9/v1", "--judge-model", "m", lines=(WARM,))
    assert isinstance(result.exception, ConfigError)
    assert "give an address such as http://" in result.exception.message


def start(server: ChatServer, *more: str) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-c", "from raif_cli.main import run; run()"]
    command = [*program, "verify", "-q", *options(server), *more]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)


def send(process: subprocess.Popen[bytes], record: dict[str, Any]) -> None:
    assert process.stdin
    process.stdin.write(json.dumps(record).encode() + b"\n")
    process.stdin.flush()


def test_each_line_is_answered_before_the_next_is_sent() -> None:
    with chat_server(about_warmth) as server, start(server) as process:
        assert process.stdout
        for _ in range(2):
            send(process, WARM)
            assert json.loads(process.stdout.readline())["followed"] is True


def test_no_more_lines_are_read_than_the_window_holds() -> None:
    """The judge never answers, so the program stops reading; a pipe holds another 64 KiB."""

    def silent(_: Body) -> tuple[int, Body]:
        time.sleep(30)
        return completion("yes")

    with chat_server(silent) as server, start(server, "--judge-concurrency", "2") as process:
        assert process.stdin
        os.set_blocking(process.stdin.fileno(), False)
        line = json.dumps(WARM | {"more": "x" * 10_000}).encode() + b"\n"
        sent, taken = 0, time.monotonic()
        while not server.requests or time.monotonic() - taken < 2:
            try:
                sent += os.write(process.stdin.fileno(), line)
                taken = time.monotonic()
            except BlockingIOError:
                time.sleep(0.1)
        process.kill()
    assert sent / len(line) < 40


def test_a_judge_that_wants_a_key_ends_it_though_more_input_may_come() -> None:
    """The exit is that of the error, not an abort, while a thread waits for input."""
    with chat_server(lambda _: (401, {"error": "no key"})) as server:
        process = start(server)
        send(process, WARM)
        assert process.wait(300) == 2
        assert process.stderr
        assert process.stderr.read().decode() == (
            f"Error: {server.base_url}: HTTP 401: no key\n"
            "Put the key into the environment variable OPENAI_API_KEY.\n"
        )
        process.communicate()


def test_after_kill_9_only_what_was_not_answered_is_asked(tmp_path: Path) -> None:
    def stuck_at_3(body: Body) -> tuple[int, Body]:
        time.sleep(30 if "number 3." in last_turn(body) else 0)
        return about_warmth(body)

    lines = [WARM | {"id": str(n), "response": f"Tea number {n}."} for n in range(6)]
    file, cache = write(tmp_path / "a.jsonl", *lines), ["--judge-cache", str(tmp_path / "c.sqlite")]
    with chat_server(stuck_at_3) as server:
        process = start(server, *cache, "--judge-concurrency", "1", file)
        assert process.stdout
        for _ in range(3):
            process.stdout.readline()
        process.kill()
        process.communicate()
    with chat_server(about_warmth) as server:
        assert run(file, *options(server, *cache)).exit_code == 0
    assert len(server.requests) == 3


def test_audit_gives_the_rates_as_json_and_as_a_table(tmp_path: Path) -> None:
    pairs = [PAIR, PAIR | {"response": "Tea is cold.", "label": False}, PAIR | {"label": False}]
    with chat_server(about_warmth) as server:
        result = run("--judge-audit", write(tmp_path / "p.jsonl", *pairs), *options(server))
    found = json.loads(result.stdout)
    assert (found["pairs"], found["by_logprobs"]) == (3, 0)
    assert found["precision"]["value"] == 0.5
    assert found["recall"]["value"] == 1.0
    assert found["agreement"]["value"] == pytest.approx(2 / 3)
    assert found["unjudged"]["value"] == 0.0
    assert [line.split()[0] for line in result.stderr.splitlines()] == [
        "judge",
        "precision",
        "recall",
        "agreement",
        "kappa",
        "unjudged",
    ]


def test_audit_writes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "p.jsonl", PAIR)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with chat_server(about_warmth) as server:
        run("--judge-audit", file, *options(server))
    assert [path.name for path in tmp_path.iterdir()] == ["p.jsonl"]


def test_audit_without_a_judge_is_refused(tmp_path: Path) -> None:
    assert run("--judge-audit", write(tmp_path / "p.jsonl", PAIR)).exit_code == 2
