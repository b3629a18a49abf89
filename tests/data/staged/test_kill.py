"""`kill -9` in the middle of each stage: the next start resumes there and makes the same bytes."""

import signal
import subprocess
import sys
import time

import pytest

from raif.config.builtin import BuiltinConfig
from raif.data import records
from raif.data.builtin.seeds import all_seeds
from raif.files import jsonl
from raif.files.runs import LOCK_NAME

RAIF = [sys.executable, "-c", "from raif_cli.main import run; run()", "gen-data"]
AFTER = 40
"""Lines of the journal after which the process is killed."""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    seeds = [{"prompt": f"{seed.prompt} ({n})"} for n in range(3) for seed in all_seeds()]
    jsonl.write(folder / "seeds.jsonl", seeds)
    jsonl.write(folder / "records.jsonl", records(BuiltinConfig(count=300, heldout_share=0)))
    (folder / "ifeval").mkdir()
    jsonl.write(folder / "ifeval" / "input_data.jsonl", [{"key": 1, "prompt": all_seeds()[9].prompt}])
    return folder


def arguments(stage, inputs, out):
    source = (
        f"select.sources=[{{path: {inputs}/seeds.jsonl}}]"
        if stage == "select"
        else f"input={inputs}/records.jsonl"
    )
    folder = f"decontaminate.folder={inputs}"
    return [*RAIF, "--stages", stage, "--set", source, "--set", folder, "--out", str(out)]


def kill_in_the_middle(command, journal):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b"\n") >= AFTER:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.002)
    assert process.wait() == -signal.SIGKILL, "it was done before it could be killed"


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["select", "decontaminate", "pack"])
def test_killed_and_resumed_makes_the_same_bytes(stage, inputs, tmp_path):
    subprocess.run(arguments(stage, inputs, tmp_path / "whole"), check=True, capture_output=True)
    command = arguments(stage, inputs, tmp_path / "killed")
    kill_in_the_middle(command, tmp_path / "killed" / f"{stage}.journal")
    assert not (tmp_path / "killed" / f"{stage}.funnel.json").exists()
    subprocess.run([*command, "--resume"], check=True, capture_output=True)
    whole, killed = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir() if path.name != LOCK_NAME}
        for name in ("whole", "killed")
    )
    assert killed == whole
