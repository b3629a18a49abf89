"""Rubrics: rows in every layout, one request for each criterion, and what the verdicts add up to."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from raif.config.eval import EvalConfig
from raif.errors import RecordError
from raif.eval.benchmark import BENCHMARKS
from raif.eval.benchmarks.rubrics.layouts import Item, items
from raif.eval.report import lines as markdown_table
from raif.eval.responders import responder
from raif.eval.run import evaluate, plan
from tests.chat_server import chat_server, completion, last_turn
from tests.eval.judged import lines, one, requests, scored, value

OWN = {
    "id": "7",
    "prompt": "Greet.",
    "criteria": ["Is it kind?", {"text": "Is it long?", "wanted": "no", "kind": "length"}],
    "labels": {"topic": "talk"},
}
TALK = [
    {"role": "system", "content": "Rhyme."},
    {"role": "user", "content": "Hello."},
    {"role": "assistant", "content": "Mellow."},
    {"role": "user", "content": "Greet."},
]


def read(folder: Path, *rows: dict[str, Any]) -> list[Item]:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return items(path)


def test_our_own_layout(tmp_path: Path) -> None:
    (item,) = read(tmp_path, OWN)
    assert (item.id, item.messages[0].content, item.labels) == ("7", "Greet.", {"topic": "talk"})
    assert [(c.text, c.wanted, c.kind) for c in item.criteria] == [
        ("Is it kind?", True, None),
        ("Is it long?", False, "length"),
    ]


def test_advancedif(tmp_path: Path) -> None:
    """Its CSV holds conversation and rubrics as JSON text, the latter inside JSON text."""
    path = tmp_path / "if_oss_full_data.csv"
    metadata = json.dumps({"rubrics": json.dumps(["Does it rhyme?", "Is it kind?"])})
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["conversation_history", "benchmark_name", "prompt_metadata"])
        table.writerow([json.dumps(TALK), "system_steerability_v2", metadata])
    (item,) = items(path)
    assert (item.id, item.labels) == ("if_oss_full_data.csv:2", {"task": "system_steerability_v2"})
    assert [m.role for m in item.messages] == ["system", "user", "assistant", "user"]
    assert [c.text for c in item.criteria] == ["Does it rhyme?", "Is it kind?"]


def test_complexconstraints(tmp_path: Path) -> None:
    """Its CSV has a column for each criterion, many of them empty; their order is by number."""
    path = tmp_path / "set.csv"
    names = [f"criterion_{n}" for n in range(1, 12)]
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["benchmark_id", "prompt", "use_case", "instruction_type", "prompt_style", *names])
        table.writerow(
            ["CIF-001", "Greet.", "talk", "simple", "short", "one", "two", *[""] * 7, "ten", "eleven"]
        )
    (item,) = items(path)
    assert (item.id, [c.text for c in item.criteria]) == ("CIF-001", ["one", "two", "ten", "eleven"])
    assert item.labels == {"use_case": "talk", "instruction_type": "simple", "prompt_style": "short"}


@pytest.mark.parametrize(
    "turns", [TALK, {"role": [m["role"] for m in TALK], "content": [m["content"] for m in TALK]}]
)
@pytest.mark.parametrize("large", [True, False])
def test_multichallenge(turns: Any, large: bool, tmp_path: Path) -> None:
    """The repository's columns are in capitals, the hub's are not."""
    row = {
        "question_id": "q1",
        "axis": "INFERENCE_MEMORY",
        "conversation": turns,
        "target_question": "Does it forget the rhyme?",
        "pass_criteria": "NO",
    }
    (item,) = read(tmp_path, {name.upper() if large else name: cell for name, cell in row.items()})
    assert (item.id, item.labels, len(item.messages)) == ("q1", {"axis": "INFERENCE_MEMORY"}, 4)
    assert [(c.text, c.wanted) for c in item.criteria] == [("Does it forget the rhyme?", False)]


def test_a_table_fills_gaps_with_nulls_and_has_numbers(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="needs raif[data]")
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs raif[data]")
    kind = [{"text": "Is it kind?", "wanted": None, "kind": None}]
    rows = [
        OWN | {"messages": None, "criteria": kind, "labels": {"topic": None, "more": "z"}},
        {"id": "8", "messages": TALK, "criteria": [{"text": "x", "wanted": "no", "kind": "y"}]},
    ]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    first, second = items(tmp_path / "rows.parquet")
    assert ([(c.text, c.wanted) for c in first.criteria], first.labels) == (
        [("Is it kind?", True)],
        {"more": "z"},
    )
    assert (second.messages[0].role, second.labels) == ("system", {})
    (item,) = read(tmp_path, {"prompt": "Add.", "criterion_1": 7, "criterion_2": None})
    assert [c.text for c in item.criteria] == ["7"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"prompt": "Greet."}, "rows.jsonl:1: not in a layout of criteria"),
        (OWN | {"messages": TALK}, "needs either `prompt` or `messages`"),
        (OWN | {"criteria": []}, "rows.jsonl:1: criteria"),
        (OWN | {"criteria": [{"text": "x", "wanted": "perhaps"}]}, "criteria.0.wanted"),
        (OWN | {"criteria": [{"txt": "x"}]}, "criteria.0"),
        ({"messages": TALK[:3], "criteria": ["x"]}, "not the user's"),
        ({"conversation_history": "{", "prompt_metadata": "{}"}, "no `rubrics` in it"),
        (
            {"conversation_history": "{", "prompt_metadata": '{"rubrics": []}'},
            "conversation_history: not JSON",
        ),
        (OWN | {"prompt": None}, "needs either `prompt` or `messages`"),
        ({"messages": [], "criteria": ["x"]}, "messages"),
        (OWN | {"criteria": [7]}, "criteria.0"),
        (OWN | {"labels": ["a"]}, "labels"),
        ({"prompt": "Greet.", "criterion_1": None}, "criteria"),
        ({"conversation": {"role": ["user"], "content": []}, "target_question": "x"}, "1 roles for 0 texts"),
        ({"conversation": {"turns": []}, "target_question": "x"}, "conversation.role: not a list"),
    ],
)
def test_a_row_that_can_not_be_read_is_named(row: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(RecordError) as caught:
        read(tmp_path, row)
    assert said in str(caught.value)


def test_each_criterion_is_a_request_of_its_own(tmp_path: Path) -> None:
    (item,) = read(tmp_path, OWN)
    asked = [request.messages[-1].content for request in requests("rubrics", item, "sound")]
    assert ["Is it kind?" in text for text in asked] == [True, False]
    assert ["Is it long?" in text for text in asked] == [False, True]
    assert all("Greet." in text and "An answer." in text for text in asked)


def test_a_criterion_is_met_if_the_judge_says_what_is_wanted(tmp_path: Path) -> None:
    (item,) = read(tmp_path, OWN)
    found = one("rubrics", item, {"1": "YES", "2": "NO"}, "sound")
    assert (found.parts["all criteria met"], found.parts["criteria met"]) == (1.0, 1.0)
    found = one("rubrics", item, {"1": "YES", "2": "YES"}, "sound")
    assert (found.parts["all criteria met"], found.parts["criteria met"]) == (0.0, 0.5)
    found = one("rubrics", item, {"1": "YES", "2": "Perhaps."}, "sound")
    assert (found.parts["all criteria met"], found.parts["criteria met"]) == (None, 1.0)
    found = one("rubrics", item, {"1": "NO", "2": "Perhaps."}, "sound")
    assert (found.parts["all criteria met"], found.verification.followed) == (None, False)
    found = one("rubrics", item, {}, "sound", answer=" ")
    assert (found.parts["all criteria met"], found.parts["criteria met"]) == (0.0, 0.0)


def test_the_mean_over_a_label_s_values_takes_them_as_equal(tmp_path: Path) -> None:
    """MultiChallenge's score is the mean of its axes' rates."""
    rows = [
        OWN | {"id": f"{n}", "criteria": ["x"], "labels": {"axis": axis}} for n, axis in enumerate("aaab")
    ]
    found = read(tmp_path, *rows)
    said = {"0": {"1": "YES"}, "1": {"1": "NO"}, "2": {"1": "NO"}, "3": {"1": "YES"}}
    outcome = scored("rubrics", found, said, "sound")
    assert value(outcome, "items", "all", "all criteria met") == 0.5
    assert value(outcome, "axis", "a", "all criteria met") == pytest.approx(1 / 3)
    assert value(outcome, "axis", "mean of these", "all criteria met") == pytest.approx(2 / 3)


def test_a_label_s_name_can_hold_a_slash(tmp_path: Path) -> None:
    found = read(tmp_path, OWN | {"criteria": ["x"], "labels": {"a/b": "c/d"}})
    assert value(scored("rubrics", found, {"7": {"1": "YES"}}, "sound"), "a/b", "c/d", "criteria met") == 1


def test_a_name_with_a_bar_stays_in_its_cell() -> None:
    table = markdown_table(["label", "rate"], [["a|b\nc", "1"]])
    assert table.splitlines()[-1] == r"| a\|b c | 1 |"


def test_released_answers_of_multichallenge_are_read(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"QUESTION_ID": "q1", "RESPONSE": ["first", "second"]}\n{"id": "q2", "response": "x"}\n')
    found = {answer.id: answer.response for answer in BENCHMARKS["rubrics"].answers(path)}
    assert found == {"q1": "first", "q2": "x"}


def test_a_run_asks_the_judge_once_for_each_criterion(tmp_path: Path) -> None:
    def judge(body: dict[str, Any]) -> Any:
        return completion("YES" if "Is it kind?" in last_turn(body) else "NO, it is short.")

    (tmp_path / "rows.jsonl").write_text(json.dumps(OWN))
    with chat_server() as model, chat_server(judge) as server:
        config = EvalConfig.model_validate(
            {
                "benchmark": "rubrics",
                "data": tmp_path / "rows.jsonl",
                "model": "m",
                "endpoint": {"base_url": model.base_url},
                "judge": {"model": "j", "endpoint": {"base_url": server.base_url}},
            }
        )
        report = evaluate(config, plan(config), responder(config), tmp_path)
    assert len(server.requests) == 2
    assert report.headline == 1.0
    assert [v["passed"] for v in lines(tmp_path / "verdicts.jsonl")[0]["verification"]["verdicts"]] == [
        True,
        True,
    ]
