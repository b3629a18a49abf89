"""Equality with IFBench's official checker, verdict by verdict, and in what the verdicts add up to."""

from pathlib import Path
from typing import Any

import pytest

from raif.constraints import KINDS
from raif.constraints.ifbench.ratio import STOPWORDS
from raif.types import Constraint
from raif.verdicts.checks import verdicts
from tests.constraints.test_parity import fixture, load, on_answers, on_cases
from tests.parity import Parity

pytestmark = pytest.mark.parity
Line = dict[str, Any]


def constraints(item: Line) -> list[Constraint]:
    pairs = zip(item["instruction_id_list"], item["kwargs"], strict=True)
    return [Constraint(id=id, kwargs=kwargs) for id, kwargs in pairs]


@pytest.mark.parametrize("of", ["sample", "crafted"])
def test_every_verdict_on_answers_is_equal(benchmark_data: Path, parity: Parity, of: str) -> None:
    folder = benchmark_data / "ifbench"
    name = fixture(folder, of)
    official = folder / "fixtures" / f"{name}.verdicts.jsonl"
    parity.same(official, "upstream", *on_answers(folder, "IFBench_test.jsonl", name, official))


def test_every_verdict_on_unit_cases_is_equal(benchmark_data: Path, parity: Parity) -> None:
    path = benchmark_data / "ifbench" / "fixtures" / "unit_cases.jsonl"
    cases = load(path)
    ours = {id for id in KINDS if KINDS[id].check.__module__.startswith("raif.constraints.ifbench.")}
    assert {case["instruction_id"] for case in cases} == ours
    parity.same(path, "upstream", *on_cases(cases, {"strict": "strict", "loose": "loose"}))


def test_stop_words_are_the_corpus_s_that_a_word_can_equal(benchmark_data: Path, parity: Parity) -> None:
    path = benchmark_data / "ifbench" / "english_stopwords.txt"
    listed = [word for word in path.read_text("utf-8").split() if "'" not in word]
    parity.same(path, "upstream", sorted(STOPWORDS), sorted(listed))


def test_every_instruction_of_the_benchmark_can_be_bound(benchmark_data: Path) -> None:
    for item in load(benchmark_data / "ifbench" / "IFBench_test.jsonl"):
        assert [verdict.id for verdict in verdicts(constraints(item), "Tea.")] == item["instruction_id_list"]
