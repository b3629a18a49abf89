"""Where rows are: files, globs, folders, data sets saved to disk, data sets of the hub."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from raif.errors import RecordError
from raif.files.rows import files_of, of_hub, rows, tried

ROWS = [{"prompt": f"Request {number}"} for number in range(5)]


def write(path: Path, given: list[dict[str, str]] = ROWS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in given))
    return path


@pytest.fixture
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return pytest.importorskip("datasets")


def test_a_broken_line_ends_rows_and_not_tried(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\n[]\n{"a": 2}\n')
    assert [where for where, _ in tried(path)] == [f"{path}:{line}" for line in (1, 2, 3)]
    with pytest.raises(RecordError, match=r"x\.jsonl:2: not a JSON object"):
        list(rows(path))


def test_a_file_with_an_unknown_name_is_json_lines(tmp_path: Path) -> None:
    assert [row for _, row in rows(write(tmp_path / "records"))] == ROWS


def test_a_folder_is_its_data_files_in_order(tmp_path: Path) -> None:
    others = (".cache/c.jsonl", "_old/d.jsonl", "README.md", "LICENSE.txt", "dataset_infos.json")
    for name in ("b.jsonl", "deep/a.csv.gz", "saved/state.json", "saved/data.json", *others):
        write(tmp_path / name)
    assert files_of(tmp_path) == [tmp_path / name for name in ("b.jsonl", "deep/a.csv.gz", "saved")]


def test_a_folder_is_read_once_whatever_links_to_it(tmp_path: Path) -> None:
    file = write(tmp_path / "2026" / "a.jsonl")
    (tmp_path / "latest").symlink_to("2026")
    (tmp_path / "2026" / "up").symlink_to("..")
    assert files_of(tmp_path) == [file]


def test_a_file_has_no_splits(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no split 'test'"):
        list(tried(write(tmp_path / "seeds.jsonl"), "test"))


def test_texts_of_a_folder_are_read_next_to_other_data(tmp_path: Path) -> None:
    files = [write(tmp_path / name) for name in ("a.txt", "b.jsonl")]
    assert files_of(tmp_path) == files


def test_a_glob_may_name_folders_and_a_name_with_brackets_is_itself(tmp_path: Path) -> None:
    write(tmp_path / "part1" / "a.jsonl")
    odd = write(tmp_path / "part[2].jsonl")
    assert files_of(tmp_path / "part?") == [tmp_path / "part1" / "a.jsonl"]
    assert files_of(odd) == [odd]


@pytest.mark.parametrize(
    ("name", "said", "hint"),
    [
        ("seeds.jsnl", "no such file or folder", "Did you mean 'seeds.jsonl'"),
        ("none/*.jsonl", "no file has such a name", "nearest folder"),
        ("empty", "no data in this folder, but notes.md", ".parquet"),
    ],
)
def test_what_is_not_there(name: str, said: str, hint: str, tmp_path: Path) -> None:
    write(tmp_path / "seeds.jsonl")
    write(tmp_path / "empty" / "notes.md")
    with pytest.raises(RecordError, match=said) as caught:
        files_of(tmp_path / name)
    assert hint in caught.value.hint


def test_a_data_set_saved_to_disk(datasets: Any, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    datasets.Dataset.from_list(ROWS).save_to_disk(str(folder))
    assert files_of(folder) == [folder]
    assert list(tried(folder)) == [(f"{folder}:train:{n}", row) for n, row in enumerate(ROWS, 1)]
    assert [row for _, row in tried(folder, "train[1:3]")] == ROWS[1:3]
    assert [row for _, row in of_hub(str(folder), "train")] == ROWS


def test_splits_saved_to_disk(datasets: Any, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    splits = {"train": ROWS[:2], "test": ROWS[2:]}
    made = {name: datasets.Dataset.from_list(found) for name, found in splits.items()}
    datasets.DatasetDict(made).save_to_disk(str(folder))
    assert files_of(folder) == [folder]
    for name, found in splits.items():
        assert [row for _, row in tried(folder, name)] == found
    with pytest.raises(RecordError, match="no split 'valid'") as caught:
        list(tried(folder, "valid"))
    assert "train, test" in caught.value.hint


def test_a_slice_in_percent_of_what_is_saved_is_refused(datasets: Any, tmp_path: Path) -> None:
    datasets.Dataset.from_list(ROWS).save_to_disk(str(tmp_path / "saved"))
    with pytest.raises(RecordError, match="no split"):
        list(tried(tmp_path / "saved", "train[:50%]"))


@pytest.fixture
def configured(datasets: Any, tmp_path: Path) -> str:
    """A data set with two configurations, as on the hub."""
    write(tmp_path / "set" / "main.jsonl", ROWS[:3])
    write(tmp_path / "set" / "more.jsonl", ROWS[3:])
    card = "".join(
        f"- config_name: {name}\n  data_files:\n  - split: train\n    path: {name}.jsonl\n"
        for name in ("main", "more")
    )
    (tmp_path / "set" / "README.md").write_text(f"---\nconfigs:\n{card}---\n")
    return str(tmp_path / "set")


@pytest.mark.parametrize("streaming", [True, False])
def test_a_configuration_and_a_slice(streaming: bool, configured: str) -> None:
    def read(split: str, config: str) -> list[dict[str, Any]]:
        return [row for _, row in of_hub(configured, split, config=config, streaming=streaming)]

    assert read("train", "more") == ROWS[3:]
    assert read("train[1:]", "main") == ROWS[1:3]
    assert read("train[:1]", "main") == ROWS[:1]
    assert read("train[:34%]", "main") == ROWS[:1]
    assert read("train[-1:]", "main") == ROWS[2:3]


def test_a_missing_configuration_or_split_is_named_with_the_known_ones(configured: str) -> None:
    with pytest.raises(RecordError, match=r"main.*more"):
        list(of_hub(configured, "train", streaming=True))
    with pytest.raises(RecordError, match="valid"):
        list(of_hub(configured, "valid", config="main", streaming=True))


def test_a_slice_of_a_stream_reads_no_further(datasets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    numbers = count()

    def load_dataset(*names: Any, **keys: Any) -> Any:
        asked.append((names, keys))
        return ({"n": n} for n in numbers)

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    found = list(of_hub("any/set", "train[2:4]", config="main", revision="v1", streaming=True))
    assert found == [("any/set:train:3", {"n": 2}), ("any/set:train:4", {"n": 3})]
    assert next(numbers) == 4
    assert asked == [(("any/set", "main"), {"split": "train", "revision": "v1", "streaming": True})]


def test_what_the_hub_says_while_it_streams_is_an_error(
    datasets: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stream() -> Any:
        yield {"n": 1}
        raise ConnectionError("lost\nthe line")

    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: stream())
    with pytest.raises(RecordError, match="any/set: lost the line"):
        list(of_hub("any/set", "train", streaming=True))
