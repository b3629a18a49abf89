"""Every case of the doctor on a step that has it and one that has not; what a run does with a finding."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from raif.config.train import CheckpointConfig, TrainConfig
from raif.errors import UnhealthyRun
from raif.files import jsonl
from raif.models.chat import Chat
from raif.train import run as running
from raif.train.doctor import Finding, Seen, examine, look
from raif.train.groups import Group, roll_out
from raif.train.log import Events, Log
from raif.train.loop import Trainer
from raif.train.run import Run
from raif.train.samplers.sampler import TransformersSampler
from tests.train.test_loop import BAD, EIGHT, GOOD, Scripted, instruction, trainer

HEALTHY = {
    "truncated_share": 0.1,
    "format_share": 0.4,
    "dead_all_pass": 0.1,
    "dead_all_fail": 0.4,
    "dead_all_alike": 0.1,
    "unjudged_share": 0.01,
    "ratio_off": 0.05,
    "judge_questions": 200,
    "judge_yes": 0.7,
    "judge_unjudged": 0.01,
    "cut_share": 0.01,
}


def names(**metrics: float) -> list[str]:
    return [finding.name for finding in examine(seen(**metrics))]


def seen(**metrics: float) -> Seen:
    return Seen(TrainConfig(), {**HEALTHY, **metrics}, left_out=10, records=1000)


def test_a_healthy_step_has_no_finding() -> None:
    assert names() == []


@pytest.mark.parametrize(
    ("metrics", "name"),
    [
        ({"truncated_share": 1.0}, "no response ends"),
        ({"format_share": 0.0}, "no response has the format"),
        ({"dead_all_pass": 0.2, "dead_all_fail": 0.7}, "all groups are dead"),
        ({"unjudged_share": 0.3}, "responses without a verdict"),
        ({"ratio_off": 0.9}, "the ratio is far from 1"),
        ({"judge_yes": 1.0}, "the judge always says yes"),
        ({"judge_yes": 0.0}, "the judge always says no"),
        ({"judge_unjudged": 0.5}, "the judge does not decide"),
        ({"cut_share": 0.2}, "expert answers are cut"),
    ],
)
def test_a_sick_step_has_its_finding_alone(metrics: dict[str, float], name: str) -> None:
    assert names(**metrics) == [name]


def test_a_finding_says_what_to_do() -> None:
    (finding,) = examine(seen(truncated_share=1.0))
    assert "100% of the responses were cut off at 4096 tokens" in finding.what
    assert "rollout.max_new_tokens" in finding.advice


@pytest.mark.parametrize(
    ("part", "advice"), [("all_pass", "too easy"), ("all_fail", "too hard"), ("all_alike", "temperature")]
)
def test_dead_groups_have_the_advice_of_what_killed_most(part: str, advice: str) -> None:
    dead = {f"dead_{name}": 0.1 for name in ("all_pass", "all_fail", "all_alike")} | {f"dead_{part}": 0.8}
    assert advice in examine(seen(**dead))[0].advice


def test_the_reasons_for_missing_verdicts_are_named() -> None:
    found = examine(seen(unjudged_share=0.5, **{"unjudged/math check crashed": 3}))
    assert "math check crashed" in found[0].what


def test_a_few_judgments_prove_no_judge_one_sided() -> None:
    assert names(judge_yes=1.0, judge_questions=5) == []


def test_prompts_that_are_left_out_are_named_where_they_are_many() -> None:
    found = examine(replace(seen(), left_out=300))
    assert [f.what for f in found] == [
        "300 of the 1000 training records have a prompt above 1024 tokens and are left out"
    ]


def groups(chat: Chat, text: str) -> list[Group]:
    return roll_out(Scripted(chat, [text]), chat, [instruction(1)], EIGHT, contrast=True, seed=0)


def test_a_response_that_opens_its_thinking_again_is_told_from_one_without_the_format(chat: Chat) -> None:
    without = replace(seen(format_share=0.0), groups=groups(chat, "Fine"))
    again = replace(seen(format_share=0.0), groups=groups(chat, f"<think>\n{GOOD}"))
    assert [f.name for f in examine(without)] == ["no response has the format"]
    assert [f.name for f in examine(again)] == ["<think> is opened twice"]


OPENS = "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\nOkay. {% endif %}"


def test_a_template_that_opens_the_thinking_in_its_own_way_is_noticed(tiny_folder: Path) -> None:
    t = trainer(tiny_folder, texts=["Fine"])
    assert "<think> is opened twice" not in [f.name for f in look(t, t.grpo_step())]
    t = trainer(tiny_folder, texts=["Fine"])
    before, _, _ = t.chat.tokenizer.chat_template.partition("{% if add_generation_prompt %}")
    t.chat.tokenizer.chat_template = before + OPENS
    assert "<think> is opened twice" in [f.name for f in look(t, t.grpo_step())]


def ratio_is_far(t: Trainer) -> bool:
    return "the ratio is far from 1" in [f.name for f in look(t, t.grpo_step())]


def test_wrong_log_probabilities_of_the_sampler_are_noticed_and_right_ones_not(tiny_folder: Path) -> None:
    class Wrong(Scripted):
        def sample(self, *args: Any, **keys: Any) -> Any:
            found = super().sample(*args, **keys)
            return [[replace(c, logps=[-9.0] * len(c.ids)) for c in each] for each in found]

    wrong = trainer(tiny_folder)
    wrong.sampler = Wrong(wrong.chat, [GOOD, BAD])
    assert ratio_is_far(wrong)
    right = trainer(tiny_folder)
    right.sampler = TransformersSampler(right.learner.policy, max_new_tokens=12, temperature=1.0, batch=16)
    assert not ratio_is_far(right)


def test_only_the_first_steps_after_the_warm_up_are_looked_at(tiny_folder: Path) -> None:
    t = trainer(tiny_folder, texts=[GOOD], cloning={"batch": 2, "warmup_steps": 2}, contrast=False)
    t.progress = replace(t.progress, step=1)
    step = t.grpo_step()
    found = []
    for number in range(1, 8):
        t.progress = replace(t.progress, step=number)
        found.append("all groups are dead" in [f.name for f in look(t, step)])
    assert found == [False, False, True, True, True, False, False]


def test_a_finding_is_written_once_also_after_a_restart(tmp_path: Path) -> None:
    finding = Finding("x", "what", "advice")
    assert [Log(tmp_path, tensorboard=False).finding(step, finding) for step in (1, 2)] == [True, False]
    assert (tmp_path / "findings.jsonl").read_text().count("\n") == 1


def test_a_finding_that_a_kill_cut_off_is_written_again(tmp_path: Path) -> None:
    findings = tmp_path / "findings.jsonl"
    findings.write_text('{"step": 1, "na')
    log = Log(tmp_path, tensorboard=False)
    log.forget_after(0)
    assert log.finding(1, Finding("x", "what", "advice"))
    assert [line["name"] for line in jsonl.finished(findings)] == ["x"]


class Noted(Events):
    def __init__(self) -> None:
        self.found: list[str] = []

    def finding(self, step: int, finding: Finding) -> None:
        self.found.append(finding.name)


def run(folder: Path, model: Path, *, strict: bool) -> tuple[Run, Noted]:
    """Two steps of a model that never ends within its four tokens."""
    (folder / "train.jsonl").write_text(instruction(1).model_dump_json())
    config = {
        "steps": 2,
        "model": {"path": str(model), "compute": "float32", "gradient_checkpointing": False, "device": "cpu"},
        "data": {"train": str(folder / "train.jsonl")},
        "rollout": {"prompts": 1, "group_size": 4, "max_new_tokens": 4},
        "optimizer": {"batch": 4},
        "cloning": {"batch": 1},
    }
    noted = Noted()
    return Run(TrainConfig.model_validate(config), folder, noted, strict=strict), noted


def test_a_run_names_each_finding_once_and_goes_on(tmp_path: Path, tiny_folder: Path) -> None:
    going, noted = run(tmp_path, tiny_folder, strict=False)
    going.go()
    assert noted.found.count("no response ends") == 1
    assert (tmp_path / "model").exists()


def test_a_strict_run_stops_with_advice_and_a_checkpoint_to_go_on_from(
    tmp_path: Path, tiny_folder: Path
) -> None:
    with pytest.raises(UnhealthyRun, match="stopped after step 1: 100% of the responses") as caught:
        run(tmp_path, tiny_folder, strict=True)[0].go()
    assert "rollout.max_new_tokens" in caught.value.hint
    assert (tmp_path / "checkpoints" / "step-000001").exists()
    again, _ = run(tmp_path, tiny_folder, strict=False)
    again.go()
    assert [m["step"] for m in again.log.read()] == [1, 2]


def test_time_for_a_checkpoint_is_left_before_the_last_hour_is_over(
    tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, _ = run(tmp_path, tiny_folder, strict=False)
    going.config = going.config.model_copy(update={"checkpoint": CheckpointConfig(every=1)})
    needed: list[float] = []
    monkeypatch.setattr(running, "save_checkpoint", lambda *args, **keys: time.sleep(0.5))
    monkeypatch.setattr(going.stop, "check", lambda ranks, seconds=0.0: needed.append(seconds))
    going.go()
    assert max(needed) > 0.5
    assert needed[-1] == 0  # after the last step the run ends anyway
