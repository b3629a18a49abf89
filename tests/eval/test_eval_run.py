from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from raif.config.eval import EvalConfig
from raif.errors import ConfigError, RaifError
from raif.eval.answers import Answer, Ask, Notes
from raif.eval.report import Report
from raif.eval.responders import responder
from raif.eval.run import evaluate, plan
from tests.chat_server import chat_server, completion


@dataclass
class Scripted:
    """Answers by item id; an ask that is not in the script is a failure. An exception in it is raised."""

    script: dict[str, Answer | BaseException]
    model: str = "scripted"
    settings: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def respond(
        self, asks: Sequence[Ask], notes: Notes | None = None
    ) -> Generator[tuple[Ask, Answer], None, None]:
        for ask in asks:
            self.asked.append(ask.id)
            answer = self.script[ask.id]
            if isinstance(answer, BaseException):
                raise answer
            yield ask, answer


def run(data: Path, folder: Path, source: Any, **keys: Any) -> Report:
    config = EvalConfig(model="m", data=data, **keys)
    folder.mkdir(exist_ok=True)
    return evaluate(config, plan(config), source, folder)


def answers(numbers: Sequence[int], text: str = "fine") -> dict[str, Answer | BaseException]:
    return {str(n): Answer(text) for n in numbers}


def kept(folder: Path) -> list[dict[str, Any]]:
    path = folder / "responses.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def test_answers_are_checked_and_reported(data: Path, tmp_path: Path) -> None:
    script = answers(range(7)) | answers(range(7, 10), "no, it has one")
    report = run(data, tmp_path / "out", Scripted(script))
    assert report.headline == 0.7
    saved = json.loads((tmp_path / "out" / "report.json").read_text())
    assert saved["tables"][0]["rows"][0]["values"][0]["value"] == 0.7
    assert "| prompts | 10 | 10 | 70.00 [" in (tmp_path / "out" / "report.md").read_text()


def test_the_headline_is_what_the_paper_prints_everywhere(data: Path, tmp_path: Path) -> None:
    """Without its first line each answer has no comma: strictly none passes, loosely all do."""
    report = run(data, tmp_path / "out", Scripted(answers(range(10), "a, b\nfine")))
    assert report.headline == 1.0
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    tile = page.partition('<div class="tile">')[2].partition('<div class="note">')[0]
    assert "prompts, loose" in tile
    assert "100.0" in tile


def test_verdicts_are_written_next_to_the_answers(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "out", Scripted(answers(range(10), "one, two")))
    first = json.loads((tmp_path / "out" / "verdicts.jsonl").read_text().splitlines()[0])
    assert first["id"] == "0"
    assert first["verification"]["verdicts"][0]["passed"] is False


def test_cut_off_and_empty_answers_are_counted_and_shown(data: Path, tmp_path: Path) -> None:
    script = answers(range(8)) | {"8": Answer("half", truncated=True), "9": Answer("  \n")}
    report = run(data, tmp_path / "out", Scripted(script))
    assert (report.truncated, report.empty, report.headline) == (1, 1, 0.9)
    assert "1 answers cut off" in (tmp_path / "out" / "report.md").read_text()


def test_thinking_that_never_ends_leaves_an_empty_answer(data: Path, tmp_path: Path) -> None:
    script = answers(range(9), "<think>\nhm\n</think>\nfine") | {"9": Answer("<think>\nhm", truncated=True)}
    report = run(data, tmp_path / "out", Scripted(script), think="deepseek")
    assert (report.empty, report.headline) == (1, 0.9)


def test_split_off_reasoning_is_not_scored(data: Path, tmp_path: Path) -> None:
    script: dict[str, Answer | BaseException] = {
        str(n): Answer("fine", "well, let me see") for n in range(10)
    }
    assert run(data, tmp_path / "plain", Scripted(script)).headline == 1.0
    assert run(data, tmp_path / "deepseek", Scripted(script), think="deepseek").headline == 1.0


def test_a_stopped_run_asks_only_for_the_rest(data: Path, tmp_path: Path) -> None:
    stopped = Scripted(answers(range(4)) | {"4": KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        run(data, tmp_path / "out", stopped)
    assert len(kept(tmp_path / "out")) == 4
    rest = Scripted(answers(range(4, 10)))
    assert run(data, tmp_path / "out", rest).answered == 10
    assert rest.asked == [str(n) for n in range(4, 10)]


def test_a_finished_run_asks_nothing(data: Path, tmp_path: Path) -> None:
    first = run(data, tmp_path / "out", Scripted(answers(range(10))))
    assert run(data, tmp_path / "out", Scripted({})) == first


def test_a_line_cut_by_a_kill_is_asked_again(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "out", Scripted(answers(range(10))))
    file = tmp_path / "out" / "responses.jsonl"
    file.write_bytes(file.read_bytes()[:-20])
    rest = Scripted(answers([9]))
    run(data, tmp_path / "out", rest)
    assert rest.asked == ["9"]
    assert len(kept(tmp_path / "out")) == 10


@pytest.mark.parametrize("changed", [{"model": "another"}, {"settings": {"temperature": 1}}])
def test_answers_of_another_model_or_setting_are_not_taken(
    changed: dict[str, Any], data: Path, tmp_path: Path
) -> None:
    run(data, tmp_path / "out", Scripted(answers(range(10))))
    other = Scripted(answers(range(10), "a, b"), **changed)
    assert run(data, tmp_path / "out", other).headline == 0.0


def test_answers_to_other_messages_are_not_taken(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "out", Scripted(answers(range(10))))
    again = Scripted(answers(range(10), "a, b"))
    assert run(data, tmp_path / "out", again, system="Be brief.").headline == 0.0


def test_a_record_says_what_was_asked_and_how(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "out", Scripted(answers(range(10)), settings={"temperature": 0}))
    record = kept(tmp_path / "out")[3]
    assert (record["id"], record["model"], record["settings"]) == ("3", "scripted", {"temperature": 0})
    assert (record["prompt"], record["response"]) == ("Question 3, without commas.", "fine")
    assert len(record["prompt_hash"]) == 16


def test_unanswered_items_are_left_out_and_counted(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"key": 3, "response": "fine"}\n', "utf-8")
    source = responder(EvalConfig(responses=path))
    first = run(data, tmp_path / "out", source)
    assert (first.items, first.answered, first.headline) == (10, 1, 1.0)
    assert run(data, tmp_path / "out", source) == first


def test_no_answer_at_all_is_an_error(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"key": 99, "response": "fine"}\n', "utf-8")
    with pytest.raises(RaifError, match="none of the 10 items has an answer"):
        run(data, tmp_path / "out", responder(EvalConfig(responses=path)))


def test_a_limit_draws_the_same_items_for_the_same_seed(data: Path) -> None:
    def ids(seed: int) -> list[str]:
        return [item.id for item in plan(EvalConfig(model="m", data=data, limit=4, seed=seed)).items]

    assert ids(1) == ids(1) == sorted(ids(1))
    assert len(ids(1)) == 4
    assert ids(1) != ids(2)


def test_an_unknown_benchmark_gets_a_suggestion(data: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'ifeval'"):
        plan(EvalConfig(benchmark="ifevall", model="m", data=data))


def test_missing_data_says_where_the_public_file_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAIF_BENCHMARK_DATA", raising=False)
    with pytest.raises(
        RaifError, match=r"google-research.*instruction_following_eval/data/input_data\.jsonl"
    ):
        plan(EvalConfig(model="m"))


def test_data_is_found_under_the_folder_of_benchmarks(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ifeval").mkdir()
    data.rename(tmp_path / "ifeval" / "input_data.jsonl")
    monkeypatch.setenv("RAIF_BENCHMARK_DATA", str(tmp_path))
    assert len(plan(EvalConfig(model="m")).items) == 10


def test_two_items_of_one_id_are_an_error(data: Path) -> None:
    data.write_text(data.read_text("utf-8") * 2, "utf-8")
    with pytest.raises(RaifError, match="2 items have the id '0'"):
        plan(EvalConfig(model="m", data=data))


def test_data_without_items_is_an_error(data: Path) -> None:
    data.write_text("", "utf-8")
    with pytest.raises(RaifError, match="no items"):
        plan(EvalConfig(model="m", data=data))


_COMMAND = [sys.executable, "-c", "from raif_cli.main import run; run()", "eval", "ifeval", "--model", "m"]


@pytest.mark.parametrize(("how", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_a_killed_process_loses_no_more_than_the_requests_in_flight(
    how: signal.Signals, code: int, data: Path, tmp_path: Path
) -> None:
    killed = threading.Event()

    def five_then_none(_: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if len(server.requests) > 5:
            killed.wait(60)
        return completion("fine")

    with chat_server(five_then_none) as server:
        out = tmp_path / "out"
        command = [
            *_COMMAND,
            "--data",
            data,
            "--base-url",
            server.base_url,
            "--out",
            out,
            "--concurrency",
            "2",
        ]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        wait_until(lambda: len(kept(out)) == 5 and len(server.requests) == 7)
        process.send_signal(how)
        assert process.wait(30) == code
        killed.set()
        before, server.requests = {record["prompt"] for record in kept(out)}, []
        subprocess.run([*command, "--resume"], check=True, capture_output=True)
    assert len(before) == 5
    assert sorted([*before, *server.asked]) == sorted(record["prompt"] for record in kept(out))
    assert len(kept(out)) == 10


def test_a_full_disk_ends_a_run_and_loses_no_answer_that_is_on_it(data: Path, tmp_path: Path) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    with chat_server(lambda _: completion("fine " * 1_000)) as server:
        address = ["--base-url", server.base_url, "--out", str(tmp_path / "out"), "--concurrency", "1"]
        command = [*_COMMAND, "--data", str(data), *address]
        ended = subprocess.run(command, preexec_fn=small_files, capture_output=True, text=True)
        assert ended.returncode == 2
        assert "standard output" not in ended.stderr
        assert "what is finished is kept, and --resume continues from it" in ended.stderr
        server.requests = []
        subprocess.run([*command, "--resume"], check=True, capture_output=True)
    assert 0 < len(server.requests) < 10
    assert len(kept(tmp_path / "out")) == 10


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
