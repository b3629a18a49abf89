"""Every layout of rows: told by its columns, read with its checks and its answer, and documented."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from raif import records
from raif.errors import RecordError
from raif.files import jsonl
from raif.records import LAYOUTS, instruction, layout_of, tell
from raif.types import Instruction

ROOT = Path(__file__).parents[2]
TEA = "Describe tea without commas."
COMMA: tuple[str, dict[str, Any]] = ("punctuation:no_comma", {})
BOTH = [COMMA, ("length_constraints:number_words", {"relation": "at least", "num_words": 300})]


class Case(NamedTuple):
    """What the sample of a layout says: its last user turn, its checks and its answer."""

    prompt: str
    checks: list[tuple[str, dict[str, Any]]]
    given: dict[str, Any] = {}  # noqa: RUF012 (not changed)
    dialect: str = "official"


ANSWER = {"response": "Tea is warm."}
CASES = {
    "argilla": Case("Write a summary.", BOTH, ANSWER),
    "evalscope": Case(TEA, [COMMA], ANSWER),
    "if-multi-constraints": Case(
        "Describe tea. Join all sentences by hyphens. The last word must be brief.",
        [("detectable_format:sentence_hyphens", {}), ("last_word:last_word_answer", {"last_word": "brief"})],
    ),
    "ifeval": Case("Write a summary.", BOTH),
    "ifeval-chat": Case("Rewrite it without commas.", [COMMA]),
    "lighteval": Case(TEA, [COMMA], ANSWER),
    "lighteval-old": Case(TEA, [COMMA], ANSWER),
    "lighteval-underscored": Case(TEA, [COMMA], ANSWER),
    "lm-eval": Case(TEA, [COMMA], ANSWER),
    "multi-if": Case("Now in 300 words.", BOTH),
    "openrlhf": Case(TEA, [COMMA], dialect="raif"),
    "raif": Case(TEA, [COMMA], dialect="raif"),
    "released": Case("Describe tea.", [COMMA], dialect="reference"),
    "rlvr-ifeval": Case(
        "Describe tea. Answer with at least 17 words",
        [("rlvr:validate_word_constraint", {"N": 17, "quantifier": "at least"})],
    ),
    "slime": Case(TEA, [COMMA], dialect="raif"),
    "trl": Case(TEA, [COMMA], ANSWER, "raif"),
    "verinstruct": Case("Describe tea playfully, in at most 100 words.", [], dialect="raif"),
    "verl": Case(TEA, [COMMA], dialect="raif"),
}


def checks(found: Instruction) -> list[tuple[str, dict[str, Any]]]:
    return [(each.id, each.kwargs) for each in found.constraints]


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_a_row_is_told_and_read(name: str) -> None:
    row, case = LAYOUTS[name].sample, CASES[name]
    assert tell(row) == name
    found = instruction(row, "f:1")
    assert (found.prompt, checks(found), found.dialect) == (case.prompt, case.checks, case.dialect)
    assert layout_of(row).given(row) == case.given


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_nulls_of_other_rows_change_nothing(name: str) -> None:
    """A table of mixed rows has the columns of all of them."""
    every = {column: None for other in LAYOUTS for column in LAYOUTS[other].sample}
    row = LAYOUTS[name].sample
    assert tell(every | row) == name
    assert instruction(every | row, "f:1") == instruction(row, "f:1")


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_a_named_layout_says_which_column_is_missing(name: str) -> None:
    with pytest.raises(RecordError, match=rf"f:1: {LAYOUTS[name].columns[0]}: missing"):
        instruction({"a": 1}, "f:1", layout=name)


def test_the_documentation_has_every_layout_with_its_columns() -> None:
    page = (ROOT / "docs" / "verify.md").read_text("utf-8")
    page = page.partition("\n## Rows\n")[2].partition("\n## ")[0]
    table = {line.split("|")[1].strip(" `"): line for line in page.splitlines() if line.startswith("| `")}
    assert set(LAYOUTS) <= set(table)
    for name in LAYOUTS:
        assert all(f"`{column}`" in table[name] for column in LAYOUTS[name].columns), name


def test_columns_that_fit_none_name_the_nearest() -> None:
    with pytest.raises(RecordError) as caught:
        instruction({"prompt": "Hi", "instruction_ids": []}, "f:1")
    assert "The nearest is ifeval, which needs `prompt` with `instruction_id_list`" in caught.value.message


def test_our_own_fields_come_before_those_of_others() -> None:
    foreign = {"prompt": "Ho", "label": "1", "input": "x", "target": "y", "ground_truth": "42"}
    row = LAYOUTS["raif"].sample
    assert instruction(row | foreign, "f:1") == instruction(row, "f:1")


@pytest.mark.parametrize(
    ("row", "texts"),
    [
        ({"resps": [["a", "b"]], "filtered_resps": [["a", "b"]]}, ["a", "b"]),
        ({"resps": [["a", "b"]], "filtered_resps": ["a"]}, "a"),
        ({"resps": [["a"]]}, "a"),
    ],
)
def test_lm_evals_answer_is_the_one_that_was_scored(row: dict[str, Any], texts: Any) -> None:
    row = {"doc": LAYOUTS["lm-eval"].sample["doc"]} | row
    assert list(layout_of(row).given(row).values()) == [texts]


def test_lightevals_answer_is_the_one_without_thinking_if_it_has_that() -> None:
    row = LAYOUTS["lighteval"].sample
    row = row | {"model_response": {"text": ["<think>a</think>b"], "text_post_processed": ["b"]}}
    assert layout_of(row).given(row) == {"response": "b"}


def test_a_prediction_without_its_row_says_how_it_can_be_joined() -> None:
    row = {**LAYOUTS["evalscope"].sample, "metadata": {}}
    with pytest.raises(RecordError, match=r"metadata: missing, .* --responses"):
        instruction(row, "f:1")


def test_a_row_of_multi_if_is_the_turn_that_was_answered() -> None:
    row = LAYOUTS["multi-if"].sample | {"turn_index": "1", "responses": "Warm."}
    assert checks(instruction(row, "f:1")) == [COMMA]
    assert layout_of(row).given(row) == {"response": "Warm."}
    with pytest.raises(RecordError, match="turn_index: there is no turn 3"):
        instruction(row | {"turn_index": "3"}, "f:1")


def test_m_ifevals_prefix_is_the_language() -> None:
    row = {"prompt": "Hola", "instruction_id_list": ["es:punctuation:no_comma"], "kwargs": [{}]}
    found = instruction(row, "f:1")
    assert (checks(found), found.language) == ([COMMA], "es")
    with pytest.raises(RecordError, match="unknown constraint 'es:letters:no_such'"):
        instruction(row | {"instruction_id_list": ["es:letters:no_such"]}, "f:1")


def test_ifevals_rows_keep_their_language_and_dialect() -> None:
    row = LAYOUTS["ifeval"].sample | {"language": "zh-CN", "dialect": "raif"}
    found = instruction(row, "f:1")
    assert (found.language, found.dialect, found.semantics) == ("zh", "raif", "zh")


@pytest.mark.parametrize("said", ["zh", "zh-CN", "ZH", "Chinese", "cmn", "zh_Hans", "中文"])
def test_all_names_of_chinese_are_one(said: str) -> None:
    row = LAYOUTS["raif"].sample | {"language": said}
    assert instruction(row, "f:1").semantics == "zh"
    assert instruction(LAYOUTS["raif"].sample, "f:1", language=said).language == "zh"


def test_an_empty_cell_names_no_language() -> None:
    assert instruction(LAYOUTS["raif"].sample | {"language": ""}, "f:1").language == "en"


def test_an_unknown_language_is_an_error_that_lists_all() -> None:
    with pytest.raises(RecordError, match=r"f:1: language: 'Klingon' is not .*, de, .*, en, .*, zh, zu"):
        instruction(LAYOUTS["raif"].sample | {"language": "Klingon"}, "f:1")


@pytest.mark.parametrize(
    ("label", "found"),
    [
        ('{"instruction_id_list": ["punctuation:no_comma"], "kwargs": [null]}', [COMMA]),
        ("[{'instruction_id': ['punctuation:no_comma'], 'kwargs': [None]}]", [COMMA]),
        ('{"func_name": "validate_no_commas"}', [("rlvr:validate_no_commas", {})]),
    ],
)
def test_labels_of_trainers_hold_the_checks_of_others_too(label: str, found: list[Any]) -> None:
    assert checks(instruction({"prompt": TEA, "label": label}, "f:1")) == found


@pytest.mark.parametrize("label", ["72", "forty-two", "{}", "[1]", '{"func_name": null}', None])
def test_a_label_without_checks_is_an_error(label: Any) -> None:
    with pytest.raises(RecordError, match="f:1: "):
        instruction({"prompt": TEA, "label": label}, "f:1", layout="slime")


@pytest.mark.parametrize(
    "checked",
    [{"constraints": [{"id": COMMA[0]}]}, {"instruction_id_list": [COMMA[0]], "kwargs": [{}]}],
)
def test_trls_rows_can_be_plain_text_and_have_ifevals_columns(checked: dict[str, Any]) -> None:
    row = {"prompt": TEA, "completion": "Tea is warm."} | checked
    found = instruction(row, "f:1")
    assert (found.prompt, checks(found)) == (TEA, [COMMA])
    assert layout_of(row).given(row) == {"response": "Tea is warm."}


def test_lists_can_be_pythons_as_pandas_writes_them_into_a_csv_file() -> None:
    row = LAYOUTS["ifeval"].sample
    cells = row | {name: repr(row[name]) for name in ("instruction_id_list", "kwargs")}
    assert instruction(cells, "f:1") == instruction(row, "f:1")
    with pytest.raises(RecordError, match=r"kwargs: not JSON: '\[\{a\}\]'"):
        instruction(cells | {"kwargs": "[{a}]"}, "f:1")


@pytest.mark.parametrize("name", ["raif", "ifeval", "argilla", "verl"])
def test_whole_floats_are_ids_of_whole_numbers(name: str) -> None:
    row = {**LAYOUTS[name].sample, "id": 300.0, "key": 300.0}
    assert instruction(row, "f:1").id == "300"


def test_a_label_can_be_a_list_of_one() -> None:
    for name in ("rlvr-ifeval", "if-multi-constraints"):
        row = LAYOUTS[name].sample
        listed = row | {"ground_truth": [row["ground_truth"]]}
        assert (tell(listed), instruction(listed, "f:1")) == (name, instruction(row, "f:1"))


def test_verinstructs_code_is_not_run() -> None:
    row = LAYOUTS["verinstruct"].sample | {"functions": ["raise SystemExit", "raise SystemExit"]}
    texts = [question.text for question in instruction(row, "f:1").questions]
    assert [text.rpartition("? ")[2] for text in texts] == ["The tone is playful.", "At most 100 words."]


def test_contents_of_turns_can_be_parts() -> None:
    parts = [{"type": "text", "text": "Describe "}, {"type": "text", "text": "tea."}]
    row = {**LAYOUTS["raif"].sample, "messages": [{"role": "user", "content": parts}]}
    assert instruction(row, "f:1").prompt == "Describe tea."
    parts = [{"type": "image_url", "image_url": {"url": "x"}}]
    with pytest.raises(RecordError, match="messages: content: a part of the type 'image_url' is not text"):
        instruction(row | {"messages": [{"role": "user", "content": parts}]}, "f:1")
    with pytest.raises(RecordError, match="messages: content: a part without `text`, but with 'role'"):
        instruction(row | {"messages": [{"role": "user", "content": [{"role": "user"}]}]}, "f:1")
    with pytest.raises(RecordError, match="messages: text: not JSON: 'Hi'"):
        instruction(row | {"messages": "Hi"}, "f:1")


@pytest.mark.parametrize(
    ("place", "layout", "rows"),
    [
        ("ifeval/input_data.jsonl", "ifeval", 541),
        ("ifbench/IFBench_test.jsonl", "ifeval", 300),
        ("multi-turn/fixtures/ifbench_multiturn.jsonl", "ifeval-chat", 37),
        ("multi-turn/fixtures/conversations.jsonl", "multi-if", 53),
    ],
)
def test_released_rows_are_read(benchmark_data: Path, place: str, layout: str, rows: int) -> None:
    found = [row for _, row in jsonl.objects(benchmark_data / place)]
    assert {tell(row) for row in found} == {layout}
    read, refused = [], []
    for number, row in enumerate(found):
        try:
            read.append(records.instruction(row, f"{place}:{number}"))
        except RecordError as error:
            refused.append(error.message)
    assert all(record.constraints for record in read)
    assert len(read) + len(refused) == rows
    assert all("kwarg" in message or "regular expression" in message for message in refused), refused


def test_released_labels_of_if_rlvr_are_read(benchmark_data: Path) -> None:
    fixtures = benchmark_data / "iftrain" / "fixtures"
    read = 0
    for file in ("reward_cases.jsonl", "old_functions.jsonl"):
        for _, case in jsonl.objects(fixtures / file):
            if isinstance(case["expected"], str):
                continue
            row = {"messages": [{"role": "user", "content": "Hi"}], "ground_truth": case["label"]}
            assert tell(row) == ("rlvr-ifeval" if case["label"].startswith("{") else "if-multi-constraints")
            with suppress(RecordError):  # labels that upstream's code scores, too, though kwargs are missing
                read += bool(instruction(row, "f:1").constraints)
    assert read > 200
