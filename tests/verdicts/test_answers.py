"""Answers in a file of their own: joined by id, else by prompt, and never to a wrong row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from raif.errors import RecordError
from raif.records import LAYOUTS
from raif.verdicts.answers import read_answers
from raif.verdicts.stream import verified
from raif.verdicts.tally import Tally

ROW: dict[str, Any] = {
    "key": 7,
    "prompt": "Hi",
    "instruction_id_list": ["punctuation:no_comma"],
    "kwargs": [{}],
}


def write(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    return path


def joined(path: Path, *rows: dict[str, Any]) -> tuple[list[dict[str, Any]], Tally]:
    tally = Tally()
    found = ((f"rows:{number}", dict(row)) for number, row in enumerate(rows, 1))
    return list(verified(found, tally, answers=read_answers(path))), tally


def test_answers_are_joined_by_key_else_by_prompt(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"key": 7, "response": "a, b"}, {"prompt": "Hi", "response": "a b"})
    out, tally = joined(path, ROW, ROW | {"key": 8}, ROW | {"key": 9, "prompt": "Ho"})
    assert [line.get("followed") for line in out] == [False, True, None]
    assert out[2]["error"] == "rows:3: response: no answer has the id '9' or this prompt"
    assert tally.used == {0, 1}


def test_an_id_with_another_prompt_is_an_error(tmp_path: Path) -> None:
    """26 of IFBench's 300 prompts were once joined to the answer of another one."""
    path = write(tmp_path / "a.jsonl", {"key": 7, "prompt": "Ho", "response": "a b"})
    (out,), _ = joined(path, ROW)
    assert out["error"].startswith(f"rows:1: response: {path}:1 has the id '7', but another prompt. Take")


def test_a_prompt_with_several_answers_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"prompt": "Hi", "response": "a"}, {"prompt": "Hi", "response": "b"})
    (out,), _ = joined(path, ROW)
    assert out["error"].startswith(f"rows:1: response: 2 answers have this prompt, as {path}:1 and {path}:2")


def test_a_second_answer_to_an_id_is_named_in_its_row_alone(tmp_path: Path) -> None:
    lines = [{"key": key, "response": "a b"} for key in (7, 8, 7)]
    path = write(tmp_path / "a.jsonl", *lines)
    (first, second), _ = joined(path, ROW, ROW | {"key": 8})
    assert first["error"].startswith(
        f"rows:1: response: 2 answers have the id '7', as {path}:1 and {path}:3. Several answers to a prompt"
    )
    assert second["followed"] is True


def test_white_space_at_a_prompts_ends_is_forgiven(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"prompt": "\nHi ", "response": "a"})
    assert joined(path, ROW | {"prompt": "Hi\n"})[0][0]["followed"] is True
    path = write(tmp_path / "a.jsonl", {"key": 7, "prompt": "Hi ", "response": "a"})
    assert joined(path, ROW)[0][0]["followed"] is True


def test_what_was_checked_is_what_is_printed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"key": 7, "response": "a b"})
    (out, lost), _ = joined(path, ROW | {"response": "old, and wrong"}, ROW | {"key": 8, "response": "old"})
    assert (out["response"], out["followed"]) == ("a b", True)
    lost.pop("error")
    assert lost == ROW | {"key": 8}


def test_an_answer_that_is_null_keeps_its_place(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"key": 7, "response": None}, {"key": 8, "response": "a b"})
    (first, second), tally = joined(path, ROW, ROW | {"key": 8})
    assert first["error"] == f"rows:1: {path}:1: response: is null"
    assert second["followed"] is True
    assert (tally.errors, len(tally.used)) == (1, 2)


def test_several_answers_to_a_prompt_are_a_list(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"key": 7, "responses": ["a b", "a, b"]})
    assert joined(path, ROW)[0][0]["sampled"]["pass@1"] == 0.5


CHAT = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "a b", "refusal": None}}]}
BATCH = {
    "id": "batch_req_123",
    "custom_id": "7",
    "response": {"status_code": 200, "request_id": "req_123", "body": {"id": "chatcmpl-123", **CHAT}},
    "error": None,
}
EXPIRED = {"id": "batch_req_1", "custom_id": "8", "response": None, "error": {"code": "batch_expired"}}
VLLM = {"id": "vllm-6f2a", "custom_id": "9", "response": {"status_code": 200, "body": CHAT}, "error": None}


def test_the_output_of_a_batch_is_joined_by_custom_id(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", EXPIRED, VLLM, BATCH)
    out, _ = joined(path, ROW, ROW | {"key": 8}, ROW | {"key": 9})
    assert [line.get("followed") for line in out] == [True, None, True]
    assert out[0]["response"] == "a b"
    assert out[1]["error"] == f"rows:2: {path}:1: response: the request failed: batch_expired"


@pytest.mark.parametrize(
    ("response", "given"),
    [
        ({"body": {"choices": [{"text": "a b"}]}}, {"response": "a b"}),
        (
            {"body": {"output": [{"type": "reasoning"}, {"type": "message", "content": [{"text": "a b"}]}]}},
            {"response": "a b"},
        ),
        ({"body": {"output": [{"type": "reasoning"}]}}, {"response": None}),
        ({"body": CHAT}, {"response": "a b"}),
    ],
)
def test_batches_of_every_end_point_are_read(
    tmp_path: Path, response: dict[str, Any], given: dict[str, Any]
) -> None:
    path = write(tmp_path / "a.jsonl", BATCH | {"response": response})
    assert read_answers(path)[0].given == given


@pytest.mark.parametrize(
    ("failed", "said"),
    [
        ({"response": None, "error": {"code": "batch_expired", "message": "Too late."}}, ": Too late."),
        ({"response": {"body": {"error": {"message": "Too long."}}}}, ": Too long."),
        ({"response": {"status_code": 500, "body": {}}}, ""),
    ],
)
def test_a_batch_says_why_there_is_no_answer(tmp_path: Path, failed: dict[str, Any], said: str) -> None:
    path = write(tmp_path / "a.jsonl", BATCH | failed)
    (out,), _ = joined(path, ROW)
    assert out["error"] == f"rows:1: {path}:1: response: the request failed{said}"


def test_several_choices_of_a_batch_are_several_answers(tmp_path: Path) -> None:
    choices = [{"message": {"content": text}} for text in ("a b", "a, b")]
    path = write(tmp_path / "a.jsonl", BATCH | {"response": {"body": {"choices": choices}}})
    assert joined(path, ROW)[0][0]["responses"] == ["a b", "a, b"]


@pytest.mark.parametrize("name", ["lm-eval", "lighteval", "evalscope", "lighteval-old"])
def test_logs_of_harnesses_are_answers_to_the_benchmarks_rows(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "a.jsonl", LAYOUTS[name].sample)
    row = ROW | {"key": 1000, "prompt": "Describe tea without commas."}
    assert joined(path, row)[0][0]["response"] == "Tea is warm."


def test_predictions_without_their_rows_are_joined_by_the_prompt(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {**LAYOUTS["evalscope"].sample, "metadata": {}})
    assert joined(path, ROW | {"prompt": "Describe tea without commas."})[0][0]["followed"] is True


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"response": "a"}', "needs `key`, `id`, `custom_id` or `prompt`"),
        ('{"prompt": 7, "response": "b"}', "neither text nor a list of turns"),
        ('{"custom_id": "9", "response": {"body": {"choices": [{}]}}}', "'text'"),
        ('{"key": 8', "line contains invalid json"),
    ],
)
def test_an_answer_that_cannot_be_joined_loses_no_other(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f'{line}\n{{"key": 7, "response": "a b"}}\n')
    (out,), _ = joined(path, ROW)
    (error,) = read_answers(path).errors
    assert out["followed"] is True
    assert error.message.startswith(f"{path}:1: {said}")


def test_a_file_without_answers_is_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no such file"):
        read_answers(tmp_path / "none.jsonl")


def test_the_rows_of_ifbench_get_their_own_answers_or_none(benchmark_data: Path, tmp_path: Path) -> None:
    """Answers that were numbered by hand have the ids of other prompts."""
    rows = [json.loads(line) for line in (benchmark_data / "ifbench" / "IFBench_test.jsonl").open("rb")][:60]
    answers = [{"id": str(n), "prompt": row["prompt"], "response": f"to {n}"} for n, row in enumerate(rows)]
    out, _ = joined(write(tmp_path / "a.jsonl", *answers), *rows)
    for number, row in enumerate(out):
        assert "error" in row or row["response"] == f"to {number}"
