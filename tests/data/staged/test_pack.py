"""The packed files: disjoint seeds, the ratio of math, what is refused, and readers other than ours."""

import json
from hashlib import sha256

import pytest

from raif import records
from raif.config.staged import PackConfig, StagedConfig
from raif.data.staged import run
from raif.types import Composition, Constraint, Expert, Instruction, Message, Question


def record(number, **fields):
    fields = {"provenance": {"seed": f"seed-{number // 2}"}, **fields}
    return Instruction(
        id=f"r{number}", messages=(Message(role="user", content=f"Request {number}."),), **fields
    )


def problems(count):
    return [{"problem": f"What is {n} + 1?", "answer": str(n + 1), "solution": "Add."} for n in range(count)]


RECORDS = [record(n) for n in range(40)]


@pytest.fixture
def packed(tmp_path, write):
    """Packs records and math; gives the folder."""

    def of(made, math=(), seed=0, folder="run", **keys):
        source = write("in.jsonl", [each.model_dump(mode="json") for each in made])
        if math:
            keys["math"] = math if isinstance(math, dict) else {"path": write("math.jsonl", math)}
        config = StagedConfig(stages=("pack",), input=source, seed=seed, pack=PackConfig(**keys))
        run(config, tmp_path / folder)
        return tmp_path / folder

    return of


def read(folder, split="train"):
    return list(records.read(folder / f"{split}.jsonl"))


def seeds(made):
    return {each.provenance["seed"] for each in made}


def test_no_seed_is_in_both_files_and_no_record_is_lost(packed):
    folder = packed(RECORDS, problems(40), heldout_share=0.2)
    train, heldout = read(folder), read(folder, "heldout")
    assert heldout
    assert not seeds(train) & seeds(heldout)
    assert len(train) + len(heldout) == 80


def test_the_share_holds_for_math_and_for_the_others(packed):
    heldout = read(packed(RECORDS, problems(40), heldout_share=0.2), "heldout")
    assert sum(each.task == "math" for each in heldout) == 8
    assert len(heldout) == 16


@pytest.mark.parametrize(("ratio", "count"), [(0.0, 0), (0.5, 20), (1.0, 40), (5.0, 60)])
def test_math_is_mixed_in_by_ratio_if_there_is_enough(packed, ratio, count):
    made = read(packed(RECORDS, problems(60), math_ratio=ratio, heldout_share=0))
    assert sum(each.task == "math" for each in made) == count


def test_math_of_other_columns_and_with_a_broken_line(packed, write):
    source = write("gsm.jsonl", [{"question": "1 + 1", "final": 2}])
    source.write_text(source.read_text() + "{\n")
    columns = {"prompt": "question", "reference": "final"}
    folder = packed(RECORDS, heldout_share=0, math={"path": source, "columns": columns})
    (math,) = [each for each in read(folder) if each.task == "math"]
    assert (math.prompt.splitlines()[0], math.reference) == ("1 + 1", "2")
    drops = [json.loads(line) for line in (folder / "pack.dropped.jsonl").read_text().splitlines()]
    assert [drop["where"] for drop in drops] == [f"{source}:2"]


def test_a_math_record_asks_for_the_box_and_keeps_the_answer(packed):
    made = read(packed(RECORDS, problems(1), heldout_share=0))
    (math,) = [each for each in made if each.task == "math"]
    assert math.prompt.startswith("What is 0 + 1?")
    assert "\\boxed" in math.prompt
    assert math.reference == "1"


def test_the_same_seed_makes_the_same_files(packed):
    one, same, other = (
        (packed(RECORDS, problems(9), seed=seed, folder=name) / "train.jsonl").read_bytes()
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert one == same != other


def test_an_expert_answer_that_fails_its_checks_is_dropped(packed):
    comma = (Constraint(id="punctuation:no_comma"),)
    good = record(0, constraints=comma, expert=Expert(thinking="None.", answer="No comma here."))
    bad = record(1, constraints=comma, expert=Expert(thinking="One.", answer="One, two."))
    folder = packed([good, bad], heldout_share=0)
    assert [each.id for each in read(folder)] == ["r0"]
    assert "punctuation:no_comma" in (folder / "pack.dropped.jsonl").read_text("utf-8")


def test_no_prompt_comes_twice(packed):
    again = RECORDS[3].model_copy(update={"id": "again"})
    assert len(read(packed([*RECORDS, again], heldout_share=0))) == 40


def test_the_card_has_the_files_hashes_the_funnel_and_the_seed(packed):
    folder = packed(RECORDS, problems(3), seed=5)
    card = json.loads((folder / "card.json").read_text("utf-8"))
    assert card["sha256"]["train.jsonl"] == sha256((folder / "train.jsonl").read_bytes()).hexdigest()
    assert card["funnel"][0]["read"] == 43
    assert card["seed"] == 5
    assert "pack: kept" in (folder / "card.md").read_text("utf-8")


MIXED = [
    record(0, constraints=(Constraint(id="keywords:existence", kwargs={"keywords": ["tea"]}),)),
    record(
        1,
        task="complex",
        questions=(Question(text="Is it short?"), Question(text="Is it kind?"), Question(text="Is it true?")),
        composition=Composition(
            kind="and", parts=(0, Composition(kind="selection", parts=(1, 2), selected=1))
        ),
    ),
    record(2, constraints=(Constraint(id="startend:end_checker", kwargs={"end_phrase": "End."}),)),
    record(3, composition=None, expert=Expert(thinking="T", answer="A"), plain_score=0.5),
]


def test_the_card_counts_compositions_and_what_checks(packed):
    card = json.loads((packed(MIXED, problems(1)) / "card.json").read_text("utf-8"))
    assert card["composition"] == {"nested": 1, "none": 4}
    assert card["checks"] == {"code": 2, "judge": 1, "none": 1, "reference": 1}


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_datasets_opens_it_offline(packed, suffix, tmp_path):
    datasets = pytest.importorskip("datasets")
    folder = packed(MIXED, problems(2), heldout_share=0, parquet=True)
    builder = "json" if suffix == "jsonl" else suffix
    loaded = datasets.load_dataset(
        builder, data_files=str(folder / f"train.{suffix}"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert loaded["id"] == [each.id for each in read(folder)]


TEXT = ("composition", "provenance", "then")
"""Columns that hold JSON text."""


def test_parquet_says_the_same_as_jsonl(packed):
    parquet = pytest.importorskip("pyarrow.parquet")
    folder = packed(MIXED, problems(2), heldout_share=0, parquet=True)
    back = parquet.read_table(folder / "train.parquet").to_pylist()
    for row in back:
        row["constraints"] = [each | {"kwargs": json.loads(each["kwargs"])} for each in row["constraints"]]
        row |= {name: json.loads(row[name]) if row[name] else None for name in TEXT}
    assert [Instruction.model_validate(row) for row in back] == read(folder)
