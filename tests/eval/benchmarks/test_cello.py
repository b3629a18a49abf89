"""CELLO's scores: equal to the official scorers' on every published answer, and in the corners."""

from __future__ import annotations

import json
import math
import tarfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.translate.bleu_score import corpus_bleu

from raif.errors import ConstraintError
from raif.eval.benchmarks.cello.benchmark import Totals, cells, totals
from raif.eval.benchmarks.cello.scores import (
    AnswerScores,
    Criteria,
    Criterion,
    count_score,
    coverage,
    format_score,
    input_score,
    parses,
    scores,
)
from raif.eval.rates import Figure, Rates
from raif.text.bleu import character_bleu
from tests.parity import Parity

FIELDS = ("format", "input", "task_phrases", "count")
KEYS = ("format_score", "input_score", "task_score", "count_limit_score")
MODELS = ("gpt4", "chatgpt", "vicuna13b")


def criteria(*pairs: tuple[str, Any]) -> list[Criterion]:
    return [Criterion(criterion=name, limit=limit) for name, limit in pairs]


def published(folder: Path, model: str) -> list[tuple[str, dict[str, Any], AnswerScores]]:
    """Task, row and our scores of every published answer, files by name, rows in file order."""
    found = []
    with tarfile.open(folder / "fixtures" / "results" / f"{model}.tar.gz") as archive:
        for name in sorted(n for n in archive.getnames() if n.endswith(".json")):
            task = Path(name).stem.removeprefix("res_")
            data = json.loads((folder / "data" / f"{task}.json").read_text("utf-8"))
            items = {item["Instruction_id"]: Criteria.model_validate(item) for item in data}
            for row in json.load(archive.extractfile(name)):  # type: ignore[arg-type]
                ours = scores(
                    items[row["Instruction_id"]],
                    row["model_answer"],
                    input_text=row["input_text"],
                    histories=row["histories"],
                )
                found.append((task, row, ours))
    return found


@pytest.mark.parity
@pytest.mark.parametrize("model", MODELS)
def test_scores_of_every_published_answer_and_their_totals_are_equal(
    benchmark_data: Path, parity: Parity, model: str
) -> None:
    ours = published(benchmark_data / "cello", model)
    folder = benchmark_data / "cello" / "fixtures" / "scores"
    path, whole = folder / f"{model}.persample.jsonl", folder / f"{model}.json"
    official = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    rows = [(task, row["Instruction_id"], *scores) for task, row, scores in ours]
    names = ("task", "Instruction_id", *FIELDS)
    parity.same(path, "upstream", rows, [tuple(line[name] for name in names) for line in official])
    totals = json.loads(whole.read_text("utf-8"))
    found = _named([(task, scores) for task, _, scores in ours])
    parity.same(whole, "upstream", found, {name: totals[name] for name in found})


def _totals(answers: Sequence[tuple[str, AnswerScores]]) -> Totals:
    """From the file and the scores of each answer."""
    tallies = [dict(zip(cells(file), ([one] for one in scores), strict=True)) for file, scores in answers]
    return totals(Rates([{c: v for c, v in each.items() if v != [None]} for each in tallies]))


def _value(figure: Figure) -> float | None:
    return None if math.isnan(figure[0]) else float(figure[0])


def _named(answers: Sequence[tuple[str, AnswerScores]]) -> dict[str, Any]:
    """All totals under their official names."""
    found = _totals(answers)
    files = {
        task: dict(zip((*KEYS, "average"), map(_value, (*one.by_criterion, one.average)), strict=True))
        for task, one in found.files.items()
    }
    return {
        "overall": _value(found.average),
        "ave_complex_ins": _value(found.complex_instruction),
        "ave_complex_input": _value(found.complex_input),
        "by_criterion": dict(zip(KEYS, map(_value, found.by_criterion), strict=True)),
        "by_task": {task: _value(score) for task, score in found.tasks.items()},
        "by_file": files,
    }


@pytest.mark.parity
def test_scores_of_every_unit_case_are_equal(benchmark_data: Path, parity: Parity) -> None:
    path = benchmark_data / "cello" / "fixtures" / "unit_cases.jsonl"
    cases = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    plain = [case for case in cases if not case.get("needs_python_eval")]
    official = [{field: _official(case["expected"][field]) for field in FIELDS} for case in plain]
    parity.same(path, "both", [_scored(case) for case in plain], official)


def _official(score: Any) -> Any:
    return "crash" if isinstance(score, str) else score


def _scored(case: dict[str, Any]) -> dict[str, Any]:
    """Each of the four scores; ours must refuse if the official program crashes."""
    wanted = Criteria.model_validate(case)
    source = math.nan if case["input_text"] == "__NaN__" else case["input_text"]
    checks = {
        "format": lambda: format_score(case["model_answer"], wanted.format),
        "input": lambda: input_score(case["model_answer"], wanted.input, source),
        "task_phrases": lambda: coverage(case["model_answer"], wanted.task),
        "count": lambda: count_score(
            case["model_answer"], wanted.count, histories=case["histories"], lang=case["lang"]
        ),
    }
    return {field: _or_crash(check) for field, check in checks.items()}


def _or_crash(check: Any) -> Any:
    try:
        return check()
    except ConstraintError:
        return "crash"


TEXT = st.text("abcd 茶水", max_size=40)


@settings(max_examples=200, deadline=None)
@given(TEXT, TEXT)
def test_character_bleu_is_nltks(hypothesis: str, reference: str) -> None:
    with warnings.catch_warnings(action="ignore"):  # of a missing overlap
        official = corpus_bleu([[reference]], [hypothesis])
    assert math.isclose(character_bleu(hypothesis, reference), official, abs_tol=1e-9)


def test_copy_of_the_input_scores_nothing() -> None:
    wanted = criteria(("keywords", ["茶"]))
    assert input_score("喝茶很好", wanted, "喝茶很好") == 0
    assert input_score("喝茶很好", wanted, "NULL") == input_score("喝茶很好", wanted, math.nan) == 1


@pytest.mark.parametrize(
    ("answer", "wanted", "passed"),
    [
        ("{'a': None}", "json", True),
        ('{"a": true}', "json", False),
        (" \t{}", "dict", True),
        ("\n {}", "json", False),
        ("\n{}", "json", True),
        ("[]", "json", False),
        ("1, 2", "tuple", True),
        ("(1)", "tuple", False),
        ("[1][0]", "list", False),
        ("{[]: 1}", "json", False),
        ("{**{}}", "json", False),
        ("{'a': 1}\x00", "json", False),
        ("<a/>", ["xml"], False),
        ("<a/>", "html", False),
        ("!!python/object/apply:os.getcwd []", "yaml", False),
        ("a: 2001-99-99", "yaml", False),
        ("", "yaml", True),
        ("a: &x 1\nb: *x", "yaml", False),
    ],
)
def test_answer_is_read_but_never_executed(answer: str, wanted: Any, passed: bool) -> None:
    assert parses(answer, wanted) is passed


@pytest.mark.parametrize("wanted", ["json", "list", "xml", "yaml"])
@pytest.mark.parametrize("text", ["[", "{", "<a>", "- ", "{a: ", "(", "-", "1+", "&a [*a,", "not "])
def test_no_answer_takes_long_to_read(text: str, wanted: str) -> None:
    for times in (3000, 20_000):
        start = time.process_time()
        assert parses(text * times, wanted) in (True, False)
        assert time.process_time() - start < 1


def test_format_without_keywords_is_an_error_as_officially() -> None:
    with pytest.raises(ConstraintError, match="keywords"):
        format_score("1,2", criteria(("resolve", "tuple")))


@pytest.mark.parametrize("limit", ["", [], math.nan, None])
def test_empty_keywords_are_an_error(limit: Any) -> None:
    with pytest.raises(ConstraintError, match="keywords"):
        coverage("a", criteria(("keywords", limit)))


def test_keywords_as_one_text_are_its_characters() -> None:
    assert coverage("成", criteria(("keywords", "成功"))) == 0.5


def test_what_stands_after_null_does_not_count() -> None:
    assert coverage("a", criteria(("NULL", "NULL"), ("keywords", ["b"]))) is None
    assert format_score("1", criteria(("keywords", ["1"]), ("NULL", "NULL"), ("resolve", "list"))) == 1


@pytest.mark.parametrize("answer", [None, math.nan, {"content": "a"}])
def test_answer_that_is_no_text_scores_zero_even_where_nothing_applies(answer: object) -> None:
    none = criteria(("NULL", "NULL"))
    wanted = Criteria(format=none, input=none, task=none, count=none)
    assert scores(wanted, answer, histories=[["q", "a"]]) == (0, 0, 0, 0)


def test_files_without_answers_are_left_out_of_the_means() -> None:
    one = AnswerScores(1.0, None, 0.5, None)
    found = _totals([("extraction", one), ("Structure_hard", one), ("Structure_hard", one)])
    assert _value(found.files["extraction"].average) == 0.75
    assert _value(found.complex_instruction) == _value(found.complex_input) == _value(found.average) == 0.75
    assert _value(_totals([("extraction", one)]).average) is None
