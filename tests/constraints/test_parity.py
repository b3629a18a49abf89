"""Equality with the official checker, verdict by verdict. Null: the official verdict itself is random."""

import json
from pathlib import Path
from typing import Any

import pytest

from raif.types import Constraint
from raif.verdicts import verdicts

pytestmark = pytest.mark.parity
Lines = list[dict[str, Any]]


def load(path: Path) -> Lines:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def differences(
    ids: list[str], kwargs: Lines, response: str, official: dict[str, list[bool | None]]
) -> list[str]:
    found = verdicts([Constraint(id=i, kwargs=k) for i, k in zip(ids, kwargs, strict=True)], response)
    ours = {"strict": [v.passed for v in found], "loose": [v.passed_loose for v in found]}
    return [
        f"{id} {how}"
        for how in ours
        for id, mine, theirs in zip(ids, ours[how], official[how], strict=True)
        if theirs is not None and mine is not theirs
    ]


@pytest.mark.parametrize("name", ["gpt4_first270", "crafted_first270"])
def test_every_decided_verdict_on_answers_is_equal(benchmark_data: Path, name: str) -> None:
    folder = benchmark_data / "ifeval"
    items = {item["key"]: item for item in load(folder / "input_data.jsonl")}
    responses = load(folder / "fixtures" / f"{name}.responses.jsonl")
    official = {line["key"]: line for line in load(folder / "fixtures" / f"{name}.verdicts.jsonl")}
    wrong = {}
    for answer in responses:
        item = items[answer["key"]]
        different = differences(
            item["instruction_id_list"], item["kwargs"], answer["response"], official[answer["key"]]
        )
        wrong |= {answer["key"]: different} if different else {}
    assert len(responses) == 270
    assert not wrong


def test_every_decided_verdict_on_unit_cases_is_equal(benchmark_data: Path) -> None:
    cases = load(benchmark_data / "ifeval" / "fixtures" / "unit_cases.jsonl")
    wrong = {
        case["n"]: different
        for case in cases
        if (
            different := differences(
                [case["instruction_id"]],
                [case["kwargs"]],
                case["response"],
                {how: [case[how]] for how in ("strict", "loose")},
            )
        )
    }
    assert len(cases) == 105
    assert not wrong
