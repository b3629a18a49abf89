"""Equality with open-instruct's checkers of IFTrain and of RLVR-IFeval, verdict by verdict.

Where the official program raises, ours refuses the kwargs, or fails the response: it earns no points.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from raif.constraints import KINDS, find
from raif.constraints.iftrain import labels
from raif.constraints.iftrain.splitter import split
from raif.errors import ConstraintError
from raif.text import treebank
from raif.text.release import CURRENT, PUBLISHED
from tests.constraints.test_parity import Line, load
from tests.parity import Parity

pytestmark = pytest.mark.parity
NO_POINTS = "no points"
REFUSED = {"expected": {55}, "google": {55}, "raif_evaluation": {55}, "raif_training": {39, 40, 53, 55}}
"""Kwargs that we refuse and upstream doesn't: a letter for which it draws another, though no draw changes
this verdict, and for the training copy a missing prompt, which it replaces, and the language zh-cn."""


@pytest.fixture
def folder(benchmark_data: Path) -> Path:
    return benchmark_data / "iftrain" / "fixtures"


def verdict(case: Line, semantics: str = "official") -> Any:
    """The check's own verdict: nothing guards it against blank responses."""
    kind = find(case["instruction_id"], semantics)
    try:
        return kind.check(case["response"], **kind.bind(case["kwargs"])).passed
    except ConstraintError:
        return NO_POINTS


def both(ours: Any, official: Any) -> tuple[Any, Any]:
    """Ours and theirs, one word for every way to give no points to what the official program can't judge."""
    if not str(official).startswith("error"):
        return ours, official
    return ours if ours else NO_POINTS, NO_POINTS


def pairs(cases: list[Line], name: str = "expected", semantics: str = "official") -> tuple[Line, Line]:
    found = {case["n"]: both(verdict(case, semantics), case[name]) for case in cases}
    return {n: ours for n, (ours, _) in found.items()}, {n: theirs for n, (_, theirs) in found.items()}


@pytest.mark.parametrize("name", ["unit_cases", "random_cases"])
def test_every_verdict_of_the_29_kinds_is_equal(folder: Path, parity: Parity, name: str) -> None:
    path = folder / f"{name}.jsonl"
    cases = load(path)
    own = {id for id in KINDS if KINDS[id].check.__module__.startswith("raif.constraints.iftrain.")}
    assert {case["instruction_id"] for case in cases} == {id for id in own if not id.startswith("rlvr:")}
    parity.same(path, "upstream", *pairs(cases))


@pytest.mark.parametrize(
    ("column", "semantics"),
    [
        ("expected", "official"),
        ("google", "official"),
        ("raif_evaluation", "authors"),
        ("raif_training", "reference"),
    ],
)
def test_every_copy_of_ifevals_25_has_its_own_verdicts(
    folder: Path, parity: Parity, column: str, semantics: str
) -> None:
    path = folder / "changed_kinds.jsonl"
    cases = [case for case in load(path) if case["n"] not in REFUSED[column]]
    parity.same(path, column, *pairs(cases, column, semantics))


def test_sentences_of_the_splitter_are_equal(folder: Path, parity: Parity) -> None:
    path = folder / "split_cases.jsonl"
    cases = load(path)
    ours = {case["n"]: [len(found := split(case["text"])), *found] for case in cases}
    theirs = {case["n"]: [len(case["sentences"]), *case["sentences"]] for case in cases}
    parity.same(path, "upstream", ours, theirs)


def test_verdicts_follow_the_release_of_nltk_that_upstream_pins(folder: Path, parity: Parity) -> None:
    path = folder / "nltk_versions.jsonl"
    cases = load(path)
    official = {case["n"]: case["expected"]["3.9.2"] for case in cases}
    parity.same(path, PUBLISHED, {case["n"]: verdict(case) for case in cases}, official)


def test_tokens_of_the_newer_release_give_its_verdicts(
    folder: Path, parity: Parity, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "nltk_versions.jsonl"
    cases = load(path)
    cut = treebank.cut
    monkeypatch.setattr(
        sys.modules["raif.text.words"], "cut", lambda sentence, release: cut(sentence, CURRENT)
    )
    official = {case["n"]: case["expected"]["3.10.4"] for case in cases}
    parity.same(path, CURRENT, {case["n"]: verdict(case) for case in cases}, official)


@pytest.mark.parametrize(("name", "read"), [("reward_cases", labels.mixed), ("old_functions", labels.single)])
def test_every_score_of_the_reward_is_equal(folder: Path, parity: Parity, name: str, read: Any) -> None:
    path = folder / f"{name}.jsonl"
    found = {case["n"]: both(score(read, case), case["expected"]) for case in load(path)}
    ours = {n: one for n, (one, _) in found.items()}
    parity.same(path, "upstream", ours, {n: theirs for n, (_, theirs) in found.items()})


def score(read: Any, case: Line) -> Any:
    try:
        return labels.score(read(case["label"]), case["prediction"])
    except ConstraintError:
        return NO_POINTS


def test_the_25_functions_are_all_there(folder: Path) -> None:
    named = {json.loads(c["label"])["func_name"] for c in load(folder / "old_functions.jsonl")[:223]}
    assert {f"rlvr:{name}" for name in named} == {id for id in KINDS if id.startswith("rlvr:")}
    assert len(named) == 25
