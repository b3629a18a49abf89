"""FollowBench's runner: equal to the released scripts in every table, and sound where they are not."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from raif.config.eval import Dialect, EvalConfig
from raif.eval.benchmarks.followbench.benchmark import JUDGE, FollowBench, Item, read
from raif.eval.benchmarks.followbench.rules import Language
from raif.eval.benchmarks.followbench.totals import JUDGED, LEVELS, SIDES, Sums, headline, tally
from raif.eval.rates import Rates
from raif.eval.report import Report
from raif.eval.responders import responder
from raif.eval.run import Final, Plan, Scores, asks_of, evaluate, plan, score
from raif.prompts import load
from tests.parity import Parity

BENCHMARK = FollowBench()
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def name(case: dict[str, Any], language: str) -> str:
    return f"{language}/{case['constraint_type']}/{case['example_id']}/{case['level']}"


@cache
def full_run(folder: Path, language: Language, dialect: Dialect) -> tuple[Scores, dict[str, dict[str, Any]]]:
    """The outcome of the whole synthetic run of one language, and its cases by item id."""
    path = folder / "followbench" / "fixtures" / f"synthetic_full_run_{language}.jsonl"
    cases = {name(case, language): case for case in lines(path)}
    items = [item for item in BENCHMARK.items(folder / "followbench") if item.id in cases]
    assert len(items) == len(cases)
    finals = {id: Final("", case["generation"]) for id, case in cases.items()}
    replies = {id: {JUDGE: case["judge_output"]} for id, case in cases.items() if "judge_output" in case}
    return score(BENCHMARK, items, finals, replies, dialect), cases


@pytest.mark.parity
@LANGUAGES
def test_every_judgment_is_read_as_officially(
    benchmark_data: Path, parity: Parity, language: Language
) -> None:
    path = benchmark_data / "followbench" / "fixtures" / f"judge_parse_cases_{language}.jsonl"
    found = [read(case["judge_output"], case["level"], language, "upstream") for case in lines(path)]
    ours = [(-1.0, -1.0) if one is None else (float(all(one)), sum(one) / len(one)) for one in found]
    parity.same(path, "both", ours, [expected(case) for case in lines(path)])


def expected(case: dict[str, Any]) -> tuple[float, float]:
    """Hard and soft, which are the same if a rule decides."""
    if "expected_rule" in case:
        return (float(case["expected_rule"]),) * 2
    return float(case["expected_hard"]), float(case["expected_soft"])


@pytest.mark.parity
@LANGUAGES
@pytest.mark.parametrize("dialect", ["upstream", "authors"])
def test_every_item_of_the_full_run_scores_as_officially(
    benchmark_data: Path, parity: Parity, language: Language, dialect: Dialect
) -> None:
    path = benchmark_data / "followbench" / "fixtures" / f"synthetic_full_run_{language}.jsonl"
    outcome, cases = full_run(benchmark_data, language, dialect)
    parts = {sample.item.id: sample.parts for sample in outcome.items}
    ours = {id: (each["hard"], each["soft"]) for id, each in parts.items()}
    parity.same(path, dialect, ours, {id: expected(case) for id, case in cases.items()})


@pytest.mark.parity
@LANGUAGES
def test_every_table_of_the_full_run_is_the_official_one(
    benchmark_data: Path, parity: Parity, language: Language
) -> None:
    path = benchmark_data / "followbench" / "fixtures" / f"synthetic_full_run_{language}_results.json"
    official = json.loads(path.read_text("utf-8"))
    outcome, _ = full_run(benchmark_data, language, "authors")
    ours = _tables(Sums(outcome.rates, language, rounded=True))
    parity.same(path, "authors", ours, {name: official[name] for name in ours})


def _tables(sums: Sums) -> dict[str, Any]:
    """All sound tables under their official names: each type's to the printed decimal, and the averages."""
    found: dict[str, Any] = {"example_rule_based.csv": _printed(sums, "example", "hard")}
    found["example_csl.csv"] = {"CSL": f"{sums.consistent('example')[0]:.1f}"}
    for side, spelled in zip(SIDES, ("hsr", "ssr"), strict=True):
        found |= {f"{type}_{spelled}.csv": _printed(sums, type, side) for type in JUDGED}
        by_level: dict[str, Any] = {}
        for n in LEVELS:
            by_level[f"level{n}"] = {t: float(100 * sums.rate(t, side, n)[0]) for t in JUDGED}
            by_level[f"level{n}_avg"] = float(100 * sums.level(side, n)[0])
        found[f"{spelled}_results_by_models_level"] = by_level
    consistent = {type: float(sums.consistent(type)[0]) for type in JUDGED}
    return found | {"csl_results_by_models": consistent | {"csl_avg": float(sums.consistent_levels[0])}}


def _printed(sums: Sums, type: Any, side: Any) -> dict[str, str]:
    return {f"level {n}": f"{100 * sums.rate(type, side, n)[0]:.2f}%" for n in LEVELS}


@pytest.mark.parity
def test_the_headline_is_the_mean_of_22_numbers_of_the_official_tables(benchmark_data: Path) -> None:
    numbers, ours = [], []
    for language in ("en", "zh"):
        path = benchmark_data / "followbench" / "fixtures" / f"synthetic_full_run_{language}_results.json"
        official = json.loads(path.read_text("utf-8"))
        numbers.append(100 * official["csl_results_by_models"]["csl_avg"] / 3.68)
        for spelled in ("hsr", "ssr"):
            rates = official[f"{spelled}_results_by_models_level"]
            numbers += [rates[f"level{level}_avg"] for level in LEVELS]
        outcome, _ = full_run(benchmark_data, language, "authors")
        ours.append(headline(outcome.rates, rounded=True)[0])
    assert len(numbers) == 22
    assert 100 * sum(ours) / 2 == pytest.approx(sum(numbers) / 22)


@pytest.mark.parity
@LANGUAGES
def test_what_the_authors_sent_is_a_wrapped_instruction_of_ours(
    benchmark_data: Path, parity: Parity, language: Language
) -> None:
    """The beginning of the wrapper is the file's own: it is not in the package."""
    folder = benchmark_data / "followbench"
    path = folder / "raif_inference_sample" / f"{language}_mixed_constraint.jsonl"
    sent = lines(path)
    begin = sent[0]["q"].partition("USER: ")[0]
    config = EvalConfig(benchmark="followbench", model="m", wrap=f"{begin}USER: $prompt ASSISTANT:")
    items = BENCHMARK.items(folder)
    prompts = [ask.prompt for ask in asks_of(Plan(BENCHMARK, folder, items, items, {}), config)]
    asked = {item.record.instruction: prompt for item, prompt in zip(items, prompts, strict=True)}
    ours = [asked[line["raw"]["instruction"]] for line in sent]
    parity.same(path, "authors", ours, [line["q"] for line in sent])


def item(folder: Path, level: int = 3, source: str = "made_up") -> Item:
    """The last level of a group of a type that a judge looks at."""
    data = folder / "en"
    data.mkdir(exist_ok=True)
    records = [
        {
            "example_id": 1,
            "category": "style",
            "source": source,
            "level": n,
            "instruction": f"step {n}",
            "target": "",
        }
        for n in range(level + 1)
    ]
    (data / "style_constraints.json").write_text(json.dumps(records), "utf-8")
    return BENCHMARK.items(folder)[-1]


def test_the_judge_sees_the_steps_and_the_answer(tmp_path: Path) -> None:
    (request,) = BENCHMARK.requests(item(tmp_path), "my answer", {}, load("eval", "followbench"), "sound")
    text = request.messages[-1].content
    assert [text.index(f"[{n}]\nstep {n}") for n in range(4)] == sorted(
        text.index(f"[{n}]\nstep {n}") for n in range(4)
    )
    assert "my answer" in text
    assert "exactly 3 entries" in text
    assert request.readable("['YES', 'NO', 'YES']")
    assert not request.readable("['YES']")


@pytest.mark.parametrize(
    ("reply", "sound", "upstream"),
    [
        ("No date is given, so NO; a YES would need a date.", False, True),
        ("It has a date, so YES.", True, True),
        ("['NO']", False, False),
        ("[YES]", True, True),
        ("The answer is YES", True, True),
        ("YES or NO?", None, True),
        ("Unclear.", None, None),
    ],
)
def test_the_one_verdict_of_level_1_is_the_one_that_is_given(
    reply: str, sound: bool | None, upstream: bool | None
) -> None:
    found = [read(reply, 1, "en", dialect) for dialect in ("sound", "upstream")]
    assert found == [None if met is None else (met,) for met in (sound, upstream)]


def test_a_list_that_is_too_long_is_cut_off_only_in_the_released_script() -> None:
    reply = "['YES', 'NO', 'YES']"
    assert [read(reply, 2, "zh", dialect) for dialect in ("sound", "authors")] == [None, (True, False)]


@pytest.mark.parametrize(
    ("hard", "levels"),
    [([1, 1, 1, 1, 1], 5), ([1, 1, 0, 1, 1], 2), ([0, None, 1, 1, 1], None), ([1, 1, 1, 1], None)],
)
def test_consistent_levels_need_all_five_even_after_a_failure(
    hard: list[float | None], levels: int | None
) -> None:
    parts = {level: {"hard": met, "soft": met} for level, met in enumerate(hard, 1)}
    found = tally("en/style", parts, ruled=False)
    assert found.get("en/style/csl") == (None if levels is None else [levels])


def test_what_a_judge_leaves_out_does_not_make_the_rules_weigh_more() -> None:
    """Two groups with a rule fail; of four judged ones all pass, but one is judged in part only."""
    fails, passes, gap = ({"hard": value, "soft": value} for value in (0.0, 1.0, None))
    tallies = [tally("en/style", dict.fromkeys(LEVELS, fails), ruled=True)] * 2
    tallies += [tally("en/style", dict.fromkeys(LEVELS, passes), ruled=False)] * 3
    tallies.append(tally("en/style", {**dict.fromkeys(LEVELS, passes), 3: gap}, ruled=False))
    sound, official = (Sums(Rates(tallies), "en", rounded=rounded) for rounded in (False, True))
    assert sound.rate("style", "hard", 3)[0] == sound.rate("style", "hard", 1)[0] == pytest.approx(4 / 6)
    assert sound.consistent("style")[0] == pytest.approx(5 * 4 / 6)
    assert official.rate("style", "hard", 3)[0] == 0.6


@pytest.mark.parity
def test_a_limit_draws_whole_groups(benchmark_data: Path) -> None:
    judge = {"model": "j", "endpoint": {"base_url": "http://127.0.0.1:1/v1"}}
    keys = {"benchmark": "followbench", "model": "m", "data": benchmark_data / "followbench", "judge": judge}
    chosen: set[str] = set()
    for limit in (100, 200):
        before = chosen
        found = plan(EvalConfig.model_validate(keys | {"limit": limit})).items
        assert len(found) == limit
        assert set(Counter(each.group for each in found).values()) == {5}
        chosen = {each.id for each in found}
        assert before <= chosen


def test_an_item_with_a_rule_asks_no_judge(tmp_path: Path) -> None:
    ruled = item(tmp_path, source="E2E")
    assert not BENCHMARK.requests(ruled, "x", {}, load("eval", "followbench"), "sound")


def test_an_unread_judgment_is_left_out_and_counted(tmp_path: Path) -> None:
    scored = BENCHMARK.score(item(tmp_path), "x", {JUDGE: "who knows"}, "sound")
    assert scored.parts == {"hard": None, "soft": None}
    assert [verdict.passed for verdict in scored.verification.verdicts] == [None] * 3


def test_an_unread_judgment_counts_minus_one_in_the_released_scripts(tmp_path: Path) -> None:
    scored = BENCHMARK.score(item(tmp_path), "x", {JUDGE: "who knows"}, "upstream")
    assert scored.parts == {"hard": -1, "soft": -1}


def test_an_empty_answer_fails_without_a_judge(tmp_path: Path) -> None:
    assert BENCHMARK.score(item(tmp_path), None, {}, "sound").parts == {"hard": 0, "soft": 0}


@pytest.mark.parity
def test_a_run_from_stored_answers_and_judgments_reports_the_official_tables(
    benchmark_data: Path, tmp_path: Path
) -> None:
    """The runner itself, through files of ours, both languages."""
    fixtures = benchmark_data / "followbench" / "fixtures"
    cases = [(c, x) for x in ("en", "zh") for c in lines(fixtures / f"synthetic_full_run_{x}.jsonl")]
    answers = [{"id": name(c, x), "response": c["generation"]} for c, x in cases]
    judged = [
        {"id": name(c, x), "key": JUDGE, "reply": c["judge_output"]} for c, x in cases if "judge_output" in c
    ]
    for file, content in (("answers", answers), ("judgments", judged)):
        (tmp_path / f"{file}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in content), "utf-8")
    config = EvalConfig(
        benchmark="followbench",
        data=benchmark_data / "followbench",
        responses=tmp_path / "answers.jsonl",
        judgments=tmp_path / "judgments.jsonl",
        dialect="authors",
    )
    report = evaluate(config, plan(config), responder(config), tmp_path)
    assert (report.items, report.answered) == (1610, 1610)
    assert _levels(report) == _official_levels(fixtures)


def _levels(report: Report) -> dict[str, list[str]]:
    table = next(table for table in report.tables if table.name == "level")
    return {row.name: [f"{100 * v.value:.3f}" for v in row.values if v] for row in table.rows}


def _official_levels(fixtures: Path) -> dict[str, list[str]]:
    found = {}
    for language in ("en", "zh"):
        official = json.loads((fixtures / f"synthetic_full_run_{language}_results.json").read_text("utf-8"))
        for level in LEVELS:
            rates = [official[f"{side}_results_by_models_level"] for side in ("hsr", "ssr")]
            found[f"{language} level {level}"] = [f"{rate[f'level{level}_avg']:.3f}" for rate in rates]
    return found
