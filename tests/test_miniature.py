"""The miniature's results: JSON from finished runs, a page from the JSON alone, problems made by rule."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from benchmarks import (
    math_like,
    miniature,
    miniature_aims,
    miniature_demo,
    miniature_page,
    miniature_tables,
)
from raif.config.base import load
from raif.config.train import TrainConfig
from raif.types import Verdict
from raif.verdicts.checks import verify

ROOT = Path(__file__).parents[1]
RATE = {"value": 0.4, "low": 0.3, "high": 0.5}


def row(name: str, **other: Any) -> dict[str, Any]:
    rates = dict.fromkeys(("constraints", "followed", "followed_relevant", "relevant"), RATE)
    own = {"relevance_gain": 0.84, "fluency": -1.25, "words": 57.4, "repetition": 0.021}
    own |= {"alike": 0.485, "echoed": 0.01}
    return {"name": name, **rates, **own, **other}


def answer(number: int, passed: bool) -> dict[str, Any]:
    verdict = asdict(Verdict("punctuation:no_comma", passed, passed, ""))
    relevance = {"relevant": True, "gain": 0.5}
    return {
        "id": str(number),
        "prompt": "Say tea",
        "answer": "Tea",
        "verdicts": [verdict],
        "relevance": relevance,
    }


def finished(folder: Path, passed: int, seconds: float = 30.0, started: str = "now") -> None:
    """A run of four steps whose trained model passes so many of ten prompts; untrained it passes two."""
    for name in ("model", "heldout", "samples"):
        (folder / name).mkdir(parents=True)
    write(folder / "environment.json", [{"started": started, "git": {"commit": "abc"}}])
    write(folder / "report.json", {"rows": [row("untrained"), row("whole recipe", words=20.0)]})
    metrics = [
        {"step": n, "phase": "grpo", "reward": n / 2, "keep_ratio": 0.5, "time_update": seconds}
        for n in range(1, 5)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(each) + "\n" for each in metrics))
    for name, count in (("untrained", 2), ("whole-recipe", passed)):
        lines = [json.dumps(answer(n, n < count)) for n in range(10)]
        (folder / "heldout" / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    said = {"thinking": True, "text": "<think>\nFirst tea. Then milk.\n</think>\n<answer>\nfirst\n</answer>"}
    (folder / "samples" / "step-000002.jsonl").write_text(json.dumps(said) + "\n")
    folder.with_name(folder.name + ".plan").write_text("method grpo\nstep 10 tokens;\n  rollout 2 s\n")


def write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content))


def test_runs_become_small_files_and_these_become_the_page(tmp_path: Path) -> None:
    runs, docs = tmp_path / "runs", tmp_path / "docs"
    for name, passed in (("mini-0", 5), ("mini-all-0", 9), ("mini-warm-up-0", 4)):
        finished(runs / name, passed)
    (runs / "mini-1").mkdir()  # not finished
    miniature.collect(runs, docs / "results")
    assert sorted(path.name for path in (docs / "results").glob("*.json")) == [
        "benchmarks.json",
        "mini-0.json",
        "mini-all-0.json",
        "mini-warm-up-0.json",
        "plans.json",
        "samples.json",
    ]
    found = json.loads((docs / "results" / "mini-all-0.json").read_text())
    assert (found["seed"], found["steps"], found["seconds"]) == (0, 4, 120)
    assert found["after"] == "whole recipe"
    assert found["outcomes"]["untrained"]["1"] == found["outcomes"]["whole recipe"]["2"] == [1, 1]
    assert found["outcomes"]["untrained"]["2"] == [0, 1]
    assert found["curves"]["step_words"] == [[2, 50.0]], "two of four words, those of the thinking"
    miniature_page.page(docs)
    shown = (docs / "results.md").read_text()
    assert "| the paper's recipe (`mini`), seed 0 | 40.0 [30, 50] |  |  | 2 |" in shown
    assert "| `mini-0` | 40.0 [30, 50] | 40.0 [30, 50] | 40.0 [30, 50] |" in shown
    assert "| 0.84 | -1.25 | 20 | 2.1 | 48.5 |" in shown
    plans = json.loads((docs / "results" / "plans.json").read_text())
    operations = sum(plans["7b"]["operations"].values())
    assert plans["7b"]["steps"] == 2000
    assert f"| `7b` | 2,000 | {operations:.1e} | {operations * 2000 / 4e14 / 3600:,.0f} |" in shown
    assert "| `mini-all` 0 | untrained | +70.0 [" in shown
    assert "| `mini-all` 0 | `mini` | +40.0 [" in shown
    assert "| `mini-all` 0 | `mini-warm-up` | +50.0 [" in shown
    assert "| `punctuation:no_comma` | 10 | 20 | 40 | 50 | 90 |" in shown
    assert shown.count("| untrained | 40.0 [30, 50] |") == 1
    assert "| `mini-0` | 4 | 2 | step 10 tokens; rollout 2 s |" in shown
    assert shown.count("**Say tea**") == miniature.SAMPLES
    assert (docs / "results" / "keep_ratio.png").exists()
    again = shown
    miniature_page.page(docs)
    assert (docs / "results.md").read_text() == again


def test_the_readme_shows_the_figures_of_the_demos_run() -> None:
    readme = (ROOT / "README.md").read_text()
    run = json.loads((ROOT / "docs" / "results" / "smol-0.json").read_text())
    for each in run["rows"]:
        name = "packaged answers" if each["name"] == "expert answers" else each["name"]
        rates = [
            f"{found['value']:.1%} [{found['low']:.0%}, {found['high']:.0%}]"
            for found in (each["constraints"], each["followed"], each["relevant"])
        ]
        own = f"{each['fluency']:.2f} | {each['words']:.0f} | {each['repetition']:.1%} | {each['alike']:.1%}"
        assert f"| {name} | {' | '.join(rates)} | {own} |" in readme
    ahead = miniature_tables.difference(run["outcomes"]["whole recipe"], run["outcomes"]["cloning alone"])
    assert ahead
    value, low, high = (f"{100 * ahead[key]:+.1f}" for key in ("value", "low", "high"))
    assert f"{value} points [{low}, {high}] in pairs" in readme


def in_points(gained: str) -> str:
    """A difference as a sentence has it."""
    return gained.lstrip("+").replace(" ", " points ", 1)


def test_the_readme_shows_what_the_miniatures_grpo_gained() -> None:
    readme = " ".join((ROOT / "README.md").read_text().split())

    def both(preset: str) -> dict[str, list[int]]:
        runs = [json.loads(path.read_text()) for path in (ROOT / "docs/results").glob(f"{preset}-[0-9].json")]
        assert len(runs) == 2
        return miniature_tables.together(run["outcomes"][run["after"]] for run in runs)

    grpo, cloning, warm_up = (both(preset) for preset in ("mini-all", "mini-sft", "mini-warm-up"))
    gained = miniature_tables.rate(miniature_tables.difference(grpo, warm_up), sign="+")
    assert f"GRPO gains {in_points(gained)} after a warm-up" in readme
    ahead = miniature_tables.difference(cloning, grpo)
    assert ahead
    assert ahead["low"] > 0, "cloning for as long gains more"


def test_the_readme_shows_what_the_miniature_gains_and_loses_on_benchmarks() -> None:
    readme = " ".join((ROOT / "README.md").read_text().split())
    measured = json.loads((ROOT / "docs/results/benchmarks.json").read_text())

    def gaps(preset: str) -> list[str]:
        names = [f"{preset}-{seed}" for seed in (0, 1)]
        found = miniature_tables.benchmark_gaps(measured, names, [miniature_tables.UNTRAINED])
        return [miniature_tables.rate(gap, sign="+") for gap in found]

    (grpo, grpo_lost), (cloning, cloning_lost) = gaps("mini-all"), gaps("mini-sft")
    gained, by_cloning = in_points(grpo), cloning.lstrip("+")
    assert f"the former is {gained} ahead of the untrained model and the latter {by_cloning};" in readme
    assert f"they lose {grpo_lost.lstrip('-')} and {cloning_lost.lstrip('-')}." in readme


def test_another_run_of_the_same_name_takes_no_figures_of_the_one_before(tmp_path: Path) -> None:
    results, runs = tmp_path / "docs" / "results", tmp_path / "runs"
    finished(runs / "mini-0", 5)
    miniature.collect(runs, results)
    write(results / "benchmarks.json", {"mini-0": {}, "untrained-io": {}})
    miniature.collect(runs, results)
    assert set(json.loads((results / "benchmarks.json").read_text())) == {"mini-0", "untrained-io"}
    other = tmp_path / "other"
    finished(other / "mini-0", 5, started="later")
    miniature.collect(other, results)
    assert set(json.loads((results / "benchmarks.json").read_text())) == {"untrained-io"}


def change(results: Path, preset: str, heldout: str = "same", **followed: int) -> None:
    """A stored run of the demo with 12 steps of 5 s; of ten prompts, each row follows so many."""
    names = {name: name.replace("_", " ") for name in followed}
    run = {
        "preset": preset,
        "seed": 0,
        "heldout": heldout,
        "after": "whole recipe",
        "steps": 12,
        "seconds": 60,
        "rows": [row(shown) for shown in names.values()],
        "outcomes": {
            names[n]: {str(i): [int(i < count), 1] for i in range(10)} for n, count in followed.items()
        },
        "curves": {"keep_ratio": [[11, 1.0], [12, 0.5]]},
    }
    write(results / f"{preset}-0.json", run)


def test_each_change_of_the_demo_is_paired_with_its_recipe_and_with_cloning(tmp_path: Path) -> None:
    assert not list(miniature_demo.demo_parts(tmp_path))
    change(tmp_path, "smol-no-contrast", whole_recipe=9)
    assert not list(miniature_demo.demo_parts(tmp_path)), "there is nothing to compare it with"
    change(tmp_path, "smol", whole_recipe=7, cloning_alone=8)
    _, table = miniature_demo.demo_parts(tmp_path)
    whole, changed, alone = (line.strip("| ").split(" | ") for line in table.splitlines()[2:])
    qualities = ["40.0 [30, 50]", "-1.25", "57", "48.5", "1.0"]
    assert whole[:5] == ["whole recipe", "12", "1", "40.0 [30, 50]", ""]
    assert whole[5].startswith("-10.0 [")
    assert whole[6:] == [*qualities, "75%"]
    assert changed[0] == "without contrast"
    assert changed[4].startswith("+20.0 [")
    assert changed[5].startswith("+10.0 [")
    assert alone[:4] == ["cloning alone", "", "", "40.0 [30, 50]"]
    assert alone[6:11] == qualities
    change(tmp_path, "smol-no-contrast", whole_recipe=9, heldout="others")
    with pytest.raises(SystemExit, match="smol-0, smol-no-contrast-0 have different held-out prompts"):
        list(miniature_demo.demo_parts(tmp_path))


def test_the_aims_are_bold_where_they_are_reached() -> None:
    def run(preset: str, followed: int, seconds: int, fluency: float) -> dict[str, Any]:
        rates = {
            name: {"value": count / 100, "low": 0.0, "high": 1.0}
            for name, count in (("constraints", followed), ("relevant", 86))
        }
        untrained = {**rates, "constraints": {"value": 0.2}, "relevant": {"value": 0.9}}
        passed = {str(n): [int(n < followed), 1] for n in range(100)}
        return {
            "preset": preset,
            "seed": 0,
            "after": "whole recipe",
            "seconds": seconds,
            "rows": [
                row("untrained", **untrained, words=100.0),
                row("whole recipe", **rates, fluency=fluency, words=40.0),
            ],
            "outcomes": {"untrained": {}, "whole recipe": passed},
        }

    benchmark = {str(n): [int(n < 20), 1] for n in range(100)}
    better = {str(n): [int(n < 32), 1] for n in range(100)}
    measured = {
        "untrained-io": {"ifeval": {"outcomes": benchmark}},
        "mini-all-0": {"ifeval": {"outcomes": better}},
    }
    alone, whole = run("mini-sft", 40, 7201, -1.6), run("mini-all", 60, 7200, -1.5)
    _, table = miniature_aims.aim_parts([(alone, None), (whole, alone)], measured)
    cells = [line[2:-2].split(" | ") for line in table.splitlines()[2:]]
    shown = {name: values for name, _, *values in cells}
    assert shown.pop("held-out, points above cloning alone")[1].startswith("**+20.0 [")
    assert shown == {
        "minutes of training": ["120", "**120**"],
        "constraints followed, times the untrained model's": ["2.00", "**3.00**"],
        "relevant answers, points above the untrained model's": ["**-4.00**", "**-4.00**"],
        "words of an answer, times the untrained model's": ["0.40", "0.40"],
        "fluency": ["-1.60", "**-1.50**"],
        "IFEval, points above the untrained model": ["", "**12.00**"],
        "IFBench, points above the untrained model": ["", ""],
        "IFEval, points above cloning alone": ["", ""],
    }


def test_ways_to_ask_are_paired_and_what_was_not_measured_is_left_empty() -> None:
    entry: dict[str, Any] = {
        "tables": [{"percent": True, "columns": ["strict"], "rows": [{"name": "prompts", "values": [RATE]}]}],
        "outcomes": {str(n): [int(n < 4), 1] for n in range(10)},
    }
    better = {**entry, "outcomes": {str(n): [int(n < 6), 1] for n in range(10)}}
    measured = {"untrained-io": {"ifeval": entry}, "untrained-cot": {"ifeval": better}}
    ((name, rival, heldout, ifeval, ifbench),) = miniature_page.pairs([], measured)
    assert (name, rival, heldout, ifbench) == ("untrained, chain of thought", "asked plainly", "", "")
    assert ifeval.startswith("+20.0 [")
    relevant = {"percent": True, "columns": ["share"], "rows": [{"name": "relevant", "values": [RATE]}]}
    with_relevance = {**better, "tables": [*better["tables"], relevant]}
    parts = list(miniature_page.benchmark_parts({**measured, "mini-0": {"ifeval": with_relevance}}))
    assert parts[1].splitlines()[2:] == [
        "| `untrained-io` | 40.0 [30, 50] |  |",
        "| `untrained-cot` | 40.0 [30, 50] |  |",
        "| `mini-0` | 40.0 [30, 50] | 40.0 [30, 50] |",
    ]


def test_seeds_are_also_compared_together_prompt_by_prompt() -> None:
    def passing(count: int) -> dict[str, list[int]]:
        return {str(n): [int(n < count), 1] for n in range(10)}

    def run(preset: str, seed: int, followed: int) -> dict[str, Any]:
        outcomes = {"untrained": passing(2), "whole recipe": passing(followed)}
        return {"preset": preset, "seed": seed, "after": "whole recipe", "outcomes": outcomes}

    runs = [run("mini-sft", 0, 5), run("mini-sft", 1, 4), run("mini-all", 0, 9), run("mini-all", 1, 6)]
    measured = {
        "untrained-io": {name: {"outcomes": passing(2)} for name in ("ifeval", "ifbench")},
        "mini-all-0": {name: {"outcomes": passing(5)} for name in ("ifeval", "ifbench")},
        "mini-all-1": {"ifeval": {"outcomes": passing(4)}},
    }
    found = {(name, rival): values for name, rival, *values in miniature_page.pairs(runs, measured)}
    assert [name for name, rival in found if rival == "`mini-sft`"] == [
        "`mini-all` 0",
        "`mini-all` 1",
        "`mini-all` 0 and 1",
    ]
    heldout, ifeval, ifbench = found["`mini-all` 0 and 1", "untrained"]
    assert heldout.startswith("+55.0 [")
    assert ifeval.startswith("+25.0 [")
    assert ifbench == "", "one of the two seeds was not measured"
    assert found["`mini-all` 0 and 1", "`mini-sft`"][0].startswith("+30.0 [")
    both = miniature_tables.together([passing(5), passing(4)])
    assert (both["3"], both["4"], both["5"]) == ([2, 2], [1, 2], [0, 2])


def test_runs_that_were_asked_something_else_are_never_compared(tmp_path: Path) -> None:
    results, runs = tmp_path / "docs" / "results", tmp_path / "runs"
    finished(runs / "mini-0", 5)
    miniature.collect(runs, results)
    other = tmp_path / "other"
    finished(other / "mini-all-0", 5)
    for file in (other / "mini-all-0" / "heldout").iterdir():
        file.write_text(file.read_text().replace("Say tea", "Say rain"))
    miniature.collect(other, results)
    shown = json.loads((results / "samples.json").read_text())
    assert {each["prompt"] for each in shown.values()} == {"Say rain"}
    assert "mini-0" not in shown["0"]["answers"]
    with pytest.raises(SystemExit, match="mini-0, mini-all-0 have different held-out prompts"):
        miniature_page.page(tmp_path / "docs")


def test_without_results_there_is_no_page_and_no_collection(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no results to show"):
        miniature_page.page(tmp_path)
    assert not (tmp_path / "results.md").exists()
    with pytest.raises(SystemExit, match="no finished run"):
        miniature.collect(tmp_path, tmp_path / "results")


def test_fine_tuning_takes_as_long_as_the_recipe(tmp_path: Path) -> None:
    finished(tmp_path / "mini-0", 5, seconds=90)
    with (tmp_path / "mini-0" / "metrics.jsonl").open("a") as metrics:
        metrics.writelines(f'{{"step": {n}, "phase": "cloning", "time_update": 3}}\n' for n in (5, 6))
    assert miniature.steps(tmp_path / "mini-0") == 122
    warmed, tuned = (load(TrainConfig, "train", preset=name) for name in ("mini-all", "mini-sft"))
    assert warmed.cloning.warmup_batch == tuned.optimizer.batch, "a step of either costs the same"
    with pytest.raises(SystemExit, match="has not finished"):
        miniature.steps(tmp_path / "mini-1")


def test_problems_have_one_right_answer_which_the_expert_gives() -> None:
    pytest.importorskip("math_verify")
    records = math_like.problems(60)
    assert records == math_like.problems(60)
    assert {record.task for record in records} == {"math", "kk"}
    assert len({record.prompt for record in records}) == 60
    for record in records:
        assert record.expert
        assert verify(record, record.expert.answer).followed
        swapped = record.expert.answer.replace("knight", "?").replace("knave", "knight")
        assert not verify(record, swapped.replace("?", "knave").replace("{", "{1")).followed
