"""One section for the judge of all commands: its old keys, and those that a command does not use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from raif.config import Section, dump, load
from raif.config.eval import EvalConfig
from raif.config.judge import JudgeConfig
from raif.config.models import PricesConfig
from raif.config.staged import StagedConfig, load_either
from raif.config.train import TrainConfig
from raif.errors import ConfigError
from raif.files.runs import CONFIG_NAME, open_run

SERVER = {"base_url": "http://127.0.0.1:8001/v1"}
OF_TRAIN: dict[str, Any] = {
    "model": "m",
    "endpoint": SERVER,
    "local": None,
    "max_tokens": 64,
    "cache": None,
    "prices": {"read": 0.0, "written": 0.0},
    "prompts": None,
}
OF_EVAL: dict[str, Any] = {
    "model": "m",
    "endpoint": SERVER,
    "sampling": {"temperature": 0.0, "max_tokens": 2048},
    "attempts": 3,
    "prompts": None,
}
OF_STAGED: dict[str, Any] = {
    "model": "m",
    "endpoint": SERVER,
    "think": "deepseek",
    "prices": {"read": 0.3, "written": 0.4},
}
"""The section as earlier versions wrote it into a run's folder, for each command."""


def train(**judge: Any) -> JudgeConfig:
    found = TrainConfig.model_validate({"judge": judge}).judge
    assert found
    return found


def evaluation(**judge: Any) -> EvalConfig:
    return EvalConfig.model_validate({"model": "answering", "judge": judge})


def staged(**judge: Any) -> JudgeConfig:
    found = StagedConfig.model_validate({"judge": judge}).judge
    assert found
    return found


def test_sections_written_by_earlier_versions_mean_the_same() -> None:
    assert train(**OF_TRAIN | {"prices": None}) == train(model="m", endpoint=SERVER)
    assert train(**OF_TRAIN).model == "m"
    assert evaluation(**OF_EVAL) == evaluation(model="m", endpoint=SERVER)
    assert (staged(**OF_STAGED).think, staged(**OF_STAGED).prices) == (
        "deepseek",
        PricesConfig(read=0.3, written=0.4),
    )


@pytest.mark.parametrize(
    ("model", "rest", "section"),
    [
        (TrainConfig, {}, OF_TRAIN),
        (EvalConfig, {"model": "answering"}, OF_EVAL),
        (StagedConfig, {"mode": "staged"}, OF_STAGED),
    ],
)
def test_a_run_of_an_earlier_version_can_be_resumed(
    tmp_path: Path, model: type[Section], rest: dict[str, Any], section: dict[str, Any]
) -> None:
    config = model.model_validate(rest | {"judge": section})
    tree = yaml.safe_load(dump(config)) | {"judge": section}
    (tmp_path / CONFIG_NAME).write_text(yaml.safe_dump(tree))
    open_run(tmp_path, config, resume=True)
    assert yaml.safe_load((tmp_path / CONFIG_NAME).read_text())["judge"]["attempts"] == 3
    changed = section | {"model": "another"}
    with pytest.raises(ConfigError, match=r'judge\.model: "m" -> "another"'):
        open_run(tmp_path, model.model_validate(rest | {"judge": changed}), resume=True)


def test_the_judge_of_an_earlier_evaluation_without_one_is_none() -> None:
    nobody = {"model": None, "endpoint": {"base_url": None, "concurrency": 16}, "attempts": 3}
    assert evaluation(**nobody).judge is None


def test_settings_for_a_judge_that_is_not_named_wait_for_one(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("model: m\njudge: {sampling: {max_tokens: 77}}")
    url = f"judge.endpoint.base_url={SERVER['base_url']}"
    assert load(EvalConfig, "eval", file=tmp_path / "c.yaml").judge is None
    named = load(EvalConfig, "eval", file=tmp_path / "c.yaml", overrides=["judge.model=j", url]).judge
    assert named
    assert named.sampling.max_tokens == 77


def test_a_wrong_key_is_named_even_without_a_judge() -> None:
    with pytest.raises(ValueError, match="smapling"):
        evaluation(smapling={"temperature": 1})


@pytest.mark.parametrize("judge", [{"model": "m"}, {"endpoint": SERVER}])
def test_a_benchmarks_judge_has_a_name_and_a_server(judge: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"go together \(--judge-model, --judge-url\)"):
        evaluation(**judge)


def test_the_old_name_of_the_limit_is_the_new_one() -> None:
    old, new = (
        train(model="m", endpoint=SERVER, **keys)
        for keys in ({"max_tokens": 9}, {"sampling": {"max_tokens": 9}})
    )
    assert old == new
    with pytest.raises(ValueError, match=r"old name of sampling\.max_tokens"):
        train(model="m", endpoint=SERVER, max_tokens=9, sampling={"max_tokens": 8})


@pytest.mark.parametrize(
    ("read", "key", "value"),
    [
        (train, "think", "tagged"),
        (train, "prices", {"read": 1, "written": 2}),
        (train, "attempts", 5),
        (evaluation, "cache", "c.sqlite"),
        (evaluation, "think", "tagged"),
        (staged, "sampling", {"max_tokens": 5}),
        (staged, "cache", "c.sqlite"),
    ],
)
def test_a_key_that_a_command_does_not_use_is_refused(read: Any, key: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"does not use these keys: {key}"):
        read(model="m", endpoint=SERVER, **{key: value})


def test_a_judge_of_rewards_is_greedy() -> None:
    with pytest.raises(ValueError, match=r"sampling\.temperature"):
        train(model="m", endpoint=SERVER, sampling={"temperature": 0.5})


def test_the_presets_with_a_judge_can_be_read() -> None:
    config = load_either(
        preset="teacher", overrides=["judge={model: m, endpoint: {base_url: 'http://x/v1'}}"]
    )
    assert isinstance(config, StagedConfig)
    assert config.judge
    assert config.judge.model == "m"
