import io
from dataclasses import dataclass
from pathlib import Path

import pytest

from raif.errors import RecordError
from raif.files import jsonl
from raif.types import Constraint


def found(data: bytes) -> list[tuple[int, object]]:
    return [(n, str(o) if isinstance(o, RecordError) else o) for n, o in jsonl.lines(io.BytesIO(data))]


def test_blank_lines_are_skipped_and_counted() -> None:
    assert found(b'\n{"a": 1}\n \r\n{"a": 2}') == [(2, {"a": 1}), (4, {"a": 2})]


def test_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert found(b'\xef\xbb\xbf{"a": 1}\n') == [(1, {"a": 1})]


def test_unicode_line_separators_are_no_line_breaks() -> None:
    assert found('{"a": "x\u2028y\x85z"}\n'.encode()) == [(1, {"a": "x\u2028y\x85z"})]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"a": ', "invalid json"),
        (b'{"a": "\xff"}', "not valid utf-8"),
        (b"[1]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_bad_line_is_named_and_good_ones_after_it_are_read(line: bytes, said: str) -> None:
    first, second = found(line + b'\n{"a": 1}\n')
    assert first[0] == 1
    assert str(first[1]).startswith("stream:1: ")
    assert said in str(first[1])
    assert second == (2, {"a": 1})


def test_next_line_is_not_read_before_it_is_asked_for() -> None:
    stream = iter([b'{"a": 1}\n'])
    lines = jsonl.lines(stream)  # type: ignore[arg-type]
    assert next(lines) == (1, {"a": 1})


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"none\.jsonl: No such file"):
        next(jsonl.lines(tmp_path / "none.jsonl"))


def test_read_names_line_and_field(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text('{"id": "a"}\n{"id": 3}\n')
    with pytest.raises(RecordError, match=r"c\.jsonl:2: id: "):
        list(jsonl.read(path, Constraint))


@dataclass
class Point:
    x: int


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    records = [{"a": "茶 \ud800"}, Constraint(id="b"), Point(3)]
    jsonl.write(tmp_path / "x.jsonl", records)
    assert [o for _, o in jsonl.lines(tmp_path / "x.jsonl")] == [
        {"a": "茶 \ud800"},
        {"id": "b", "kwargs": {}},
        {"x": 3},
    ]


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    whole = '{"a": "茶"}\n'
    torn = ("1\n2\n{3", "1\n2\n"), ("{1", ""), ("1\n", "1\n"), ("", ""), (whole[:-1], whole), (whole, whole)
    for content, kept in torn:
        path.write_text(content)
        jsonl.drop_torn_line(path)
        assert path.read_text() == kept
    jsonl.drop_torn_line(tmp_path / "none.jsonl")


def test_whole_lines_of_a_file_that_is_being_written(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    assert jsonl.finished(path) == []
    path.write_text('{"a": 1}\n{"a": 2}')
    assert jsonl.finished(path) == [{"a": 1}]
    assert path.read_text() == '{"a": 1}\n{"a": 2}'
    path.write_text('{"a": 1}\n[]\n')
    with pytest.raises(RecordError, match=r"x\.jsonl:2: not a JSON object"):
        jsonl.finished(path)


def test_numbers_that_faster_json_libraries_refuse() -> None:
    """jsonlines prefers orjson if it is installed; what a file means must not depend on that."""
    (_, line), *_ = jsonl.lines(io.BytesIO(b'{"a": 123456789012345678901234567890, "b": Infinity}\n'))
    assert line == {"a": 123456789012345678901234567890, "b": float("inf")}
