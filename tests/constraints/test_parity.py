"""Equality with the official checker, verdict by verdict. Null: the official verdict is random."""

import json
from pathlib import Path
from typing import Any

import pytest

from raif.types import Constraint
from raif.verdicts.checks import verdicts
from tests.parity import Parity

pytestmark = pytest.mark.parity
Line = dict[str, Any]
Lines = list[Line]


def load(path: Path) -> Lines:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def found(case: Line, response: str, semantics: str = "official") -> Line:
    """Our verdicts on the instructions of an item."""
    pairs = zip(case["instruction_id_list"], case["kwargs"], strict=True)
    ours = verdicts([Constraint(id=id, kwargs=kwargs) for id, kwargs in pairs], response, semantics)
    return {"strict": [v.passed for v in ours], "loose": [v.passed_loose for v in ours]}


def decided(found: Line, official: Line, sides: tuple[str, ...] = ("strict", "loose")) -> tuple[Line, Line]:
    """Ours and theirs, without those that are null in theirs."""
    pairs = {side: list(zip(found[side], official[side], strict=True)) for side in sides}
    ours = {side: [mine for mine, theirs in each if theirs is not None] for side, each in pairs.items()}
    theirs = {side: [theirs for _, theirs in each if theirs is not None] for side, each in pairs.items()}
    return ours, theirs


def on_answers(
    folder: Path, data: str, name: str, official: Path, **how: Any
) -> tuple[dict[str, Line], dict[str, Line]]:
    """Our verdicts and the official ones on the answers of a fixture, by the item's key."""
    items = {item["key"]: item for item in load(folder / data)}
    theirs = {line["key"]: line for line in load(official)}
    sides = how.pop("sides", ("strict", "loose"))
    both = {
        answer["key"]: decided(
            found(items[answer["key"]], answer["response"], **how), theirs[answer["key"]], sides
        )
        for answer in load(folder / "fixtures" / f"{name}.responses.jsonl")
    }
    assert both.keys() == theirs.keys()
    return {key: one[0] for key, one in both.items()}, {key: one[1] for key, one in both.items()}


def on_cases(cases: Lines, sides: dict[str, str], semantics: str = "official") -> tuple[Lines, Lines]:
    """The same on cases of one instruction each; `sides`: strict and loose by their official names."""
    both = []
    for case in cases:
        one = {"instruction_id_list": [case["instruction_id"]], "kwargs": [case["kwargs"]]}
        official = {side: [case[name]] for side, name in sides.items()}
        both.append(decided(found(one, case["response"], semantics), official, tuple(sides)))
    return [ours for ours, _ in both], [theirs for _, theirs in both]


def fixture(folder: Path, of: str) -> str:
    """The name of the fixture with these answers, however many it holds."""
    (found,) = (folder / "fixtures").glob(f"{of}_first*.responses.jsonl")
    return found.name.removesuffix(".responses.jsonl")


@pytest.mark.parametrize("of", ["gpt4", "crafted"])
def test_every_decided_verdict_on_answers_is_equal(benchmark_data: Path, parity: Parity, of: str) -> None:
    folder = benchmark_data / "ifeval"
    name = fixture(folder, of)
    official = folder / "fixtures" / f"{name}.verdicts.jsonl"
    parity.same(official, "upstream", *on_answers(folder, "input_data.jsonl", name, official))


@pytest.mark.parametrize("of", ["gpt4", "crafted"])
def test_every_verdict_is_that_of_the_training_checker_too(
    benchmark_data: Path, parity: Parity, of: str
) -> None:
    folder = benchmark_data / "ifeval"
    name = fixture(folder, of)
    official = folder / "fixtures" / f"{name}.training_checker.jsonl"
    how = {"semantics": "reference", "sides": ("strict",)}
    parity.same(official, "reference", *on_answers(folder, "input_data.jsonl", name, official, **how))


UNIT_CASES = {
    "upstream": ({"strict": "strict", "loose": "loose"}, "official"),
    "authors": ({"strict": "raif_eval_strict", "loose": "raif_eval_loose"}, "authors"),
    "reference": ({"strict": "raif_training"}, "reference"),
}


@pytest.mark.parametrize("dialect", UNIT_CASES)
def test_every_decided_verdict_on_unit_cases_is_equal(
    benchmark_data: Path, parity: Parity, dialect: str
) -> None:
    path = benchmark_data / "ifeval" / "fixtures" / "unit_cases.jsonl"
    parity.same(path, dialect, *on_cases(load(path), *UNIT_CASES[dialect]))
