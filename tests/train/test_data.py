"""Sources of training records: files of each format, globs, data sets, weights, and what identifies them."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from raif.config.data import DataConfig
from raif.config.retell import RetellConfig
from raif.data.builtin.retell import Ask
from raif.errors import RaifError, RecordError
from raif.models.chat import Chat
from raif.train.data import check_source, hub_parts, inputs, load_records
from raif.train.feed import Feed
from tests.data.builtin.test_retell import Model as Retelling
from tests.train.test_loop import instruction

MIXED = [instruction(0), instruction(1, task="math", constraints=(), reference="2"), instruction(2)]
RELEASED = {
    "input": "<|im_start|>user\nHow much is 1 + 1?<|im_end|>\n<|im_start|>assistant\n<think>",
    "target": "2",
    "task": "math",
}
IFEVAL = {
    "key": "7",
    "prompt": "No comma.",
    "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
    "kwargs": [{}, {"num_words": 3, "relation": "at least"}],
}


def write(path: Path, rows: list[Any]) -> str:
    text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows).encode()
    if path.suffix == ".gz":
        text = gzip.compress(text)
    if path.suffix == ".zst":
        text = pytest.importorskip("pyarrow").compress(text, "zstd", asbytes=True)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text)
    return str(path)


def read(train: Any, **keys: Any) -> list[str]:
    config = DataConfig.model_validate({"train": train, **keys})
    check_source(config)
    return [r.id for r in load_records(config, Path("unused"), lambda done, total: None).train]


def lines(*numbers: int) -> list[str]:
    return [instruction(n).model_dump_json() for n in numbers]


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz", "jsonl.zst", "txt"])
def test_json_lines_are_read_whatever_compresses_them(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"a.{suffix}", [*lines(0, 1), RELEASED, IFEVAL])
    assert read(path) == [instruction(0).id, instruction(1).id, f"{path}:3", "7"]


@pytest.mark.parametrize("suffix", ["jsonl.gz", "jsonl.zst"])
def test_a_compressed_file_that_is_cut_off_is_named(tmp_path: Path, suffix: str) -> None:
    path = Path(write(tmp_path / f"a.{suffix}", [json.dumps({"x": str(n) * 50}) for n in range(2000)]))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(RecordError, match=f"{path}:"):
        inputs(DataConfig.model_validate({"train": path}))


def test_parquet_that_gen_data_writes_is_read_back(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    from raif.data.staged.pack import write_parquet

    config = DataConfig.model_validate({"train": write_parquet(tmp_path / "a.parquet", MIXED)})
    found = load_records(config, tmp_path, lambda done, total: None).train
    assert [r.model_dump() for r in found] == [r.model_dump() for r in MIXED]


def test_parquet_with_columns_for_all_kwargs_is_read(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    write_table(pyarrow.Table.from_pylist([IFEVAL]), tmp_path / "a.parquet")
    assert read(str(tmp_path / "a.parquet")) == ["7"]


def test_lists_and_globs_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, number in (("b", 1), ("a", 0), ("c", 2)):
        write(tmp_path / "parts" / f"{name}.jsonl.gz", lines(number))
    alone = write(tmp_path / "alone.jsonl", lines(4))
    ids = [instruction(n).id for n in (4, 0, 1, 2)]
    assert read([alone, {"path": f"{tmp_path}/parts/*.gz"}]) == ids
    with pytest.raises(RaifError, match=r"none/\*: no file has such a name"):
        read(f"{tmp_path}/none/*")
    with pytest.raises(RaifError, match="no such file"):
        read([alone, f"{tmp_path}/none"])


def test_a_data_set_is_loaded_by_its_name_and_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder stands for a data set of the hub: `datasets` loads both in the same way."""
    pytest.importorskip("datasets")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path / "cache"))
    write(tmp_path / "set" / "train.jsonl", [IFEVAL])
    write(tmp_path / "set" / "test.jsonl", [IFEVAL | {"key": "8"}, IFEVAL | {"key": "9"}])
    assert read(f"hub:{tmp_path}/set") == ["7"]
    assert read({"path": f"hub:{tmp_path}/set:test"}) == ["8", "9"]
    with pytest.raises(RecordError, match="set: "):
        read(f"hub:{tmp_path}/set:validation")


@pytest.mark.parametrize(
    ("place", "parts"),
    [
        ("hub:any/set", {"name": "any/set", "split": "train"}),
        ("hub:any/set:test", {"name": "any/set", "split": "test"}),
        ("hub:any/set:train[:10]", {"name": "any/set", "split": "train[:10]"}),
        ("hub:any/set:main:train[5:]", {"name": "any/set", "config": "main", "split": "train[5:]"}),
        ("hub:set@v1.0", {"name": "set", "revision": "v1.0", "split": "train"}),
        (
            "hub:set@main:en:test",
            {"name": "set", "revision": "main", "config": "en", "split": "test"},
        ),
    ],
)
def test_the_parts_of_a_data_sets_place(place: str, parts: dict[str, str]) -> None:
    assert hub_parts(place) == parts


def test_a_place_of_another_form_is_refused_before_anything_is_loaded() -> None:
    with pytest.raises(RaifError, match="hub:NAME@REVISION:CONFIG:SPLIT"):
        check_source(DataConfig.model_validate({"train": "hub::test"}))


def test_a_folder_is_all_its_files(tmp_path: Path) -> None:
    for name, number in (("b", 1), ("a", 0)):
        write(tmp_path / "parts" / f"{name}.jsonl", lines(number))
    assert read(str(tmp_path / "parts")) == [instruction(0).id, instruction(1).id]


def test_weights_say_how_much_of_a_rollout_comes_from_each_source(tmp_path: Path, chat: Chat) -> None:
    one, many = write(tmp_path / "one.jsonl", lines(0)), write(tmp_path / "many.jsonl", lines(1, 2, 3, 4))
    given = [{"path": one, "weight": 3}, {"path": many, "weight": 1}]
    records = load_records(DataConfig.model_validate({"train": given}), tmp_path, lambda done, total: None)
    feed = Feed.of(records.train, chat, 1024, {}, records.weighted)
    drawn = Counter(r.id == instruction(0).id for r in feed.draw(0, 40, seed=1))
    assert drawn == {True: 30, False: 10}
    with pytest.raises(RaifError, match="source 1 has no record with a prompt short enough"):
        Feed.of(records.train, chat, 1, {}, records.weighted)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"train": [{"path": "a", "weight": 1}, "b"]}, "every source a weight, or none"),
        ({"train": {"path": "a", "weight": 1}, "mix": {"math": 1}}, "give one of them"),
        ({"heldout": {"path": "a", "weight": 1}}, "a weight has no effect"),
        ({"train": {"path": "a", "weight": 0}}, "greater than or equal to 0.01"),
        ({"train": "a", "generate": {}}, "generate excludes"),
    ],
)
def test_weights_that_mean_nothing_are_refused(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        DataConfig.model_validate(keys)


def test_records_are_identified_by_what_they_are_not_by_where(tmp_path: Path) -> None:
    plain, packed = (write(tmp_path / name, lines(0, 1)) for name in ("a.jsonl", "b.jsonl.gz"))
    found = [inputs(DataConfig.model_validate({"train": path})) for path in (plain, packed)]
    assert found[0] == found[1]
    assert found[0]["data.train"].startswith("2 records, sha256 ")
    changed = write(tmp_path / "a.jsonl", lines(0, 2))
    assert inputs(DataConfig.model_validate({"train": changed})) != found[0]
    assert [*inputs(DataConfig.model_validate({"train": [plain, packed], "heldout": plain}))] == [
        "data.train.0",
        "data.train.1",
        "data.heldout",
    ]


def test_the_model_that_is_trained_retells_the_requests_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []

    def scripted(config: RetellConfig) -> Ask:
        asked.append(config.model)
        return Retelling()

    monkeypatch.setattr("raif.train.data.asking", scripted)
    keys = {"count": 20, "languages": {"en": 1.0}, "kinds": ["startend:quotation"], "max_constraints": 1}
    config = DataConfig.model_validate({"generate": keys, "retell": {"longest": 20, "samples": 2}})
    first, again = (load_records(config, tmp_path, lambda done, total: None, "own") for _ in range(2))
    assert asked == ["own"]
    assert again == first
    assert all(record.expert and "as seen at" in record.expert.answer for record in first.train)
    assert not any(record.expert and "as seen at" in record.expert.answer for record in first.heldout)


@pytest.mark.parametrize("keys", [{}, {"generate": {"retellings": "a.jsonl"}}])
def test_to_retell_is_for_generated_records(keys: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="retell: it is for `generate`"):
        DataConfig.model_validate({"retell": {}, **keys})
