"""What all benchmarks share: prompts in files, the paper's rows, dialects of the answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from raif.config.eval import Dialect, EvalConfig
from raif.eval.answers import Answer
from raif.eval.benchmark import BENCHMARKS
from raif.eval.report import compared, read_results
from raif.eval.responders import responder
from raif.eval.run import evaluate, final, plan
from raif.stats import Interval
from tests.chat_server import chat_server


def printed(model: str, name: str = "prompts, loose") -> dict[str, float]:
    (figure,) = compared("ifeval", EvalConfig(model=model), {name: Interval(0.7, 0.6, 0.8)})
    return {row.method: row.printed for row in figure.rows}


@pytest.mark.parametrize(
    ("model", "io"),
    [
        ("Qwen/Qwen2.5-7B-Instruct", 72.82),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", 60.81),
        ("agentica-org/DeepScaleR-1.5B-Preview", 41.77),
        ("mistralai/Ministral-8B-Instruct-2410", 59.51),
    ],
)
def test_the_papers_rows_are_found_by_the_models_name(model: str, io: float) -> None:
    assert printed(model)["io"] == io


def test_a_model_that_the_paper_does_not_have_has_no_rows() -> None:
    assert printed("gpt-5") == {}
    assert printed("Qwen2.5-7B-Instruct", "prompts, strict") == {}


def test_a_difference_is_ours_less_the_papers() -> None:
    config = EvalConfig(model="m", paper_model="Qwen2.5-7B-Instruct")
    (figure,) = compared("ifeval", config, {"prompts, loose": Interval(0.75, 0.7, 0.8)})
    assert {row.method: row.difference for row in figure.rows}["io"] == Interval(2.18, -2.82, 7.18)


@pytest.mark.parametrize(("dialect", "text"), [("sound", "<answer>\nx</answer>"), ("authors", "x</answer>")])
def test_the_papers_clean_up_drops_a_tag_at_the_start_alone(dialect: Dialect, text: str) -> None:
    assert final(Answer("<answer>\nx</answer>"), "none", dialect).answer == text


def test_items_whose_ids_are_checksums_have_names(tmp_path: Path) -> None:
    """The same names, whichever items are drawn."""
    free = [{"criterion": "NULL", "limit": "NULL"}]
    lists = ("Answer_format", "Input_depdent_query", "Task_prescribed_phrases", "Count_limit")
    for task in ("Planning", "closed_qa"):
        rows = [
            {
                "Instruction_id": f"{task}-{n}" * 5,
                "Instruction": f"{task} {n}",
                "input_text": "NULL",
                "lang": "ch",
            }
            | {"histories": [], **dict.fromkeys(lists, free)}
            for n in range(3)
        ]
        (tmp_path / f"{task}.json").write_text(json.dumps(rows), "utf-8")
    with chat_server() as server:
        keys = {"benchmark": "cello", "model": "m", "data": tmp_path, "limit": 3, "seed": 1}
        config = EvalConfig.model_validate(keys | {"endpoint": {"base_url": server.base_url}})
        (tmp_path / "out").mkdir()
        evaluate(config, plan(config), responder(config), tmp_path / "out")
    found = {one.messages[-1].content: one.name for one in read_results(tmp_path / "out")}
    names = {f"{task} {n}": f"{task} {n + 1}" for task in ("Planning", "closed_qa") for n in range(3)}
    assert len(found) == 3
    assert found.items() <= names.items()


@pytest.mark.parity
@pytest.mark.parametrize("name", ["cello", "fbbench"])
def test_no_two_items_have_the_same_name(benchmark_data: Path, name: str) -> None:
    items = BENCHMARKS[name].items(benchmark_data / BENCHMARKS[name].file)
    names = BENCHMARKS[name].names(items)
    assert len(set(names.values())) == len(items) == len(names)


def test_a_wrap_is_put_around_the_last_turn_alone(data: Path, tmp_path: Path) -> None:
    with chat_server() as server:
        keys = {
            "model": "m",
            "data": data,
            "limit": 1,
            "system": "Be kind.",
            "wrap": "USER: $prompt ASSISTANT:",
            "endpoint": {"base_url": server.base_url},
        }
        config = EvalConfig.model_validate(keys)
        evaluate(config, plan(config), responder(config), tmp_path)
    first, last = server.requests[0]["messages"]
    assert first["content"] == "Be kind."
    assert last["content"].startswith("USER: Question")
    assert last["content"].endswith("without commas. ASSISTANT:")
