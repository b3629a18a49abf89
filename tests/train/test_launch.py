"""How many processes there are is known, and checked, before anything is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from raif.config.train import TrainConfig
from raif.errors import ConfigError
from raif.train import launch
from raif.train.launch import Launch
from raif_cli import main
from raif_cli.exits import Exit


def config(**keys: Any) -> TrainConfig:
    return TrainConfig.model_validate({"distributed": {"zero": 3}, **keys})


def test_without_a_launcher_there_is_one_process() -> None:
    assert Launch.of({}) == Launch(0, 1, 0)


def test_the_launcher_says_who_this_is() -> None:
    assert Launch.of({"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}) == Launch(5, 8, 1)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"rollout": {"prompts": 30, "group_size": 8}, "optimizer": {"batch": 240}}, "rollout.prompts: 30"),
        ({"optimizer": {"batch": 2}}, "optimizer.batch: 2 is not a multiple of the 4 ranks"),
        ({"cloning": {"batch": 6}}, "cloning.batch: 6"),
        ({"cloning": {"warmup_steps": 1, "warmup_batch": 6}}, "cloning.warmup_batch: 6"),
        ({"method": "sft", "optimizer": {"batch": 5}}, "optimizer.batch: 5"),
        ({"distributed": {"zero": 0}}, "4 processes were started, but distributed.zero: 0"),
    ],
)
def test_what_four_ranks_cannot_share_is_refused(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Launch(0, 4).check(config(**keys))
    Launch(0, 1).check(config(**keys))


def test_the_paper_s_batches_suit_four_and_sixteen_ranks() -> None:
    for size in (4, 16):
        Launch(0, size).check(config())


def test_a_clone_batch_that_is_never_cloned_may_be_of_any_size() -> None:
    Launch(0, 4).check(config(cloning={"batch": 6}, loss={"cloning": 0}))


def test_the_command_ends_with_2_and_names_sizes_that_suit() -> None:
    code = "from raif_cli.main import run; run()"
    options = ["--preset", "7b", "--set", "distributed.zero=2", "--dry-run"]
    command = [sys.executable, "-c", code, "train", *options]
    environment = {**os.environ, "RANK": "0", "WORLD_SIZE": "3", "LOCAL_RANK": "0"}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert result.returncode == 2
    assert "rollout.prompts: 32 is not a multiple of the 3 ranks" in result.stderr
    assert "Give 33 or another multiple" in result.stderr


LAGGING = """
import os, sys
import torch, torch.distributed as dist
from raif.train.launch import leave

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
for _ in range(int(sys.argv[1])):
    if not (child := os.fork()):
        break
    assert os.waitpid(child, 0)[1] == 0
else:
    sys.exit()
dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
groups = [dist.group.WORLD, dist.new_group(backend="gloo")]
for thread in os.listdir("/proc/self/task"):
    with open(f"/proc/self/task/{thread}/comm") as name:
        if "gloo_runloop" in name.read():
            os.sched_setscheduler(int(thread), os.SCHED_IDLE, os.sched_param(0))
for _ in range(10):
    for group in groups:
        dist.all_gather([torch.empty(4)], torch.ones(4), group=group)
dist.destroy_process_group()
leave(0)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="lets threads lag by Linux's scheduler")
def test_a_thread_that_lags_behind_does_not_abort_a_process_that_has_done_its_work() -> None:
    """With a plain end about every fourth of these processes is aborted."""
    pytest.importorskip("torch", reason="needs raif[train]")
    done = subprocess.run(
        [sys.executable, "-c", LAGGING, "20"], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("connected", [False, True])
def test_the_command_leaves_with_its_code_once_it_has_joined_ranks(
    connected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[int] = []
    monkeypatch.setattr(launch, "connected", connected)
    monkeypatch.setattr(launch, "leave", left.append)
    monkeypatch.setattr(sys, "argv", ["raif", "train", "--preset", "unheard-of"])
    with pytest.raises(SystemExit) as end:
        main.run()
    assert end.value.code == Exit.USAGE
    assert left == ([Exit.USAGE] if connected else [])


def test_leaving_runs_the_exit_handlers_and_flushes() -> None:
    program = (
        "import atexit, sys; from raif.train.launch import leave; atexit.register(print, 'handled'); "
        "sys.stderr.write('said'); leave(5)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=100, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (5, "handled\n", "said")
