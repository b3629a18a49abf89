import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from raif import records
from raif.errors import RecordError
from raif.types import Instruction

OURS: dict[str, Any] = {
    "id": "a",
    "messages": [{"role": "user", "content": "Hi"}],
    "constraints": [{"id": "punctuation:no_comma", "kwargs": {}}],
}
IFEVAL: dict[str, Any] = {
    "key": 7,
    "prompt": "Hi",
    "instruction_id_list": ["keywords:existence", "punctuation:no_comma"],
    "kwargs": [{"keywords": ["tea"], "num_words": None}, {}],
}
SYSTEM = "Put it between <think> and </think>, then <answer> and </answer>."
TEMPLATED = {
    "qwen": f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
    "<|im_start|>assistant\nYes?<|im_end|>\n"
    "<|im_start|>user\nGo on<|im_end|>\n<|im_start|>assistant\n<think>",
    "deepseek": "<｜begin▁of▁sentence｜><｜User｜>Hi<｜Assistant｜>Yes?<｜end▁of▁sentence｜>"
    "<｜User｜>Go on<｜Assistant｜><think>\n",
    "llama3": f"<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n{SYSTEM}<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\nYes?<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nGo on<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|><think>",
    "mistral": f"<s>[SYSTEM_PROMPT]{SYSTEM}[/SYSTEM_PROMPT]"
    "[INST] Hi [/INST] Yes?</s>[INST] Go on [/INST]<think>",
}


def read(*lines: dict[str, Any]) -> list[Instruction]:
    return list(records.read(io.BytesIO("\n".join(json.dumps(line) for line in lines).encode())))


def refusal(line: dict[str, Any]) -> str:
    with pytest.raises(RecordError) as caught:
        read(line)
    return str(caught.value)


def released(**fields: Any) -> Instruction:
    return read({"input": TEMPLATED["qwen"], "target": "4", "task": "math"} | fields)[0]


def test_layouts_are_told_apart_line_by_line() -> None:
    line = {"input": TEMPLATED["qwen"], "target": "4", "task": "default"}
    assert [r.id for r in read(OURS, IFEVAL, line)] == ["a", "7", "stream:3"]


def test_own_record_survives_writing_and_reading() -> None:
    (first,) = read(OURS)
    assert read(first.model_dump()) == [first]


def test_fields_beside_ours_are_left_aside() -> None:
    assert read(OURS | {"response": "Hi", "model": "m"}) == read(OURS)


@pytest.mark.parametrize(
    "foreign",
    [
        {"question": "Why?"},
        {"questions_": None, "compositions": {}},
        {"message": "Hi", "massages": [{"role": "user", "content": "Hi"}]},
        {"languages": ["en"], "tasks": "ifeval", "references": "42", "constraint": "no commas"},
        {"dialects": 1, "experts": [], "langauge": ["en"]},
        {"contraints": [{"id": "no:such"}]},  # there are constraints already
    ],
)
def test_foreign_fields_near_ours_are_left_aside(foreign: dict[str, Any]) -> None:
    assert read(OURS | foreign) == read(OURS)


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ({"constrains": [{"id": "punctuation:no_comma"}]}, "constraints"),
        ({"question": [{"text": "Is it kind?"}]}, "questions"),
        ({"langauge": "zh"}, "language"),
        ({"dialet": "ifeval"}, "dialect"),
        ({"format_requird": False}, "format_required"),
    ],
)
def test_a_misspelt_field_is_an_error_if_the_right_one_is_missing(slip: dict[str, Any], meant: str) -> None:
    (name,) = slip
    record = {"id": "a", "messages": OURS["messages"]} | slip
    assert refusal(record) == f"stream:1: {name}: unknown field. Did you mean {meant!r}?"


def test_names_of_foreign_fields_are_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight extra columns once took three times as long as the rest of a record."""
    wide = OURS | {f"column_{number}": number for number in range(8)}
    read(wide)
    monkeypatch.setattr("difflib.get_close_matches", None)
    assert read(wide, wide) == read(OURS, OURS)


def test_ifevals_null_kwargs_are_dropped() -> None:
    assert read(IFEVAL)[0].constraints[0].kwargs == {"keywords": ["tea"]}


def test_whole_floats_and_nans_of_columnar_files_are_integers_and_gaps() -> None:
    kwargs = {"num_words": 300.0, "relation": "at least", "percentage": float("nan")}
    item = {"id": "length_constraints:number_words", "kwargs": kwargs}
    row = IFEVAL | {"instruction_id_list": [item["id"]], "kwargs": [kwargs]}
    for found in (read(row)[0], read(OURS | {"constraints": [item]})[0]):
        assert found.constraints[0].kwargs == {"num_words": 300, "relation": "at least"}
        assert type(found.constraints[0].kwargs["num_words"]) is int


def test_a_conversation_keeps_the_checks_that_its_ids_name() -> None:
    """They were left aside in silence, because `messages` alone showed our layout."""
    turns = [*OURS["messages"], {"role": "assistant", "content": "Ho"}, {"role": "user", "content": "Again"}]
    (found,) = read(IFEVAL | {"messages": turns, "prompt": "Again"})
    assert [each.id for each in found.constraints] == IFEVAL["instruction_id_list"]
    assert [turn.content for turn in found.messages] == ["Hi", "Ho", "Again"]
    assert (found.id, found.dialect) == ("7", "official")


def test_a_number_is_an_id() -> None:
    assert read(OURS | {"id": 7})[0].id == "7"


@pytest.mark.parametrize("template", TEMPLATED)
def test_messages_are_recovered_from_the_template(template: str) -> None:
    turns = [(m.role, m.content) for m in released(input=TEMPLATED[template]).messages]
    assert turns == [("user", "Hi"), ("assistant", "Yes?"), ("user", "Go on")]


def test_system_text_that_is_no_format_request_is_kept() -> None:
    text = TEMPLATED["qwen"].replace(SYSTEM, "Be kind.")
    assert released(input=text).messages[0].content == "Be kind."


def test_released_checks_are_read_as_the_training_checker_reads_them() -> None:
    kwargs = [{"keyword": "C++", "relation": "至少", "frequency": 2}, {"num_words": None}]
    target = {"instruction_id_list": ["keywords:frequency", "punctuation:no_comma"], "kwargs": kwargs}
    found = released(task="ifeval", target=json.dumps(target | {"follow_score_qwen2.5-7B-Instruct": 1}))
    assert found.dialect == "reference"
    assert found.constraints[0].kwargs == kwargs[0]
    assert found.plain_score == 0.5


def test_dialect_that_is_given_replaces_the_records_own() -> None:
    line = OURS | {"constraints": [{"id": "keywords:existence", "kwargs": {"keywords": ["("]}}]}
    assert records.instruction(line, "here", dialect="reference").dialect == "reference"
    assert records.instruction(line, "here").dialect == "raif"
    with pytest.raises(RecordError, match="not a valid regular expression"):
        records.instruction(line, "here", dialect="official")


def test_released_questions_become_questions() -> None:
    target = {"scoring_questions": ["Kind?", {"question": "Short?"}], "scoring_sum_qwen2.5-7B-Instruct": 2}
    found = released(task="complex_woFormat", target=json.dumps(target))
    assert [q.text for q in found.questions] == ["Kind?", "Short?"]
    assert (found.task, found.format_required, found.plain_score) == ("complex", False, 1)


def test_released_math_has_its_reference_and_expert() -> None:
    found = released(task="default", answer="so</think><answer>four</answer>")
    assert (found.task, found.reference, found.plain_score) == ("math", "4", None)
    assert found.expert is not None
    assert (found.expert.thinking, found.expert.answer) == ("so", "four")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"a": 1}, "in no known layout: it has a."),
        (OURS | IFEVAL, "has both `constraints` and `instruction_id_list`"),
        (OURS | {"messages": []}, "messages: "),
        (OURS | {"constraints": [{"id": "no:such"}]}, "constraints.0: unknown constraint 'no:such'"),
        (
            OURS | {"constraints": [{"id": "keywords:existence"}]},
            "constraints.0: keywords:existence: kwarg 'keywords'",
        ),
        (OURS | {"composition": {"kind": "and", "parts": [3]}}, "composition: no check has position 3"),
        (IFEVAL | {"kwargs": [{}]}, "kwargs: 1 for 2 ids"),
        (IFEVAL | {"prompt": None}, "prompt: "),
        ({"input": "Hi", "target": "4"}, "input: not in a chat template"),
        ({"input": TEMPLATED["qwen"][:-7], "target": "4"}, "input: does not end in an opened <think>"),
        ({"input": TEMPLATED["qwen"], "target": "4", "task": "ifeval"}, "target: "),
        (
            {"input": TEMPLATED["qwen"], "target": '{"instruction_id_list": ["a:b"]}', "task": "ifeval"},
            "target: kwargs: 0 for 1 ids",
        ),
        ({"input": TEMPLATED["qwen"], "target": "4", "task": "chess"}, "task: "),
    ],
)
def test_bad_record_is_named_by_line_and_field(line: dict[str, Any], said: str) -> None:
    assert refusal(line).startswith(f"stream:1: {said}")


def test_documented_examples_are_records() -> None:
    page = (Path(__file__).parents[2] / "docs" / "records.md").read_text("utf-8")
    examples = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    assert {record.task for record in read(*examples)} == {"ifeval", "complex", "math", "kk"}
