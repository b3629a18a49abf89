"""A report says what was measured: which items of which data, asked how, by whom, scored by what."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import raif
from raif.client.used import Used
from raif.config.eval import Dialect, EvalConfig
from raif.config.models import PricesConfig
from raif.errors import ConfigError
from raif.eval import measured, report
from raif.eval.benchmark import BENCHMARKS
from raif.eval.measured import checker
from raif.eval.report import Report
from raif.eval.responders import responder
from raif.eval.run import evaluate, plan
from raif.files.whole import sha256
from tests.chat_server import chat_server, completion


def run(data: Path, folder: Path, **keys: Any) -> Report:
    folder.mkdir(exist_ok=True)
    with chat_server(lambda body: completion("fine", reasoning_content="hm", usage=(10, 4))) as server:
        tree = {"model": "m", "data": data, "endpoint": {"base_url": server.base_url}, **keys}
        config = EvalConfig.model_validate(tree)
        return evaluate(config, plan(config), responder(config), folder)


def test_a_part_of_the_benchmark_is_never_taken_for_the_whole(data: Path, tmp_path: Path) -> None:
    found = run(data, tmp_path / "out", limit=4, seed=3)
    assert found.measured.subset == "4 of 10, seed 3"
    for file in ("report.md", "report.html"):
        assert "4 of 10, seed 3" in (tmp_path / "out" / file).read_text("utf-8")
    assert "of 4 drawn from 10 items" in (tmp_path / "out" / "report.html").read_text("utf-8")
    assert run(data, tmp_path / "whole").measured.subset == "all 10"


def test_the_report_names_program_data_and_settings(data: Path, tmp_path: Path) -> None:
    sampling = {"temperature": 0.5, "max_tokens": 77}
    found = run(data, tmp_path / "out", system="Be kind.", sampling=sampling).measured
    assert found.raif == raif.__version__
    assert found.checker.startswith("raif, after google-research/instruction_following_eval")
    assert found.checker.endswith("words and sentences of NLTK 3.9.1")
    assert (found.data.sha256, found.data.revision) == (sha256(data), None)
    assert found.settings["sampling.temperature"] == 0.5
    assert found.settings["sampling.max_tokens"] == 77
    assert found.settings["system"] == "Be kind."
    assert not [key for key in found.settings if "endpoint" in key or "key" in key]
    said = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert "| sampling.max_tokens | 77 |" in said
    assert f"sha256 {found.data.sha256}" in said


@pytest.mark.parametrize(
    ("benchmark", "dialect", "said"),
    [
        ("multi-if", "sound", "raif, after facebookresearch/Multi-IF 1cdb53e"),
        ("multi-if", "authors", "facebookresearch/Multi-IF 1cdb53e"),
        ("ifbench-multiturn", "upstream", "allenai/IFBench db69a6f"),
        ("cello", "authors", "yuleiqin/RAIF 11a78b7"),
        ("rubrics", "upstream", "raif"),
    ],
)
def test_whose_scoring_it_is(benchmark: str, dialect: Dialect, said: str) -> None:
    config = EvalConfig(benchmark=benchmark, dialect=dialect, model="m")
    assert checker(BENCHMARKS[benchmark], config).startswith(said)


def test_every_benchmark_of_the_paper_names_the_program_that_it_follows() -> None:
    assert [name for name in BENCHMARKS if BENCHMARKS[name].program is None] == ["rubrics"]


def test_answers_and_thinking_have_their_lengths(data: Path, tmp_path: Path) -> None:
    found = run(data, tmp_path / "out").measured
    assert found.answers == measured.Lengths(10, 4, 4, 4)
    assert found.thinking == measured.Lengths(10, 2, 2, 2)
    assert measured.Lengths.of(["", "a", "bbb"]) == measured.Lengths(2, 2, 3, 3)
    assert measured.Lengths.of([""]) is None


def test_tokens_seconds_and_money_are_summed(data: Path, tmp_path: Path) -> None:
    found = run(data, tmp_path / "out", prices={"read": 1, "written": 10}).measured.usage
    assert found
    assert (found.replies, found.read, found.written, found.cost) == (10, 100, 40, 0.0005)
    assert 0 < found.seconds[0] <= found.seconds[1]
    assert run(data, tmp_path / "out", prices={"read": 1, "written": 10}).measured.usage == found
    assert "10 replies, 100 tokens in, 40 out" in (tmp_path / "out" / "report.md").read_text("utf-8")


def test_all_calls_of_a_method_count(data: Path, tmp_path: Path) -> None:
    keys = {"method": "self-consistency", "options": {"samples": 3}, "limit": 2}
    found = run(data, tmp_path / "out", **keys).measured.usage
    assert found
    assert (found.replies, found.read) == (6, 60)


def test_what_nobody_counted_is_unknown_and_not_nothing() -> None:
    used = [Used(read=5, written=3, seconds=1), Used(seconds=3)]
    found = measured.Usage.of(used, PricesConfig(read=1, written=1))
    assert found == measured.Usage(2, None, None, (2, 3), None)
    assert "not counted" in str(found)
    assert measured.Usage.of([None], None) is None


def test_the_servers_own_words_about_its_model_are_kept(data: Path, tmp_path: Path) -> None:
    found = run(data, tmp_path / "out").measured
    assert found.card == {"id": "m", "max_model_len": 4096}
    config = EvalConfig.model_validate(
        {"model": "m", "data": data, "endpoint": {"base_url": "http://127.0.0.1:1/v1"}}
    )
    again = evaluate(config, plan(config), responder(config), tmp_path / "out")
    assert again.measured.card == found.card  # the server is gone, and nothing was asked


def test_a_judge_is_measured_too(tmp_path: Path) -> None:
    record = {
        "main_id": 1,
        "instruction": "写一首诗",
        "category": "And",
        "task_types": "T",
        "scoring_questions": [{"question": "是否押韵？"}, {"question": "是否有题目？"}],
    }
    (tmp_path / "data.json").write_text(json.dumps([record]), "utf-8")
    (tmp_path / "answers.jsonl").write_text(json.dumps({"id": "1", "response": "诗"}), "utf-8")
    with chat_server(lambda body: completion("答案：是", usage=(7, 2))) as server:
        judge = {"model": "m", "endpoint": {"base_url": server.base_url}, "prices": {"read": 1, "written": 1}}
        keys = {"benchmark": "complexbench", "data": tmp_path / "data.json", "judge": judge}
        config = EvalConfig.model_validate(keys | {"responses": tmp_path / "answers.jsonl"})
        (tmp_path / "out").mkdir()
        found = evaluate(config, plan(config), responder(config), tmp_path / "out").measured
    assert found.judge_usage
    assert (found.judge_usage.replies, found.judge_usage.read, found.judge_usage.cost) == (2, 14, 18e-6)
    assert found.usage is None
    assert found.judge_card == {"id": "m", "max_model_len": 4096}
    assert found.judge_prompts
    assert found.settings["judge.model"] == "m"
    assert set(found.stored) == {"stored answers"}


def test_other_prompts_have_another_name(data: Path, tmp_path: Path) -> None:
    plain, kind = run(data, tmp_path / "plain"), run(data, tmp_path / "kind", system="Be kind.")
    assert plain.measured.prompts != kind.measured.prompts


def test_a_finished_run_says_the_same_again(data: Path, tmp_path: Path) -> None:
    first = run(data, tmp_path / "out")
    assert run(data, tmp_path / "out").measured == first.measured
    assert report.read(tmp_path / "out") == first


def test_a_report_of_another_version_is_refused_in_one_sentence(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "out")
    path = tmp_path / "out" / "report.json"
    tree = json.loads(path.read_text("utf-8"))
    del tree["measured"]
    path.write_text(json.dumps(tree), "utf-8")
    with pytest.raises(ConfigError, match=r"report\.json: not of this version"):
        report.read(tmp_path / "out")


WITHOUT_DATA = {"complexbench", "ifbench-multiturn", "multi-if", "rubrics"}
"""Their files are not among the benchmarks' data, or not under their public names."""


@pytest.mark.parity
@pytest.mark.parametrize("name", sorted(set(BENCHMARKS) - WITHOUT_DATA))
def test_public_data_is_known_by_its_revision(benchmark_data: Path, name: str) -> None:
    benchmark = BENCHMARKS[name]
    path = benchmark_data / benchmark.file
    found = measured.Data.of(name, benchmark, path)
    assert found.revision
    assert len(benchmark.items(path)) > 100
    assert "its own" not in benchmark.program


def test_weights_are_told_apart_by_their_ends(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"0" * 100)
    before = measured.checkpoint(str(tmp_path))
    assert measured.checkpoint(str(tmp_path)) == before
    (tmp_path / "model.safetensors").write_bytes(b"0" * 99 + b"1")
    assert measured.checkpoint(str(tmp_path)) != before
    assert measured.checkpoint("a name on a server") is None


def test_the_commit_is_that_of_this_package(tmp_path: Path) -> None:
    """Installed inside another project's repository, it is not that project's."""
    (tmp_path / "__init__.py").touch()
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert measured.commit(tmp_path) is None
