"""What `select` and `pack` read from a source: requests, broken lines, and what is no request at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from raif.config.staged import SeedSourceConfig, SourceConfig
from raif.data.staged.layouts import UserRequest
from raif.data.staged.sources import Read, problems, requests
from raif.errors import ConfigError, RecordError
from tests.data.staged.conftest import Write

ASKED = ["Write about a lighthouse.", "How is bread baked?", "写一封邮件。", "Add the odd numbers."]
ROWS = [{"prompt": prompt} for prompt in ASKED]


def read(**source: Any) -> list[Read]:
    return list(requests(SeedSourceConfig(**source)))


def texts(found: list[Read]) -> list[str]:
    return [each.found.text for each in found if isinstance(each.found, UserRequest)]


def refusal(**source: Any) -> RecordError:
    with pytest.raises(RecordError) as caught:
        read(**source)
    return caught.value


def test_rows_have_their_place_and_layout(write: Write) -> None:
    path = write("seeds.jsonl", ROWS[:1])
    assert read(path=path) == [Read("seeds.jsonl", f"{path}:1", "prompt", UserRequest(ASKED[0]))]


def test_a_limit_counts_rows_over_all_files(write: Write, tmp_path: Path) -> None:
    write("a.jsonl", ROWS[:2])
    write("b.jsonl", ROWS[2:])
    assert texts(read(path=tmp_path / "*.jsonl", limit=3)) == ASKED[:3]


def test_a_folder_and_a_glob_say_which_file_a_row_is_in(write: Write, tmp_path: Path) -> None:
    write("set/a.jsonl", ROWS[:1])
    write("set/deep/b.jsonl", ROWS[1:2])
    for path in (tmp_path / "set", tmp_path / "set" / "**" / "*.jsonl"):
        assert [(each.origin, each.where) for each in read(path=path)] == [
            ("a.jsonl", f"{tmp_path}/set/a.jsonl:1"),
            ("b.jsonl", f"{tmp_path}/set/deep/b.jsonl:1"),
        ]


def test_a_broken_line_is_named_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "seeds.jsonl"
    path.write_text(json.dumps(ROWS[0]) + '\n{"prompt": \n' + json.dumps(ROWS[1]) + "\n")
    first, broken, last = read(path=path)
    assert texts([first, last]) == ASKED[:2]
    assert isinstance(broken.found, RecordError)
    assert broken.found.message.startswith(f"{path}:2: line contains invalid json")


def test_each_row_is_in_its_own_layout(write: Write) -> None:
    rows = [ROWS[0], {"instruction": "Translate.", "input": "Good day", "output": "..."}, {"label": 3}]
    found = read(path=write("mixed.jsonl", rows))
    assert [each.layout for each in found] == ["prompt", "alpaca", "unknown"]
    assert texts(found) == [ASKED[0], "Translate.\n\nGood day"]


def test_a_file_without_requests_lists_its_columns_and_the_nearest_layout(write: Write) -> None:
    rows = [{"instructions": "Translate.", "contexts": "", "responses": "Ja."}] * 3
    error = refusal(path=write("seeds.jsonl", rows))
    assert error.message == (
        "seeds.jsonl: no request in its rows (3 read). Their columns: instructions, contexts, responses"
    )
    assert "nearest layout is dolly, with the columns instruction, context, response" in error.hint
    assert "columns={prompt: instructions}" in error.hint


def test_a_long_stream_without_requests_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    given = iter({"text": str(number)} for number in range(10**9))
    monkeypatch.setattr("raif.data.staged.sources.of_hub", lambda *_, **__: enumerate(given))
    assert "(1000 read)" in refusal(dataset="any/set").message
    assert next(given) == {"text": "1000"}


def test_a_layout_whose_columns_hold_no_request(write: Write) -> None:
    row = {"messages": [{"role": "assistant", "content": "Hello!"}]}
    assert "As messages" in refusal(path=write("seeds.jsonl", [row])).hint


def test_a_mapped_column_that_is_missing_is_named_with_the_nearest(write: Write) -> None:
    source = {"path": write("seeds.jsonl", [{"question": "Why?"}]), "columns": {"prompt": "questoin"}}
    assert "There is no column 'questoin'. Did you mean 'question'?" in refusal(**source).hint


def test_what_is_said_of_columns_names_the_nested_ones(write: Write) -> None:
    path = write("seeds.jsonl", [{"body": {"ask": {"text": "Why do bees hum?"}, "n": 1}}])
    error = refusal(path=path)
    assert error.message.endswith("Their columns: body.ask.text, body.n")
    assert "columns={prompt: body.ask.text}" in error.hint
    misspelt = refusal(path=path, columns={"prompt": "body.ask.txet"})
    assert "There is no column 'body.ask.txet'. Did you mean 'body.ask.text'?" in misspelt.hint
    assert texts(read(path=path, columns={"prompt": "body.ask.text"})) == ["Why do bees hum?"]


def test_the_case_of_a_column_does_not_matter(write: Write) -> None:
    rows = [{"Instruction": "Translate.", "Input": "Good day", "Output": "..."}]
    assert texts(read(path=write("seeds.jsonl", rows))) == ["Translate.\n\nGood day"]


def test_a_layout_given_by_name_is_the_only_one(write: Write) -> None:
    row = {"question": "Why do bees hum?", "prompt": "Explain."}
    assert texts(read(path=write("seeds.jsonl", [row]), layout="question")) == ["Why do bees hum?"]
    assert "no request" in refusal(path=write("more.jsonl", [row]), layout="dolly").message


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "there are no rows in it"), ("{\n{\n", r"seeds\.jsonl:1: .*, and so is every line")],
)
def test_a_file_without_rows(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "seeds.jsonl").write_text(content)
    with pytest.raises(RecordError, match=said):
        read(path=tmp_path / "seeds.jsonl")


def test_one_empty_part_of_many_is_no_mistake(write: Write, tmp_path: Path) -> None:
    write("a.jsonl", [])
    write("b.jsonl", ROWS)
    assert texts(read(path=tmp_path / "*.jsonl")) == ASKED


def test_an_unknown_suffix_is_the_users_error(tmp_path: Path) -> None:
    (tmp_path / "seeds.xml").touch()
    with pytest.raises(RecordError, match=r"no reader for '\.xml'"):
        read(path=tmp_path / "seeds.xml")


def test_a_data_set_is_asked_for_with_config_revision_and_split(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def of_hub(*names: str, **keys: Any) -> list[tuple[str, dict[str, str]]]:
        asked.append((names, keys))
        return [("x:1", ROWS[0])]

    monkeypatch.setattr("raif.data.staged.sources.of_hub", of_hub)
    read(dataset="any/set", config="main", revision="v1", split="test[:5]")
    assert asked == [(("any/set", "test[:5]"), {"streaming": True, "config": "main", "revision": "v1"})]


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"path": "a", "dataset": "b"},
        {"path": "a", "config": "main"},
        {"path": "a", "revision": "v1"},
        {"path": "a", "layout": "dolly", "columns": {"prompt": "q"}},
    ],
)
def test_keys_that_contradict_each_other(source: dict[str, Any]) -> None:
    from raif.config.staged import load_either

    with pytest.raises(ConfigError, match="give"):
        load_either(overrides=["mode=staged", f"select.sources={json.dumps([source])}"])


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ({"problem": "1 + 1", "answer": "2", "solution": "..."}, None),
        ({"question": "1 + 1", "final": 2}, {"prompt": "question", "reference": "final"}),
        ({"question": "1 + 1", "answer": "Add.\n#### 2"}, {"prompt": "question", "reference": "answer"}),
    ],
)
def test_problems_have_their_answer(row: dict[str, Any], columns: Any, write: Write) -> None:
    (found,) = problems(SourceConfig(path=write("math.jsonl", [row]), columns=columns))
    assert found.found == UserRequest("1 + 1", reference="2")


def test_problems_without_answers_are_refused(write: Write) -> None:
    path = write("math.jsonl", [{"problem": "1 + 1", "anwser": "2"}])
    with pytest.raises(RecordError, match="no request") as caught:
        list(problems(SourceConfig(path=path)))
    assert "'answer'" in caught.value.hint
