"""Several samples of each answer."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from raif.errors import ConfigError
from raif.eval.seeds import AtK, _at, _ks
from raif_cli.main import app
from tests.chat_server import Body, ChatServer, chat_server, completion, last_turn
from tests.html.test_pages import between, page, samples


def run(data: Path, folder: Path, *more: str) -> tuple[Result, ChatServer]:
    """Item n has commas in its answers from seed n on, so that each seed passes another share."""

    def script(body: Body) -> tuple[int, Body]:
        number = int(last_turn(body).split()[1].rstrip(","))
        return completion("a, b" if body.get("seed", 0) > number else "fine")

    with chat_server(script) as server:
        keys = ["--data", str(data), "--model", "m", "--base-url", server.base_url, "--out", str(folder)]
        return CliRunner().invoke(app, ["eval", "ifeval", *keys, *more]), server


WARM = ("--set", "sampling.temperature=0.7")


def test_each_seed_is_a_run_and_the_mean_is_reported(data: Path, tmp_path: Path) -> None:
    result, server = run(data, tmp_path / "out", "--seeds", "3", *WARM)
    assert result.exit_code == 0, result.output
    assert Counter(body["seed"] for body in server.requests) == {0: 10, 1: 10, 2: 10}
    (found,) = json.loads((tmp_path / "out" / "seeds.json").read_text("utf-8"))["benchmarks"]
    (figure,) = found["figures"]
    assert figure["values"] == [1.0, 0.9, 0.8]
    assert figure["mean"]["value"] == pytest.approx(0.9)
    assert figure["mean"]["low"] < 0.9 < figure["mean"]["high"]
    assert figure["deviation"] == pytest.approx(0.1)
    strict = next(each for each in found["passing"] if each["score"] == "strict")
    assert [one["passed"] for one in strict["at"]] == pytest.approx([0.9, 1 - 1 / 30, 1.0])
    assert [one["reliable"] for one in strict["at"]] == pytest.approx([0.9, 0.8 + 1 / 30, 0.8])
    assert "pass@k" in (tmp_path / "out" / "seeds.md").read_text("utf-8")
    assert (tmp_path / "out" / "seed-1" / "report.html").is_file()


def test_the_samples_have_a_page_together(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run(data, folder, "--seeds", "3", *WARM)
    text = page(folder)
    assert "± 10.0 between samples" in text
    assert '<a href="seed-2/report.html">seed 2</a>' in text
    assert "any of k samples passes" in text
    items = {one["id"]: one for one in samples(folder)}
    assert len(items) == 10
    assert [one["name"] for one in items["ifeval 0"]["responses"]] == [f"seed {n}: answer" for n in range(3)]
    assert [one["answer"] for one in items["ifeval 0"]["responses"]] == ["fine", "a, b", "a, b"]
    assert items["ifeval 0"]["facets"]["samples that pass"] == ["1 of 3"]
    assert (items["ifeval 0"]["mark"], items["ifeval 5"]["mark"]) == ("partly", "passed")
    assert CliRunner().invoke(app, ["report", str(folder)]).exit_code == 0
    assert page(folder) == text


def test_resumed_nothing_is_asked_twice(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "out", "--seeds", "2", *WARM)
    result, server = run(data, tmp_path / "out", "--seeds", "3", "--resume", *WARM)
    assert result.exit_code == 0, result.output
    assert {body["seed"] for body in server.requests} == {2}


def test_a_sample_without_some_items_says_so(data: Path, tmp_path: Path) -> None:
    def script(body: Body) -> tuple[int, Body]:
        refused = body["seed"] == 1 and "Question 4" in last_turn(body)
        return (400, {"error": "no"}) if refused else completion("<think>hm</think>fine")

    with chat_server(script) as server:
        keys = [
            "--data",
            str(data),
            "--model",
            "m",
            "--base-url",
            server.base_url,
            "--out",
            str(tmp_path / "out"),
        ]
        result = CliRunner().invoke(
            app, ["eval", "ifeval", *keys, "--seeds", "2", "--on-error", "skip", *WARM]
        )
    assert "# ifeval: m, 2 samples (9 of 10 items in some)" in result.stdout
    assert "10 of 10 answers hold tags of thinking" in result.stderr
    assert "9 of 9 answers hold tags of thinking" in result.stderr


def test_the_same_answer_several_times_is_refused(data: Path, tmp_path: Path) -> None:
    result, server = run(data, tmp_path / "out", "--seeds", "2", "--set", "sampling.temperature=0")
    assert isinstance(result.exception, ConfigError)
    assert "temperature 0" in result.exception.message
    assert not server.requests


def test_a_seed_beside_several_samples_is_refused(data: Path, tmp_path: Path) -> None:
    result, server = run(data, tmp_path / "out", "--seeds", "2", *WARM, "--set", "sampling.seed=7")
    assert isinstance(result.exception, ConfigError)
    assert "sampling.seed is another" in result.exception.message
    assert not server.requests


def test_several_benchmarks_have_an_average_over_the_samples(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("ifeval/input_data.jsonl", "ifbench/IFBench_test.jsonl"):
        path = tmp_path / "all" / place
        path.parent.mkdir(parents=True)
        path.write_bytes(data.read_bytes())
    monkeypatch.setenv("RAIF_BENCHMARK_DATA", str(tmp_path / "all"))
    with chat_server(lambda body: completion("a, b" if body["seed"] else "fine")) as server:
        keys = ["--model", "m", "--base-url", server.base_url, "--out", str(tmp_path / "out"), "--json"]
        result = CliRunner().invoke(app, ["eval", "ifeval", "ifbench", *keys, "--seeds", "2", *WARM])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [one["benchmark"] for one in found["benchmarks"]] == ["ifeval", "ifbench"]
    assert found["average"]["name"] == "average of 1"
    assert found["average"]["values"] == [1.0, 0.0]
    assert json.loads((tmp_path / "out" / "seed-1" / "report.json").read_text("utf-8"))["reports"]
    assert "± 70.7 between samples" in between(page(tmp_path / "out"), 'class="tile"', "answered")


def test_any_and_all_of_k_are_over_all_choices() -> None:
    """Of 4 samples 1, 2 and 4 pass: two of them hold a passing one in 3, 5 and 6 of 6 choices."""
    found = _at(2, 4, [1, 2, 4])
    assert found == AtK(2, pytest.approx(14 / 18), pytest.approx((0 + 1 + 6) / 18))
    assert _ks(4) == [1, 2, 3, 4]
    assert _ks(24) == [1, 2, 4, 8, 16, 24]
