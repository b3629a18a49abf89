"""Released files: what is wrong with one is said with its path, its record and the field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from raif.config.eval import EvalConfig
from raif.errors import RecordError
from raif.eval.answers import Ask
from raif.eval.benchmark import BENCHMARKS
from raif.eval.report import Report, counts
from raif.eval.responders import responder
from raif.eval.run import evaluate, plan
from raif.eval.stored import answers, parsed
from raif.records import LAYOUTS
from raif.types import Message


class Item(BaseModel):
    id: int


def test_each_record_is_read_as_the_model(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text('[{"id": 1}, {"id": 2}]')
    assert parsed(path, Item) == [Item(id=1), Item(id=2)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"id": 1}, {"id": "x"}]', r"data\.json: record 1: id: .*integer"),
        ('[{"id": 1}, 2]', r"data\.json: record 1\b"),
        ('{"id": 1}', r"data\.json: not a JSON list"),
        ("[", r"data\.json: not JSON"),
    ],
)
def test_what_is_wrong_is_said_with_where_it_is(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(text)
    with pytest.raises(RecordError, match=message):
        parsed(path, Item)


BROKEN: dict[str, tuple[str, str, str, object]] = {
    "followbench": ("followbench", "answers", "en_mixed_constraint.jsonl", {"raw": {}, "choices": []}),
    "infobench": ("infobench", "judgments", "a.jsonl", {"id": "1", "eval": None}),
    "infobench without an id": ("infobench", "judgments", "a.jsonl", {"eval": [True]}),
    "infobench, lists": ("infobench", "judgments", "a.jsonl", {"id": "1", "eval": [[]]}),
    "fbbench": ("fbbench", "answers", "a.jsonl", {"second_response": "x", "user_query": None}),
    "fbbench, judgments": ("fbbench", "judgments", "a.jsonl", {"score": 1}),
    "complexbench": ("complexbench", "judgments", "a.json", [{"main_id": 1, "point_judges": None}]),
    "multi-if": ("multi-if", "answers", "a.jsonl", {"key": "a", "responses": "x", "turn_index": "one"}),
}


@pytest.mark.parametrize(("benchmark", "what", "name", "content"), BROKEN.values(), ids=BROKEN)
def test_a_released_file_of_another_form_is_named(
    benchmark: str, what: str, name: str, content: object, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(json.dumps(content))
    path = tmp_path if name.startswith("en_") else tmp_path / name
    with pytest.raises(RecordError, match=rf"{name}:\s?(?:record )?\d: not in the format"):
        list(getattr(BENCHMARKS[benchmark], what)(path))


def test_an_answer_that_is_null_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"id": "1", "response": null}\n{"id": "2", "response": "x"}\n{"prompt": "3", "response": null}\n'
    )
    asks = [Ask(id, (Message(role="user", content=id),)) for id in "123"]
    found = responder(EvalConfig(responses=path)).respond(asks)
    assert [(ask.id, answer.response) for ask, answer in found] == [("2", "x")]


def test_a_missing_file_is_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="No such file"):
        parsed(tmp_path / "none.json", Item)


HARNESSES = ("lm-eval", "lighteval", "lighteval-underscored", "lighteval-old", "evalscope")


@pytest.mark.parametrize("name", HARNESSES)
@pytest.mark.parametrize("benchmark", ["ifeval", "infobench", "rubrics", "complexbench", "cfbench"])
def test_what_harnesses_have_written_is_read(name: str, benchmark: str, tmp_path: Path) -> None:
    path = tmp_path / "samples_ifeval_2026.jsonl"
    path.write_text(json.dumps(LAYOUTS[name].sample))
    (found,) = BENCHMARKS[benchmark].answers(path)
    asked = "Describe tea without commas."
    assert (found.response, found.prompt) == ("Tea is warm.", asked)
    assert found.id == (None if name.startswith("lighteval") else "1000")


def test_what_batches_have_written_is_read_and_a_request_that_failed_is_no_answer(tmp_path: Path) -> None:
    done = {"custom_id": "7", "response": {"body": {"choices": [{"message": {"content": "Tea."}}]}}}
    path = tmp_path / "batch.jsonl"
    path.write_text(f"{json.dumps(done)}\n{json.dumps({'custom_id': '8', 'response': None, 'error': {}})}")
    assert [(one.id, one.response) for one in answers(path)] == [("7", "Tea."), ("8", None)]


def test_several_responses_to_a_prompt_are_too_many(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text(json.dumps({**LAYOUTS["lm-eval"].sample, "filtered_resps": [["a", "b"]]}))
    with pytest.raises(RecordError, match=r"samples\.jsonl:1: 2 responses to one prompt"):
        list(answers(path))


def test_samples_of_lm_eval_are_scored(data: Path, tmp_path: Path) -> None:
    """Matched by the prompt here, which the harness has stripped."""
    docs = [{"prompt": f" Question {n}, without commas.\n"} for n in range(10)]
    rows = [{"doc": doc, "resps": [["x, y" if n else "x"]]} for n, doc in enumerate(docs)]
    (tmp_path / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = EvalConfig(data=data, responses=tmp_path / "samples.jsonl")
    (tmp_path / "out").mkdir()
    assert evaluate(config, plan(config), responder(config), tmp_path / "out").headline == pytest.approx(0.1)


def scored(data: Path, folder: Path, *lines: dict[str, Any], **keys: Any) -> Report:
    """IFEval's ten items with these stored answers."""
    (folder / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    config = EvalConfig(data=data, responses=folder / "a.jsonl", **keys)
    (folder / "out").mkdir()
    return evaluate(config, plan(config), responder(config), folder / "out")


def test_answers_that_no_item_gets_are_counted_with_an_example(data: Path, tmp_path: Path) -> None:
    report = scored(
        data,
        tmp_path,
        {"key": 3, "response": "fine"},
        {"prompt": "Question 4, without commas.", "response": "fine"},
        {"key": 99, "response": "fine"},
        {"prompt": "Question 99.", "response": "fine"},
        {"key": 5, "response": None},
    )
    assert (report.answered, report.unused) == (
        2,
        {
            "stored answer to no item, such as the one with the id '99'": 2,
            "stored answer that is null, such as the one with the id '5'": 1,
        },
    )
    assert "Not used: 2 x stored answer to no item, such as the one with the id '99'; 1 x" in counts(report)


def test_answers_to_items_that_are_not_drawn_belong_to_an_item(data: Path, tmp_path: Path) -> None:
    lines = ({"key": n, "response": "fine"} for n in range(10))
    report = scored(data, tmp_path, *lines, limit=2)
    assert (report.answered, report.unused) == (2, {})


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([{"key": 99, "response": "x"}], "1 x stored answer to no item, such as the one with the id '99'"),
        (
            [{"prompt": "?", "response": "x"}],
            "1 x stored answer to no item, such as the one with the prompt '?'",
        ),
        ([{"key": 1, "response": None}], "1 x stored answer that is null, such as the one with the id '1'"),
        ([], "it is empty"),
    ],
)
def test_answers_of_which_none_can_be_used_end_the_run(
    lines: list[dict[str, Any]], said: str, data: Path, tmp_path: Path
) -> None:
    with pytest.raises(RecordError) as error:
        scored(data, tmp_path, *lines)
    assert error.value.message == f"{tmp_path / 'a.jsonl'}: nothing in it can be used: {said}"
    assert "its item's `key` or `id`" in error.value.hint
    assert not any((tmp_path / "out").iterdir())
