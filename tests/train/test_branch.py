"""A run that begins at the end of another run's warm-up, and what keeps it from doing so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from raif.config import load
from raif.config.train import TrainConfig
from raif.errors import ConfigError
from raif.train.branch import end_of_warm_up
from tests.train.test_resume import CONFIG, metrics, start


@pytest.fixture(scope="module")
def config(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("branch") / "tiny.yaml"
    file.write_text(CONFIG.format(model=tiny_folder))
    return file


@pytest.fixture(scope="module")
def warm_up(config: Path) -> Path:
    """A run that ends with its warm-up."""
    folder = config.parent / "warm-up"
    assert start(config, folder, "--set", "steps=0").wait() == 0
    return folder


def refused(source: Path, config: Path, *overrides: str) -> str:
    with pytest.raises(ConfigError) as error:
        end_of_warm_up(source, load(TrainConfig, "train", file=config, overrides=overrides), {})
    return str(error.value)


@pytest.mark.slow
def test_the_run_is_the_one_with_a_warm_up_of_its_own(config: Path, warm_up: Path, tmp_path: Path) -> None:
    changed = (
        "--set",
        "loss.kl=0",
        "--set",
        "rollout.temperature=0.7",
        "--set",
        "evaluation.cloning_alone=true",
    )
    alone, branch = tmp_path / "alone", tmp_path / "branch"
    assert start(config, alone, *changed).wait() == 0
    assert start(config, branch, *changed, "--warm-up-of", str(warm_up)).wait() == 0
    assert metrics(branch) == metrics(alone)
    assert len(metrics(branch)) == 7
    model = "model/model.safetensors"
    assert (branch / model).read_bytes() == (alone / model).read_bytes()
    reports = [json.loads((run / "report.json").read_text()) for run in (branch, alone)]
    assert reports[0]["facts"]["warm_up_of"] == str(warm_up)
    rows = [report["rows"] for report in reports]
    timed = "cloning alone"  # ends by the clock
    names = [[row["name"] for row in each if row["name"] != timed] for each in rows]
    assert sorted(names[0]) == sorted(names[1]) == ["expert answers", "untrained", "whole recipe"]
    by_name = [{row["name"]: row for row in each if row["name"] != timed} for each in rows]
    assert by_name[0] == by_name[1]


@pytest.mark.slow
def test_it_is_resumed_like_any_other(config: Path, warm_up: Path, tmp_path: Path) -> None:
    branch = tmp_path / "branch"
    source = tmp_path / "source"
    shutil.copytree(warm_up, source)
    options = ("--warm-up-of", str(source), "--resume", "auto")
    assert start(config, branch, *options, "--set", "steps=2").wait() == 0
    done = metrics(branch)
    shutil.rmtree(source)
    assert start(config, branch, *options).wait() == 0
    assert metrics(branch)[:5] == done
    assert len(metrics(branch)) == 7


@pytest.mark.slow
def test_it_can_replace_another_run_but_not_the_one_it_begins_with(
    config: Path, warm_up: Path, tmp_path: Path
) -> None:
    branch = tmp_path / "branch"
    shutil.copytree(warm_up, branch)
    options = ("--set", "steps=1", "--overwrite", "--warm-up-of")
    assert start(config, branch, *options, str(branch)).wait() == 2
    assert (branch / "checkpoints" / "step-000003").exists()
    (branch / "samples" / "old").mkdir(parents=True)
    assert start(config, branch, *options, str(warm_up)).wait() == 0
    assert len(metrics(branch)) == 4
    assert not (branch / "samples" / "old").exists()


@pytest.mark.slow
def test_what_a_warm_up_rests_on_has_to_be_the_same(config: Path, warm_up: Path) -> None:
    assert "rollout.max_new_tokens: 48 -> 64" in refused(warm_up, config, "rollout.max_new_tokens=64")
    assert "seed: 0 -> 1" in refused(warm_up, config, "seed=1", "loss.kl=0")
    assert "has no warm-up" in refused(warm_up, config, "method=sft")
    assert "cloning.warmup_batch: 4 -> 2" in refused(warm_up, config, "cloning.batch=2")
    fewer_later = ("cloning.batch=2", "cloning.warmup_batch=4")
    assert end_of_warm_up(warm_up, load(TrainConfig, "train", file=config, overrides=fewer_later), {})
    assert end_of_warm_up(warm_up, load(TrainConfig, "train", file=config), {}).name == "step-000003"


@pytest.mark.slow
def test_a_damaged_or_missing_checkpoint_is_named(config: Path, warm_up: Path, tmp_path: Path) -> None:
    assert "no run in" in refused(tmp_path, config)
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "config.yaml").write_bytes((warm_up / "config.yaml").read_bytes())
    assert "keeps no checkpoint of step 3" in refused(bare, config)
    kept = bare / "checkpoints" / "step-000003"
    kept.mkdir(parents=True)
    (kept / "progress.json").write_text("{")
    assert "is damaged" in refused(bare, config)
