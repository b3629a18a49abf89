"""Each format of data files, as people's files are, and what is said about a row that can't be read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raif.errors import RecordError
from raif.files.formats import Row, read

TEXTS = ["Write about a lighthouse.", "How is bread baked; and why?", '写一封邮件，说"你好"。']
ROWS: list[Row] = [{"prompt": text, "n": str(n)} for n, text in enumerate(TEXTS)]


def found(path: Path) -> list[tuple[int, Row | str]]:
    return [(n, row.message if isinstance(row, RecordError) else row) for n, row in read(path)]


def rows_of(path: Path) -> list[Row | str]:
    return [row for _, row in found(path)]


def as_lines(rows: list[Row]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_table(delimiter: str) -> str:
    quoted = ['"' + row["prompt"].replace('"', '""') + '"' + delimiter + row["n"] for row in ROWS]
    return "\n".join([f"prompt{delimiter}n", *quoted]) + "\n"


def zst(content: bytes) -> bytes:
    pyarrow = pytest.importorskip("pyarrow")
    return bytes(pyarrow.compress(content, codec="zstd", asbytes=True))


CONTENTS = {
    "jsonl": as_lines(ROWS),
    "ndjson": as_lines(ROWS),
    "json": json.dumps(ROWS, indent=1),
    "csv": as_table(","),
    "tsv": as_table("\t"),
}


@pytest.mark.parametrize("suffix", CONTENTS)
@pytest.mark.parametrize("packed", ["", ".gz", ".zst"])
def test_every_format_gives_the_same_rows(suffix: str, packed: str, tmp_path: Path) -> None:
    compress: Callable[[bytes], bytes] = {"": bytes, ".gz": gzip.compress, ".zst": zst}[packed]
    path = tmp_path / f"seeds.{suffix}{packed}"
    path.write_bytes(compress(CONTENTS[suffix].encode()))
    assert rows_of(path) == ROWS


@pytest.mark.parametrize(
    "content",
    [
        as_lines(ROWS),
        json.dumps({"data": ROWS}),
        json.dumps({"version": "1.0", "seeds": ROWS}),
        json.dumps({"data": ROWS, "columns": [{"name": "prompt"}, {"name": "n"}] * 5}),
        json.dumps({"features": [{"name": "prompt"}], "rows": [{"row_idx": 0, "row": row} for row in ROWS]}),
        "\ufeff" + json.dumps(ROWS),
    ],
)
def test_json_in_all_its_shapes(content: str, tmp_path: Path) -> None:
    (tmp_path / "seeds.json").write_text(content, "utf-8")
    assert rows_of(tmp_path / "seeds.json") == ROWS


def test_a_list_of_texts(tmp_path: Path) -> None:
    (tmp_path / "seeds.json").write_text(json.dumps([*TEXTS, 7]), "utf-8")
    assert found(tmp_path / "seeds.json") == [
        *((n, {"prompt": text}) for n, text in enumerate(TEXTS, 1)),
        (4, f"{tmp_path}/seeds.json:4: not an object"),
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "user", "content": TEXTS[0]}]},
        {
            "prompt": TEXTS[0],
            "instruction_id_list": ["punctuation:no_comma"],
            "kwargs": [{"num_words": None}],
        },
        {"doc": {"prompt": TEXTS[0]}, "requests": [{"arg_0": TEXTS[0]}]},
    ],
)
def test_one_object_is_one_row_whatever_lists_it_has(row: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "seeds.json").write_text(json.dumps(row, indent=1))
    assert rows_of(tmp_path / "seeds.json") == [row]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_says_what_separates_columns(delimiter: str, tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_text("\ufeff" + as_table(delimiter), "utf-8")
    assert rows_of(tmp_path / "seeds.csv") == ROWS


def test_a_field_may_have_lines_and_be_long(tmp_path: Path) -> None:
    text = "One line.\nAnother.\n" * 20_000
    (tmp_path / "seeds.csv").write_text(f'prompt\n"{text}"\nshort\n')
    assert rows_of(tmp_path / "seeds.csv") == [{"prompt": text}, {"prompt": "short"}]


def test_a_row_with_too_many_fields_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_text("prompt,n\nSay, please,1\nfine,2\n")
    assert found(tmp_path / "seeds.csv") == [
        (2, f"{tmp_path}/seeds.csv:2: more fields than the 2 columns of the header"),
        (3, {"prompt": "fine", "n": "2"}),
    ]


def test_plain_text_is_a_request_a_line(tmp_path: Path) -> None:
    (tmp_path / "seeds.txt").write_text("\ufeffOne.\r\n\n  Two.\n", "utf-8")
    assert found(tmp_path / "seeds.txt") == [(1, {"prompt": "One."}), (3, {"prompt": "Two."})]


def test_text_that_is_json_lines_is_read_as_such(tmp_path: Path) -> None:
    (tmp_path / "seeds.txt").write_text(as_lines(ROWS), "utf-8")
    assert rows_of(tmp_path / "seeds.txt") == ROWS


@pytest.mark.parametrize("suffix", ["csv", "txt"])
def test_a_line_that_is_not_utf8_is_named_and_the_next_is_read(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"seeds.{suffix}"
    path.write_bytes(b"prompt\n" + "写一首诗。\n".encode("gb18030") + "写诗\n".encode())
    *_, bad, good = read(path)
    assert isinstance(bad[1], RecordError)
    assert bad[1].message == f"{path}:2: not UTF-8"
    assert "iconv" in bad[1].hint
    assert good == (3, {"prompt": "写诗"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'[{"a": 1},\n {"b" 2}]', r"seeds\.json:2: not JSON"),
        (b'[{"a": "\n\xff"}]', r"seeds\.json:2: not UTF-8"),
        (b"", r"seeds\.json:1: not JSON"),
        (b"3", r"seeds\.json: not a list of objects"),
        (b"[" * 100_000, r"seeds\.json: nested too deeply"),
    ],
)
def test_json_that_can_not_be_read(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "seeds.json").write_bytes(content)
    with pytest.raises(RecordError, match=said):
        found(tmp_path / "seeds.json")


@pytest.mark.parametrize("suffix", CONTENTS)
def test_a_compressed_file_that_is_cut_off_is_an_error(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"seeds.{suffix}.gz"
    path.write_bytes(gzip.compress(CONTENTS[suffix].encode())[:-12])
    with pytest.raises(RecordError, match=rf"seeds\.{suffix}\.gz"):
        found(path)


def test_nested_columns_of_parquet(tmp_path: Path) -> None:
    parquet, pyarrow = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    rows = [{"body": {"turns": [{"role": "user", "content": text}]}} for text in TEXTS]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "seeds.parquet")
    assert rows_of(tmp_path / "seeds.parquet") == rows


def test_a_file_that_is_no_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "seeds.parquet").write_text("no")
    with pytest.raises(RecordError, match=r"seeds\.parquet"):
        found(tmp_path / "seeds.parquet")
