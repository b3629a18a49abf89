"""FollowBench's rules: equal to the official code's on every case and over the whole data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from raif.eval.benchmarks.followbench.rules import Language, matches, passes, rule_name
from tests.parity import Parity

GROUPS = {
    "en": {"content": 12, "situation": 8, "format": 2, "mixed": 8, "style": 0},
    "zh": {"content": 10, "situation": 8, "format": 1, "mixed": 7, "style": 0},
}
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def data(folder: Path, kind: str, language: Language) -> dict[tuple[int, int], dict[str, Any]]:
    path = folder / "followbench" / language / f"{kind}_constraints.json"
    return {(item["example_id"], item["level"]): item for item in json.loads(path.read_text("utf-8"))}


def name_of(item: dict[str, Any], language: Language) -> str | None:
    fields = {field: item[field] for field in ("source", "category", "example_id")}
    return rule_name(**fields, language=language)


def ruled(item: dict[str, Any], language: Language, text: str) -> bool:
    return passes(
        str(name_of(item, language)), text, target=item["target"], level=item["level"], language=language
    )


@pytest.mark.parity
@LANGUAGES
@pytest.mark.parametrize("name", ["rule_cases", "synthetic_full_run"])
def test_every_official_verdict_is_equal(
    benchmark_data: Path, parity: Parity, name: str, language: Language
) -> None:
    path = benchmark_data / "followbench" / "fixtures" / f"{name}_{language}.jsonl"
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    cases = [line for line in lines if "expected_rule" in line]
    items = {kind: data(benchmark_data, kind, language) for kind in {c["constraint_type"] for c in cases}}
    found = []
    for case in cases:
        item = items[case["constraint_type"]][case["example_id"], case["level"]]
        if case["rule"] == "example_template":
            found.append(matches(item["target"], case["generation"]))
        else:
            assert name_of(item, language) == case["rule"]
            found.append(ruled(item, language, case["generation"]))
    parity.same(path, "both", found, [case["expected_rule"] for case in cases])


@pytest.mark.parity
@LANGUAGES
def test_as_many_items_have_rules_as_officially(benchmark_data: Path, language: Language) -> None:
    for kind, groups in GROUPS[language].items():
        scored = [item for (_, level), item in data(benchmark_data, kind, language).items() if level]
        assert sum(name_of(item, language) is not None for item in scored) == 5 * groups


@pytest.mark.parity
@LANGUAGES
def test_targets_themselves_pass(benchmark_data: Path, language: Language) -> None:
    exact = {"E2E", "text_editing", "BBH_logical", "BBH_time", "gsm_8k", "self_made_space", "WIKIEVENTS"}
    for kind in GROUPS[language]:
        for (_, level), item in data(benchmark_data, kind, language).items():
            if level and item["source"] in exact:
                assert ruled(item, language, item["target"])


@pytest.mark.parity
def test_all_but_one_of_the_gold_answers_fit_their_templates(benchmark_data: Path) -> None:
    """The one has answers of several lines, at each level."""
    items = data(benchmark_data, "example", "en")
    failing = {number for (number, _), item in items.items() if not matches(item["target"], item["answer"])}
    assert failing == {4}
