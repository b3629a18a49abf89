from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from raif.config import load, preset_names
from raif.config.eval import EvalConfig
from raif.eval.benchmark import BENCHMARKS
from raif.eval.benchmarks.ifeval import IFEval
from raif.eval.responders import responder
from raif.eval.run import evaluate, plan
from raif.types import Instruction, Message


def test_the_preset_asks_as_the_paper_did() -> None:
    config = load(EvalConfig, "eval", preset="ifeval", overrides=["model=m"])
    assert (config.system, config.sampling.temperature) == ("You are a helpful assistant.", 0.0)


def test_every_benchmark_has_its_preset() -> None:
    assert set(BENCHMARKS) <= set(preset_names("eval"))


def test_the_system_text_comes_before_the_prompt(data: Path) -> None:
    config = EvalConfig(model="m", data=data)
    chosen = plan(config)
    messages = chosen.benchmark.messages(chosen.items[0], "Be brief.")
    assert [(m.role, m.content) for m in messages] == [
        ("system", "Be brief."),
        ("user", "Question 0, without commas."),
    ]
    assert len(chosen.benchmark.messages(chosen.items[0], None)) == 1


def test_an_items_own_system_text_stays_the_only_one() -> None:
    own = (Message(role="system", content="Rhyme."), Message(role="user", content="hello"))
    assert IFEval().messages(Instruction(id="1", messages=own), "Be brief.") == own


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parity
@pytest.mark.parametrize("name", ["gpt4_first270", "crafted_first270"])
def test_totals_are_those_of_the_official_program(name: str, benchmark_data: Path, tmp_path: Path) -> None:
    """Where the official verdict is random (two prompts) nothing is compared."""
    folder = benchmark_data / "ifeval"
    config = EvalConfig(
        data=folder / "input_data.jsonl", responses=folder / "fixtures" / f"{name}.responses.jsonl"
    )
    report = evaluate(config, plan(config), responder(config), tmp_path)
    official = {str(v["key"]): v for v in _lines(folder / "fixtures" / f"{name}.verdicts.jsonl")}
    ours = {line["id"]: line["verification"] for line in _lines(tmp_path / "verdicts.jsonl")}
    items = _lines(folder / "input_data.jsonl")
    assert (report.items, report.answered, report.undecided) == (len(items), len(official), 0)
    assert report.tables[0].rows[1].checks == sum(len(v["strict"]) for v in official.values())
    for field, side in [("passed", "strict"), ("passed_loose", "loose")]:
        theirs = [[v for v in official[id][side] if v is not None] for id in official]
        passed = [_where_decided(ours[id], official[id][side], field) for id in official]
        assert sum(map(sum, passed)) == sum(map(sum, theirs))
        decided = [n for n, id in enumerate(official) if None not in official[id][side]]
        assert sum(all(passed[n]) for n in decided) == sum(all(theirs[n]) for n in decided)


def _where_decided(ours: dict[str, Any], official: list[bool | None], field: str) -> list[bool]:
    pairs = zip(ours["verdicts"], official, strict=True)
    return [verdict[field] for verdict, decided in pairs if decided is not None]
