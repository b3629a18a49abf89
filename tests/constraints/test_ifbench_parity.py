"""Equality with IFBench's official checker, verdict by verdict, and in what the verdicts add up to."""

from pathlib import Path
from typing import Any

import pytest

from raif.constraints.ifbench.ratio import STOPWORDS
from raif.types import Constraint
from raif.verdicts.checks import verdicts
from tests.constraints.test_parity import load, on_answers, on_cases
from tests.parity import Parity

pytestmark = pytest.mark.parity
Line = dict[str, Any]


def answers(folder: Path, name: str) -> list[tuple[Line, str, Line]]:
    """Item, response and official verdicts of each answer of a fixture."""
    items = {item["key"]: item for item in load(folder / "IFBench_test.jsonl")}
    official = {line["key"]: line for line in load(folder / "fixtures" / f"{name}.verdicts.jsonl")}
    responses = load(folder / "fixtures" / f"{name}.responses.jsonl")
    return [(items[one["key"]], one["response"], official[one["key"]]) for one in responses]


def constraints(item: Line) -> list[Constraint]:
    pairs = zip(item["instruction_id_list"], item["kwargs"], strict=True)
    return [Constraint(id=id, kwargs=kwargs) for id, kwargs in pairs]


@pytest.mark.parametrize("name", ["sample_first147", "crafted_first147"])
def test_every_verdict_on_answers_is_equal(benchmark_data: Path, parity: Parity, name: str) -> None:
    folder = benchmark_data / "ifbench"
    official = folder / "fixtures" / f"{name}.verdicts.jsonl"
    parity.same(official, "upstream", *on_answers(folder, "IFBench_test.jsonl", name, official))


def test_every_verdict_on_unit_cases_is_equal(benchmark_data: Path, parity: Parity) -> None:
    path = benchmark_data / "ifbench" / "fixtures" / "unit_cases.jsonl"
    cases = load(path)
    assert len({case["instruction_id"] for case in cases}) == 58
    parity.same(path, "upstream", *on_cases(cases, {"strict": "strict", "loose": "loose"}))


def test_stop_words_are_the_corpus_s_that_a_word_can_equal(benchmark_data: Path, parity: Parity) -> None:
    path = benchmark_data / "ifbench" / "english_stopwords.txt"
    listed = [word for word in path.read_text("utf-8").split() if "'" not in word]
    parity.same(path, "upstream", sorted(STOPWORDS), sorted(listed))


def test_published_sample_scores_as_the_official_checker_has_it(benchmark_data: Path) -> None:
    """On the half that the fixture holds: instructions and prompts followed, strictly and loosely."""
    judged = [
        verdicts(constraints(item), response)
        for item, response, _ in answers(benchmark_data / "ifbench", "sample_first147")
    ]
    strict = [[verdict.passed for verdict in one] for one in judged]
    loose = [[verdict.passed_loose for verdict in one] for one in judged]
    assert [sum(map(sum, how)) for how in (strict, loose)] == [60, 73]
    assert [sum(map(all, how)) for how in (strict, loose)] == [47, 55]


def test_every_instruction_of_the_benchmark_can_be_bound(benchmark_data: Path) -> None:
    items = load(benchmark_data / "ifbench" / "IFBench_test.jsonl")
    assert sum(len(verdicts(constraints(item), "Tea.")) for item in items) == 344
