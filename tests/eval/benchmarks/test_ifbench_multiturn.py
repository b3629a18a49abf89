"""IFBench multi-turn: verdicts and totals of the official harness, and what rows lack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from raif.config.eval import Dialect, EvalConfig
from raif.errors import RecordError
from raif.eval.benchmark import BENCHMARKS
from raif.eval.responders import responder
from raif.eval.run import Final, evaluate, plan, score
from tests.chat_server import chat_server
from tests.eval.judged import lines
from tests.parity import Parity

MESSAGES = [
    {"role": "user", "content": "Describe a lighthouse."},
    {"role": "assistant", "content": "Tall, white, alone."},
    {"role": "user", "content": "Rewrite it without commas."},
]


def row(key: int, id: str = "punctuation:no_comma", **fields: Any) -> dict[str, Any]:
    return {
        "key": key,
        "prompt": "Rewrite it without commas.",
        "instruction_id_list": [id],
        "kwargs": [{"N": None, "keyword": None}],
        "messages": MESSAGES,
    } | fields


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two sets, one with a key that comes twice."""
    for name, rows in (("ifbench_constraints", [row(1), row(1)]), ("ifeval_constraints", [row(1)])):
        path = tmp_path / "data" / name / "test.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    return tmp_path / "data"


def test_rows_of_both_sets_have_ids_of_their_own(folder: Path) -> None:
    found = BENCHMARKS["ifbench-multiturn"].items(folder)
    assert [one.id for one in found] == [
        "ifbench_constraints/1",
        "ifbench_constraints/1#2",
        "ifeval_constraints/1",
    ]


def test_the_stored_conversation_is_sent_as_it_is(folder: Path, tmp_path: Path) -> None:
    with chat_server() as server:
        keys = {"benchmark": "ifbench-multiturn", "model": "m", "data": folder, "limit": 1}
        config = EvalConfig.model_validate(keys | {"endpoint": {"base_url": server.base_url}})
        evaluate(config, plan(config), responder(config), tmp_path)
    assert [body["messages"] for body in server.requests] == [MESSAGES]


@pytest.mark.parametrize(("dialect", "passed"), [("sound", None), ("upstream", False)])
def test_what_a_row_lacks_is_undecided_or_not_followed(
    dialect: Dialect, passed: bool | None, tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row(1, "count:keywords_multiple")))
    (item,) = BENCHMARKS["ifbench-multiturn"].items(path)
    found = BENCHMARKS["ifbench-multiturn"].score(item, "A gull.", {}, dialect)
    assert found.verification.verdicts[0].passed is passed
    assert "keyword1" in found.verification.verdicts[0].reason


@pytest.mark.parametrize(("dialect", "followed"), [("sound", None), ("upstream", 0.0)])
def test_a_row_with_an_undecided_instruction_is_left_out_even_if_another_one_failed(
    dialect: Dialect, followed: float | None, tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    both = ["count:keywords_multiple", "punctuation:no_comma"]
    path.write_text(json.dumps(row(1) | {"instruction_id_list": both, "kwargs": [{}, {}]}))
    (item,) = BENCHMARKS["ifbench-multiturn"].items(path)
    found = BENCHMARKS["ifbench-multiturn"].score(item, "A gull, two gulls.", {}, dialect)
    assert found.parts == {"loose": followed, "strict": followed}


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"kwargs": []}, "kwargs: 0 for 1 ids"), ({"messages": MESSAGES[:2]}, "the last one is not the user's")],
)
def test_a_row_that_can_not_be_read_is_named(fields: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row(1) | fields))
    with pytest.raises(RecordError, match=rf"rows\.jsonl:1: .*{said}"):
        BENCHMARKS["ifbench-multiturn"].items(path)


@pytest.mark.parity
def test_every_verdict_and_total_is_equal(benchmark_data: Path, parity: Parity) -> None:
    """Where the official verdict is drawn, ours is unknown. olmo-eval fills in a missing prompt, as we do."""
    path = benchmark_data / "multi-turn" / "fixtures" / "ifbench_multiturn.jsonl"
    rows, benchmark = lines(path), BENCHMARKS["ifbench-multiturn"]
    items = benchmark.items(path)
    finals = {item.id: Final("", row["answer"]) for item, row in zip(items, rows, strict=True)}
    found = score(benchmark, items, finals, {}, "sound")
    ours = [
        {
            "strict": [v.passed for v in one.verification.verdicts],
            "loose": [v.passed_loose for v in one.verification.verdicts],
        }
        for one in found.items
    ]
    for program in ("ifbench", "olmo_eval"):
        kept = [n for n, row in enumerate(rows) if not filled(row, program)]
        theirs = [{side: official(rows[n][program][side]) for side in ("strict", "loose")} for n in kept]
        parity.same(path, program, [ours[n] for n in kept], theirs)
    totals = path.with_name("aggregates.json")
    for name, numbers in json.loads(totals.read_text("utf-8"))["ifbench_multiturn_olmo_eval"].items():
        decided = [
            item
            for item in items
            if item.of == name and int(item.id.rpartition("/")[2]) in numbers["decided_keys"]
        ]
        assert len(decided) == numbers["decided_rows"]
        rates = score(benchmark, decided, finals, {}, "upstream").rates
        levels = {"prompt_level": "prompts", "inst_level": "instructions"}
        named = {
            f"{level}_{side}_acc": float(rates[f"{name}/{ours_}, {side}"][0])
            for level, ours_ in levels.items()
            for side in ("strict", "loose")
        }
        parity.same(totals, "olmo_eval", named, {key: numbers[key] for key in named})


def filled(row: dict[str, Any], program: str) -> bool:
    """Whether only olmo-eval fills in what the row lacks, and `program` is the other."""
    return (
        program == "ifbench"
        and isinstance(row["ifbench"]["strict"], str)
        and isinstance(row["olmo_eval"]["strict"], list)
    )


def official(found: list[bool | None] | str) -> list[bool | None]:
    """An exception about a row of one instruction is an unknown verdict."""
    return [None] if isinstance(found, str) else found
