"""The relevance of an evaluation's answers, by a model or the judge: in its tables, items and page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from raif.config.eval import EvalConfig
from raif.config.judge import JudgeConfig
from raif.eval.answers import Answer
from raif.eval.report import read_results
from tests.chat_server import Body, chat_server, completion, last_turn
from tests.eval.test_eval_run import Scripted, answers, run

LOCAL = {"compute": "float32", "device": "cpu"}


def test_a_model_measures_whatever_answered(data: Path, tmp_path: Path, tiny_folder: Path) -> None:
    script = answers(range(8)) | answers([8], "one, two") | {"9": Answer("")}
    keys = {"relevance": str(tiny_folder), "local": LOCAL}
    report = run(data, tmp_path / "out", Scripted(script), **keys)
    shares, gains = report.tables[-2:]
    assert (shares.name, [row.name for row in shares.rows]) == (
        "relevance",
        ["relevant", "full marks and relevant"],
    )
    assert [row.checks for row in shares.rows] == [10, 10]
    assert gains.rows[0].checks == 9, "an empty answer gains nothing"
    results = read_results(tmp_path / "out")
    relevant = [each.relevance.relevant for each in results if each.relevance]
    assert len(relevant) == 10
    assert relevant[9] is False
    value, both = (row.values[0] for row in shares.rows)
    assert value
    assert both
    assert value.value == sum(map(bool, relevant)) / 10
    assert both.value == sum(map(bool, relevant[:8])) / 10
    assert "| relevant | 10 | 10 |" in (tmp_path / "out" / "report.md").read_text()
    assert "full marks and relevant" in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_without_the_key_nothing_changes(data: Path, tmp_path: Path) -> None:
    report = run(data, tmp_path / "out", Scripted(answers(range(10))))
    assert "relevance" not in [table.name for table in report.tables]
    line = json.loads((tmp_path / "out" / "verdicts.jsonl").read_text().splitlines()[0])
    assert line["relevance"] is None


def test_the_judge_is_asked_one_question_an_answer(data: Path, tmp_path: Path) -> None:
    def said(body: Body) -> tuple[int, Body]:
        return completion("yes" if "Question 3" in last_turn(body) else "no")

    with chat_server(said) as server:
        judge = JudgeConfig.model_validate({"model": "m", "endpoint": {"base_url": server.base_url}})
        for _ in range(2):
            report = run(data, tmp_path / "out", Scripted(answers(range(10))), relevance="judge", judge=judge)
        assert len(server.requests) == 10, "the second run finds them in the cache"
    (shares,) = (table for table in report.tables if table.name == "relevance")
    assert shares.rows[0].values[0]
    assert shares.rows[0].values[0].value == 0.1


def test_a_judge_has_to_be_named() -> None:
    with pytest.raises(ValueError, match="--judge-url"):
        EvalConfig.model_validate({"model": "m", "relevance": "judge"})
