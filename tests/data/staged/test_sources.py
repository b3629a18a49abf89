"""What `select` reads: each layout of a row, each kind of file."""

import csv
import json

import pytest

from raif.config.staged import SelectConfig
from raif.data.staged.sources import UserRequest, first_request, rows
from raif.errors import RecordError

PROMPTS = ["Write about a lighthouse.", "How is bread baked?", "写一封邮件。", "Add the odd numbers."]
ROWS = [{"prompt": prompt} for prompt in PROMPTS]
CHAT = {
    "conversation": [
        {"role": "user", "content": PROMPTS[0], "language": "English", "toxic": False, "redacted": False},
        {"role": "assistant", "content": "Once ...", "language": "English"},
        {"role": "user", "content": "Longer, please."},
    ],
    "language": "English",
    "toxic": False,
    "redacted": False,
}


def test_wildchat_gives_the_first_user_turn_with_its_language():
    assert first_request(CHAT, "auto") == UserRequest(PROMPTS[0], "English", None)


@pytest.mark.parametrize("flag", ["toxic", "redacted"])
def test_wildchat_flags_count_on_the_row_and_on_the_turn(flag):
    turn = {**CHAT["conversation"][0], flag: True}
    assert first_request({**CHAT, flag: True}, "auto").flag == flag
    assert first_request({**CHAT, "conversation": [turn]}, "auto").flag == flag


def test_alpaca_joins_instruction_and_input():
    row = {"instruction": "Translate.", "input": "Good day", "output": "..."}
    assert first_request(row, "auto").text == "Translate.\n\nGood day"


def test_a_chat_that_the_assistant_opens_has_no_request():
    assert first_request({"messages": [{"role": "assistant", "content": "Hello!"}]}, "auto") is None


@pytest.mark.parametrize("suffix", ["jsonl", "json", "csv", "parquet"])
def test_every_kind_of_file_gives_the_same_rows(suffix, tmp_path, write):
    path = tmp_path / f"seeds.{suffix}"
    if suffix == "jsonl":
        write(path.name, ROWS)
    elif suffix == "json":
        path.write_text(json.dumps(ROWS), "utf-8")
    elif suffix == "csv":
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([["prompt"], *([prompt] for prompt in PROMPTS)])
    else:
        pyarrow = pytest.importorskip("pyarrow.parquet")
        pyarrow.write_table(pytest.importorskip("pyarrow").Table.from_pylist(ROWS), path)
    source = SelectConfig(sources=({"path": path, "limit": 3},)).sources[0]
    assert [row["prompt"] for row in rows(source)] == PROMPTS[:3]


def test_a_hugging_face_data_set_is_streamed(write, tmp_path, monkeypatch):
    pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    write("set/train.jsonl", ROWS)
    source = SelectConfig(sources=({"dataset": str(tmp_path / "set")},)).sources[0]
    assert [row["prompt"] for row in rows(source)] == PROMPTS


def test_an_unknown_suffix_is_the_users_error(tmp_path):
    source = SelectConfig(sources=({"path": tmp_path / "seeds.xml"},)).sources[0]
    with pytest.raises(RecordError, match=r"no reader for '\.xml'"):
        list(rows(source))
