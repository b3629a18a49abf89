"""Evaluation while training: what is measured, what is kept, when it stops, what a resumed run knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from raif.config import dump
from raif.config.evaluation import EvaluationConfig
from raif.config.train import TrainConfig
from raif.errors import EndpointError, RaifError
from raif.eval.benchmark import subset
from raif.train import page
from raif.train import run as running
from raif.train.checkpoint import checkpoints
from raif.train.evaluation import Best, limit_of, measure_at
from raif.train.log import Events
from raif.train.loop import Step
from raif.train.run import Run
from raif.train.stop import Stopped
from tests.rollout_server import rollout_server

RECORD = {"messages": [{"role": "user", "content": "Hi"}], "constraints": [{"id": "punctuation:no_comma"}]}
ITEM = {"prompt": "Say hi", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}


@pytest.fixture
def config(tiny_folder: Path, tmp_path: Path) -> dict[str, Any]:
    """Four steps on the tiny model, each of which is followed by an evaluation."""
    for name, lines in {
        "train.jsonl": [RECORD],
        "heldout.jsonl": [RECORD | {"id": str(n)} for n in range(9)],
        "ifeval/input_data.jsonl": [ITEM | {"key": n, "prompt": f"Say {n}"} for n in range(5)],
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return {
        "steps": 4,
        "contrast": False,
        "model": {
            "path": str(tiny_folder),
            "compute": "float32",
            "gradient_checkpointing": False,
            "device": "cpu",
        },
        "data": {"train": str(tmp_path / "train.jsonl"), "heldout": str(tmp_path / "heldout.jsonl")},
        "rollout": {"prompts": 1, "group_size": 4, "max_new_tokens": 16},
        "loss": {"cloning": 0},
        "optimizer": {"lr": 1e-2, "batch": 4},
        "checkpoint": {"every": 100, "keep": 1},
        "evaluation": {
            "prompts": 3,
            "max_new_tokens": 8,
            "every": 1,
            "benchmarks": ["ifeval"],
            "items": 2,
            "data": str(tmp_path),
            "best": "heldout/constraints",
        },
    }


def go(config: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Run or resume; the metrics of all steps but for what depends on the clock and the machine."""
    folder.mkdir(exist_ok=True)
    resolved = TrainConfig.model_validate(config)
    (folder / "config.yaml").write_text(dump(resolved))
    Run(resolved, folder, Events()).go()
    page.write(folder)
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    clock = ("time_", "eval/seconds", "tokens_per_second", "seconds_left", "memory_gb")
    return [{k: v for k, v in line.items() if not k.startswith(clock)} for line in lines]


def script(monkeypatch: pytest.MonkeyPatch, values: list[float]) -> None:
    """The held-out figure of each evaluation, in order."""
    left = iter(values)
    monkeypatch.setattr(running, "heldout_figures", lambda row: {"eval/heldout/constraints": next(left)})


def progress(folder: Path) -> dict[str, Any]:
    found = json.loads((checkpoints(folder / "checkpoints")[-1] / "progress.json").read_text())
    return {key: value for key, value in found.items() if key != "seconds"}


def best(folder: Path) -> str:
    return (folder / "checkpoints" / "best").resolve().name


def test_the_figures_are_in_the_metrics_and_training_is_as_without_them(
    config: dict[str, Any], tmp_path: Path
) -> None:
    measured = go(config, tmp_path / "measured")
    plain = go(config | {"evaluation": {"prompts": 3, "max_new_tokens": 8}}, tmp_path / "plain")
    assert [{k: v for k, v in m.items() if not k.startswith("eval/")} for m in measured] == plain
    for line in measured:
        for rate in (
            "heldout/constraints",
            "heldout/followed_loose",
            "ifeval/prompts",
            "ifeval/instructions_loose",
        ):
            low, value, high = (line[f"eval/{rate}{side}"] for side in ("/low", "", "/high"))
            assert 0 <= low <= value <= high <= 1
        assert {"eval/heldout/words", "eval/heldout/repetition", "eval/ifeval/truncated_share"} <= line.keys()
    kept = tmp_path / "measured" / "evaluation" / "step-000004" / "ifeval"
    report = json.loads((kept / "report.json").read_text())
    assert (report["items"], report["tables"][0]["rows"][0]["values"][0]["value"]) == (
        2,
        measured[-1]["eval/ifeval/prompts"],
    )
    shown = (tmp_path / "measured" / "report.html").read_text("utf-8")
    assert "IFEval prompts, 95%" in shown
    assert "kept in checkpoints/best" in shown


def test_the_best_checkpoint_stays_and_training_stops_after_the_patience(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config["evaluation"] |= {"benchmarks": [], "patience": 2}
    script(monkeypatch, [0.2, 0.5, 0.5, 0.4])
    assert len(go(config | {"steps": 9}, tmp_path / "run")) == 4
    folder = tmp_path / "run" / "checkpoints"
    assert [each.name for each in checkpoints(folder)] == ["step-000002", "step-000004"]
    assert (folder / "best").resolve() == (folder / "step-000002").resolve()
    facts = json.loads((tmp_path / "run" / "report.json").read_text())["facts"]
    assert facts["best"] == {"figure": "heldout/constraints", "step": 2, "value": 0.5}
    assert facts["stopped_early"] == 4
    assert len(go(config | {"steps": 9}, tmp_path / "run")) == 4, "a resumed run does not train on"


def test_a_resumed_run_knows_the_figures_the_best_and_the_patience(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config["evaluation"] |= {"benchmarks": []}
    script(monkeypatch, [0.2, 0.5, 0.3, 0.4])
    whole = go(config, tmp_path / "whole")
    script(monkeypatch, [0.2, 0.5, 0.3, 0.4])
    go(config | {"steps": 3}, tmp_path / "broken")
    assert go(config, tmp_path / "broken") == whole
    assert progress(tmp_path / "broken") == progress(tmp_path / "whole")
    assert progress(tmp_path / "whole") == {"step": 4, "updates": 4, "refilled": 0}
    assert best(tmp_path / "broken") == best(tmp_path / "whole") == "step-000002"


@pytest.mark.parametrize(
    "error", [EndpointError("http://judge: no answer"), Stopped("SIGTERM", 143), KeyboardInterrupt()]
)
def test_an_evaluation_that_was_broken_off_is_made_up_for(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    config["evaluation"] |= {"benchmarks": []}
    script(monkeypatch, [0.2, 0.5, 0.3, 0.4])
    whole = go(config, tmp_path / "whole")
    answers = iter([{"eval/heldout/constraints": 0.2}])

    def fail_at_the_second(row: object) -> dict[str, float]:
        if found := next(answers, None):
            return found
        assert (tmp_path / "broken" / "checkpoints" / "step-000002").exists()
        assert len((tmp_path / "broken" / "metrics.jsonl").read_text().splitlines()) == 2
        raise error

    monkeypatch.setattr(running, "heldout_figures", fail_at_the_second)
    with pytest.raises(type(error)):
        go(config, tmp_path / "broken")
    script(monkeypatch, [0.5, 0.3, 0.4])
    assert go(config, tmp_path / "broken") == whole
    assert best(tmp_path / "broken") == best(tmp_path / "whole") == "step-000002"


def test_the_policy_also_answers_without_thinking(config: dict[str, Any], tmp_path: Path) -> None:
    config["evaluation"] = {"prompts": 3, "max_new_tokens": 8, "plain": True}
    rollout = config["rollout"] | {"contrast_by_kind": True}
    go(config | {"steps": 1, "contrast": True, "rollout": rollout}, tmp_path / "run")
    rows = json.loads((tmp_path / "run" / "report.json").read_text())["rows"]
    names = ["untrained", "whole recipe", "without thinking", "thinking where it helps"]
    assert [row["name"] for row in rows] == names
    assert rows[1]["kinds"].keys() == rows[2]["kinds"].keys()
    assert 'count">without thinking' in (tmp_path / "run" / "report.html").read_text("utf-8")


def test_runs_of_all_seeds_are_asked_the_same(config: dict[str, Any], tmp_path: Path) -> None:
    drawn, items = [], []
    for seed in (0, 1):
        run = Run(TrainConfig.model_validate(config | {"seed": seed}), tmp_path, Events())
        assert run.heldout
        drawn.append([each.id for each in run.heldout.instructions])
        items.append(run.benchmarks.prompts(run.heldout.chat))
    assert drawn[0] == drawn[1] != ["0", "1", "2"]
    assert items[0] == items[1] != []
    config["evaluation"]["prompts"] = 9
    run = Run(TrainConfig.model_validate(config), tmp_path, Events())
    assert run.heldout
    assert [each.id for each in run.heldout.instructions] == [str(n) for n in range(9)]


def test_none_are_asked_if_none_are_wanted(config: dict[str, Any], tmp_path: Path) -> None:
    config["evaluation"] = {"prompts": 0}
    assert Run(TrainConfig.model_validate(config), tmp_path, Events()).heldout is None
    assert subset([1, 2, 3], 0, 0) == []
    assert len(subset([1, 2, 3], 1, 0, group=lambda _: "one group")) == 3


def test_the_rollout_servers_answer_with_the_weights_of_the_step(
    config: dict[str, Any], tmp_path: Path
) -> None:
    def table(name: str, rollout: dict[str, Any]) -> list[Any]:
        own = config | {"rollout": config["rollout"] | rollout}
        (tmp_path / name).mkdir()
        Run(TrainConfig.model_validate(own), tmp_path / name, Events()).go()
        lines = (tmp_path / name / "metrics.jsonl").read_text().splitlines()
        return [
            {k: v for k, v in json.loads(li).items() if k.startswith("eval/") and "sec" not in k}
            for li in lines
        ]

    with rollout_server(Path(config["model"]["path"])) as server:
        served = table("served", {"engine": "vllm_server", "vllm": {"urls": [server.url]}})
        assert server.responses == 4 * 4 + 3 + 4 * (3 + 2)  # rollouts, untrained, after each step
    assert served == table("own", {})


def test_a_rollout_servers_context_counts_too(config: dict[str, Any], tmp_path: Path) -> None:
    noted: list[str] = []

    class Noted(Events):
        def note(self, line: str) -> None:
            noted.append(line)

    with rollout_server(Path(config["model"]["path"])) as server:
        config["rollout"] |= {"engine": "vllm_server", "vllm": {"urls": [server.url]}}
        config["evaluation"] |= {"max_new_tokens": 1000}
        server.context = 400
        Run(TrainConfig.model_validate(config), tmp_path, Noted())
        server.context = 8
        with pytest.raises(RaifError, match=f"{server.url} reads 8 tokens, and a prompt with its response"):
            Run(TrainConfig.model_validate(config), tmp_path, Noted())
    assert f"not 1000: {server.url} reads 400 tokens" in noted[0]


def test_a_short_context_limits_evaluated_responses_and_says_so() -> None:
    said: list[str] = []
    config = EvaluationConfig(max_new_tokens=100)
    assert limit_of(config, [[1] * 28, [1] * 4], 128, said.append) == 100
    assert limit_of(config, [], 8, said.append) == 100
    assert limit_of(config, [[1] * 28], None, said.append) == 100
    assert not said
    assert limit_of(config, [[1] * 4, [1] * 29], 128, said.append) == 99
    assert "at most 99 tokens, not 100: the model reads 128" in said[0]
    with pytest.raises(RaifError, match="reads 128 tokens, and a prompt of the evaluation has 128"):
        limit_of(config, [[1] * 128], 128, said.append)


def test_missing_data_is_said_before_the_model_is_loaded(config: dict[str, Any], tmp_path: Path) -> None:
    config["evaluation"]["data"] = str(tmp_path / "nowhere")
    config["model"]["path"] = str(tmp_path / "no-model")
    with pytest.raises(RaifError, match=r"nowhere/ifeval/input_data\.jsonl: no such file"):
        Run(TrainConfig.model_validate(config), tmp_path, Events())


def test_cloning_alone_needs_the_checkpoint_of_the_warm_up(config: dict[str, Any], tmp_path: Path) -> None:
    record = RECORD | {"expert": {"thinking": "So.", "answer": "Hello."}}
    (tmp_path / "train.jsonl").write_text(json.dumps(record) + "\n")
    config |= {"steps": 1, "cloning": {"warmup_steps": 1, "batch": 1}, "evaluation": {"prompts": 0}}
    go(config, tmp_path / "run")
    with pytest.raises(RaifError, match=r"cloning_alone: this run kept no checkpoint"):
        go(config | {"evaluation": {"prompts": 0, "cloning_alone": True}}, tmp_path / "run")


def test_the_time_left_of_cloning_alone_is_its_own(config: dict[str, Any], tmp_path: Path) -> None:
    record = RECORD | {"expert": {"thinking": "So.", "answer": "Hello."}}
    (tmp_path / "train.jsonl").write_text(json.dumps(record) + "\n")
    evaluation = {"prompts": 1, "max_new_tokens": 4, "cloning_alone": True}
    config |= {"steps": 6, "cloning": {"warmup_steps": 1, "batch": 1}, "evaluation": evaluation}
    alone, left = list[str](), list[float]()

    class Watched(Events):
        def phase(self, name: str) -> None:
            alone.append(name)

        def step(self, step: Step, total: int) -> None:
            if alone[-1] == "cloning alone":
                left.append(step.metrics["seconds_left"])

    Run(TrainConfig.model_validate(config), tmp_path, Watched()).go()
    assert len(left) > 1
    assert left == sorted(left, reverse=True)
    assert left[-1] == 0, "no less, although more steps were taken than planned"


def test_an_evaluation_is_due_every_so_often_and_at_the_end() -> None:
    every = EvaluationConfig(every=4)
    assert [step for step in range(1, 11) if measure_at(every, step, 10)] == [4, 8, 10]
    assert not measure_at(EvaluationConfig(), 10, 10)


def test_the_best_step_follows_from_what_was_measured() -> None:
    values = [0.2, None, 0.5, 0.5, None, 0.4]
    lines = [{"step": n, "eval/ifeval/prompts": value} for n, value in enumerate(values, 1)]
    assert Best.of("ifeval/prompts", lines) == Best(step=3, value=0.5, stale=2)
    assert Best.of("ifbench/prompts", lines) == Best.of("ifeval/prompts", []) == Best()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"best": "heldout/constraints"}, "best needs every"),
        ({"benchmarks": ["ifeval"]}, "benchmarks needs every"),
        ({"every": 1, "patience": 2}, "patience needs best"),
        ({"every": 1, "best": "ifeval/prompts"}, "best: 'ifeval/prompts' is not measured"),
        ({"every": 1, "best": "heldout/constraint"}, r"Did you mean 'heldout/constraints'\?"),
    ],
)
def test_what_cant_be_measured_is_refused(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        EvaluationConfig.model_validate(keys)


@pytest.mark.parametrize(
    "keys", [{"data": {"train": "t.jsonl"}}, {"data": {"generate": {"heldout_share": 0}}}]
)
def test_held_out_figures_need_held_out_records(keys: dict[str, Any]) -> None:
    for evaluation in ({"every": 1}, {"every": 1, "benchmarks": ["ifeval"], "best": "heldout/constraints"}):
        with pytest.raises(ValidationError, match=r"give data\.heldout"):
            TrainConfig.model_validate({**keys, "evaluation": evaluation})
