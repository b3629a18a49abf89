"""The ten lines of the docs: installed as a package, named in a config, learned from."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from raif.config.rollout import RolloutConfig
from raif.config.train import TrainConfig
from raif.errors import ConfigError, RaifError, RewardError
from raif.models.chat import Chat
from raif.train.checkpoint import checkpoints
from raif.train.feed import check_rewards
from raif.train.groups import group_metrics, roll_out, takes_part
from raif.train.log import Events
from raif.train.run import Run
from raif.verdicts.reward import REWARDS, Attempt, Rewards, called
from tests.tiny import byte_tokenizer
from tests.train.test_loop import GOOD, Scripted, instruction

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "reward-example"
CONFIG = """
steps: 1
contrast: false
model: {{path: "{model}", compute: float32, gradient_checkpointing: false, device: cpu}}
data: {{train: {data}}}
rewards: [format, verdicts, math, length, {{name: short, weight: 2, kwargs: {{words: 3}}}}]
rollout: {{prompts: 1, group_size: 4, max_new_tokens: 24}}
loss: {{kl: 0, cloning: 0}}
optimizer: {{lr: 1e-3, batch: 4}}
evaluation: {{prompts: 0}}
"""


def test_the_docs_show_the_example_itself() -> None:
    (shown,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "train.md").read_text("utf-8"), re.DOTALL)
    assert shown == (EXAMPLE / "short_answers.py").read_text("utf-8")
    assert len([line for line in shown.splitlines() if line]) <= 10


@pytest.mark.slow
def test_the_example_installs_and_is_trained_with(tiny_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("setuptools", reason="needs raif[dev]")
    source, site, out = tmp_path / "source", tmp_path / "site", tmp_path / "run"
    shutil.copytree(EXAMPLE, source)
    how = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(site)]
    subprocess.run([sys.executable, "-m", "pip", "install", *how, str(source)], check=True)
    record = {
        "messages": [{"role": "user", "content": "Hi"}],
        "constraints": [{"id": "punctuation:no_comma"}],
    }
    (data := tmp_path / "train.jsonl").write_text(json.dumps(record) + "\n")
    (config := tmp_path / "own.yaml").write_text(CONFIG.format(model=tiny_folder, data=data))
    code = "from raif_cli.main import run; run()"
    subprocess.run(
        [sys.executable, "-c", code, "train", "--config", str(config), "--out", str(out)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])},
        check=True,
        capture_output=True,
    )
    (step,) = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    samples = [json.loads(line) for line in (out / "samples" / "step-000001.jsonl").read_text().splitlines()]
    assert 0 < step["reward/short"] <= 1
    for sample in samples:
        assert set(sample["rewards"]) == {"format", "verdicts", "length", "short"}
        parts = sample["reward_format"] + sample["reward_accuracy"] + sample["reward_length"]
        assert sample["reward"] == pytest.approx(parts + 2 * sample["rewards"]["short"])


def test_a_response_that_a_reward_cant_judge_is_left_out_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def first_only(attempts: list[object]) -> list[float | None]:
        return [1.0, *[None] * (len(attempts) - 1)]

    monkeypatch.setattr(REWARDS, "_items", {**REWARDS._items, "first_only": first_only})
    config = TrainConfig.model_validate({"rewards": ["format", "verdicts", "first_only"]})
    chat = Chat(byte_tokenizer(), "tagged")
    groups = roll_out(
        Scripted(chat, [GOOD]),
        chat,
        [instruction(1)],
        RolloutConfig(group_size=4),
        contrast=False,
        seed=0,
        rewards=Rewards.of(config.rewards, limit=99, window=0),
    )
    found = group_metrics(groups, [takes_part(g, config.reference_quirks) for g in groups])
    assert (len(groups[0].rollouts), found["unjudged_share"]) == (1, 0.75)
    assert found["unjudged/the reward first_only returned None"] == 3
    assert (found["reward/first_only"], found["reward/format"], found["reward"]) == (1.0, 1.0, 4.0)


def test_a_record_that_no_reward_is_for_is_named() -> None:
    config = TrainConfig.model_validate({"rewards": ["format", "math"]})
    rewards = Rewards.of(config.rewards, limit=99, window=0)
    with pytest.raises(
        RaifError, match="'1' has the task ifeval, which no reward is for\nAdd one of verdicts"
    ):
        check_rewards([instruction(1)], judged=False, rewards=rewards)


class Odd(Exception):
    pass


def wrong(attempts: Sequence[Attempt]) -> Any:
    """A reward of a user's; `RETURNED` says what comes of it."""
    if isinstance(RETURNED, BaseException):
        raise RETURNED
    return RETURNED


RETURNED: Any = None


@pytest.mark.parametrize(
    ("returned", "error", "said"),
    [
        (1.0, RewardError, r"returned 1\.0, which is no list, on record '1'"),
        (torch.tensor(1.0), RewardError, "which is no list|values for 4 responses"),
        ({"a": 1}, RewardError, "which is no list"),
        ([1.0], RewardError, "returned 1 values for 4 responses"),
        ([1.0, 2.0, 3.0, "4"], RewardError, "returned '4', which is neither a finite number nor None"),
        ([1.0, 2.0, 3.0, float("nan")], RewardError, "returned nan, which is neither"),
        (SystemExit(3), RewardError, r"raised SystemExit\(3\), on record '1'"),
        (StopIteration(), RewardError, r"raised StopIteration\(\), on record '1'"),
        (Odd("so"), Odd, "so"),
    ],
)
def test_a_reward_that_fails_is_named_and_the_steps_before_are_saved(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, returned: Any, error: Any, said: str
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "RETURNED", returned)
    run = Run(config(tiny_folder, tmp_path, f"{__name__}:wrong"), tmp_path, Events())
    with pytest.raises(error, match=said) as raised:
        run.go()
    assert [path.name for path in checkpoints(tmp_path / "checkpoints")] == ["step-000001"]
    if error is Odd:
        assert "raised by the reward" in raised.value.__notes__[0]
        assert "on record '1'" in raised.value.__notes__[0]
    else:
        assert "saved up to step 1" in raised.value.hint


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("not_there:short", "No module named 'not_there'"),
        ("syntax:short", "syntax can't be imported: SyntaxError: "),
        ("leaving:short", "leaving can't be imported: SystemExit: 4"),
        (":short", "can't be imported: ValueError: Empty module name"),
        ("fine:longer", "fine has no 'longer'"),
        ("fine:number", "fine:number can't be called"),
        ("builtins:max", "builtins:max can't be called"),
    ],
)
def test_a_reward_that_can_not_be_found_is_said_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    for module, text in (("syntax", "def x(:"), ("leaving", "raise SystemExit(4)"), ("fine", "number = 3")):
        (tmp_path / f"{module}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    listed = TrainConfig.model_validate({"rewards": [name]}).rewards
    with pytest.raises(ConfigError, match=re.escape(said)):
        Rewards.of(listed, limit=99, window=0)


def numbers(attempts: Sequence[Attempt]) -> Any:
    return torch.arange(len(attempts)) if len(attempts) % 2 else [np.float32(1), np.int64(2), True, None]


def test_numbers_of_other_libraries_are_numbers(tiny_folder: Path, tmp_path: Path) -> None:
    attempt: Any = SimpleNamespace(instruction=instruction(1))
    assert called("numbers", numbers, [attempt] * 4) == [1.0, 2.0, 1.0, None]
    assert called("numbers", numbers, [attempt] * 3) == [0.0, 1.0, 2.0]


def config(model: Path, folder: Path, reward: str) -> TrainConfig:
    """A step of cloning, then one of GRPO with `reward`, and no checkpoint in between."""
    expert = {"expert": {"thinking": "So.", "answer": "Fine"}}
    (folder / "train.jsonl").write_text(instruction(1, **expert).model_dump_json() + "\n")
    return TrainConfig.model_validate(
        {
            "steps": 1,
            "contrast": False,
            "model": {
                "path": str(model),
                "compute": "float32",
                "gradient_checkpointing": False,
                "device": "cpu",
            },
            "data": {"train": str(folder / "train.jsonl")},
            "rewards": ["format", "verdicts", reward],
            "rollout": {"prompts": 1, "group_size": 4, "max_new_tokens": 16},
            "cloning": {"warmup_steps": 1, "batch": 1},
            "loss": {"kl": 0, "cloning": 0},
            "optimizer": {"batch": 4},
            "checkpoint": {"every": 50},
            "evaluation": {"prompts": 0},
        }
    )
