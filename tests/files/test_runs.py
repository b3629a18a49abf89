"""A run's folder: one process at a time, and what a resumed run may change."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from raif.config.train import TrainConfig
from raif.errors import ConfigError, RaifError
from raif.files.runs import Change, open_run, said_of

HOLDER = """
import sys, time
from pathlib import Path
from raif.config.train import TrainConfig
from raif.files.runs import open_run
open_run(Path(sys.argv[1]), TrainConfig())
print("open", flush=True)
time.sleep(60)
"""


def config(**changed: object) -> TrainConfig:
    return TrainConfig.model_validate(changed)


@pytest.mark.parametrize("how", [{"resume": True}, {"overwrite": True}, {}])
def test_a_second_process_is_refused_with_the_firsts_name(tmp_path: Path, how: dict[str, bool]) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "run")], stdout=subprocess.PIPE)
    assert holder.stdout
    assert holder.stdout.readline() == b"open\n"
    before = (tmp_path / "run" / "config.yaml").read_text()
    named = f"in use by process {holder.pid} on {socket.gethostname()}"
    with pytest.raises(ConfigError, match=named):
        open_run(tmp_path / "run", config(seed=1), **how)
    assert (tmp_path / "run" / "config.yaml").read_text() == before
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    open_run(tmp_path / "run", config(), resume=True)  # a killed process holds nothing


def test_a_replaced_run_leaves_nothing_behind(tmp_path: Path) -> None:
    open_run(tmp_path, config())
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "one").write_text("")
    open_run(tmp_path, config(seed=1), overwrite=True)
    assert sorted(each.name for each in tmp_path.iterdir()) == [".lock", "config.yaml"]
    assert "seed: 1" in (tmp_path / "config.yaml").read_text()


def test_a_folder_that_is_no_run_is_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(ConfigError, match=r"not a run's folder .*"):
        open_run(tmp_path, config(), overwrite=True)
    assert (tmp_path / "thesis.tex").exists()


def test_resume_and_overwrite_exclude_each_other(tmp_path: Path) -> None:
    open_run(tmp_path, config())
    with pytest.raises(ConfigError, match="--resume and --overwrite exclude each other"):
        open_run(tmp_path, config(), resume="auto", overwrite=True)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("inputs.json", "{", r"inputs\.json: damaged: Expecting property name"),
        ("inputs.json", "[]", r"inputs\.json: damaged: not a JSON dict"),
    ],
)
def test_a_damaged_file_of_a_run_is_named(tmp_path: Path, name: str, text: str, said: str) -> None:
    open_run(tmp_path, config(), inputs={"data.train": "6 records"})
    (tmp_path / name).write_text(text)
    with pytest.raises(RaifError, match=said):
        open_run(tmp_path, config(), resume=True, inputs={"data.train": "6 records"})
    assert (tmp_path / name).read_text() == text


def test_a_file_in_the_folders_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(ConfigError, match="run is a file"):
        open_run(tmp_path / "run", config())


@pytest.mark.parametrize("left", [[], ["notes.txt"]])
def test_there_must_be_a_run_to_resume(tmp_path: Path, left: list[str]) -> None:
    folder = tmp_path / "misspelt"
    for name in left:
        folder.mkdir()
        (folder / name).write_text("")
    with pytest.raises(ConfigError, match=r"no run to resume in .*misspelt"):
        open_run(folder, config(), resume=True)
    assert [each.name for each in tmp_path.rglob("*.*")] == left


def test_auto_starts_a_run_or_resumes_it_but_takes_no_other_folder(tmp_path: Path) -> None:
    open_run(tmp_path / "run", config(), resume="auto")
    with pytest.raises(ConfigError, match="seed: 0 -> 3"):
        open_run(tmp_path / "run", config(seed=3), resume="auto")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("")
    with pytest.raises(ConfigError, match="home is not empty, and holds no run"):
        open_run(tmp_path / "home", config(), resume="auto")


def test_changed_inputs_are_refused_by_name_with_both_values(tmp_path: Path) -> None:
    open_run(tmp_path, config(), inputs={"records of data.train": "54, sha256 aa"})
    with pytest.raises(ConfigError) as caught:
        open_run(
            tmp_path,
            config(steps=3),
            resume=True,
            free=["steps"],
            inputs={"records of data.train": "20, sha256 bb"},
        )
    assert 'records of data.train: "54, sha256 aa" -> "20, sha256 bb"' in caught.value.message
    assert "steps: 2000" in (tmp_path / "config.yaml").read_text()


def test_a_run_without_known_inputs_resumes(tmp_path: Path) -> None:
    open_run(tmp_path, config())
    open_run(tmp_path, config(), resume=True, inputs={"records of data.train": "20, sha256 bb"})
    with pytest.raises(ConfigError, match="records of data"):
        open_run(tmp_path, config(), resume=True, inputs={"records of data.heldout": "20, sha256 bb"})


def test_changed_keys_are_refused_by_name_with_both_values(tmp_path: Path) -> None:
    open_run(tmp_path, config())
    with pytest.raises(ConfigError) as caught:
        open_run(tmp_path, config(seed=3, loss={"kl": 0}), resume=True, free=["steps"])
    assert "seed: 0 -> 3" in caught.value.message
    assert "loss.kl: 0.001 -> 0" in caught.value.message


def test_a_run_of_before_a_key_has_what_the_key_then_means(tmp_path: Path) -> None:
    open_run(tmp_path, config(cloning={"batch": 4}))
    written = tmp_path / "config.yaml"
    before = written.read_text().replace("  warmup_batch: 4\n", "")
    assert before != written.read_text()
    written.write_text(before)
    with pytest.raises(ConfigError, match=r"cloning\.warmup_batch: 4 -> 8"):
        open_run(tmp_path, config(cloning={"batch": 4, "warmup_batch": 8}), resume=True)
    open_run(tmp_path, config(cloning={"batch": 4}), resume=True)


@pytest.mark.parametrize("content", [b"", b"{", b"- 1\n", b"\xff"])
def test_a_damaged_config_is_named(content: bytes, tmp_path: Path) -> None:
    open_run(tmp_path / "run", config())
    (tmp_path / "run" / "config.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"config\.yaml is damaged") as caught:
        open_run(tmp_path / "run", config(), resume=True)
    assert "--dry-run" in caught.value.hint
    assert (tmp_path / "run" / "config.yaml").read_bytes() == content


def test_free_keys_are_taken_and_said(tmp_path: Path) -> None:
    open_run(tmp_path, config())
    said: list[str] = []

    def hear(changes: Sequence[Change]) -> None:
        assert "steps: 2000" in (tmp_path / "config.yaml").read_text()
        said.append(said_of(changes))

    changed = config(steps=5, judge={"model": "j", "endpoint": {"base_url": "http://127.0.0.1:1/v1"}})
    open_run(tmp_path, changed, resume=True, free=["steps", "judge"], changed=hear)
    assert "steps: 2000 -> 5" in said[0]
    assert "judge.model: null" in said[0]
    assert "steps: 5" in (tmp_path / "config.yaml").read_text()
    open_run(tmp_path, changed, resume=True, free=["steps"], changed=hear)
    assert len(said) == 1  # nothing changed this time


def test_an_input_that_may_change_is_said(tmp_path: Path) -> None:
    open_run(tmp_path, config(), inputs={"rows of a": "1", "rows of b": "1"})
    said: list[str] = []

    def hear(changes: Sequence[Change]) -> None:
        said.extend(map(str, changes))

    def resumed(**inputs: str) -> None:
        named = {f"rows of {name}": value for name, value in inputs.items()}
        open_run(tmp_path, config(), resume=True, inputs=named, free_inputs=["rows of a"], changed=hear)

    resumed(a="2", b="1")
    assert said == ['rows of a: "1" -> "2"']
    with pytest.raises(ConfigError, match="rows of b"):
        resumed(a="2", b="2")


def test_a_replaced_run_leaves_what_is_to_be_kept(tmp_path: Path) -> None:
    open_run(tmp_path, config())
    for name in ("paid", "other"):
        (tmp_path / name).write_text(name)
    open_run(tmp_path, config(), overwrite=True, kept=["paid", "paid.more"])
    assert sorted(each.name for each in tmp_path.iterdir()) == [".lock", "config.yaml", "paid"]


MINE = {"judge": {"model": "j", "local": {}, "cache": "run/judgments.sqlite"}}


@pytest.mark.parametrize(
    ("how", "key"),
    [
        ({"model": {"path": "run/model"}}, "model.path"),
        ({"data": {"train": ["run/data/train.jsonl"], "heldout": ["other.jsonl"]}}, "data.train"),
        (MINE, "judge.cache"),
        ({}, "--warm-up-of"),
    ],
)
def test_overwrite_deletes_nothing_that_the_new_run_reads(
    how: dict[str, Any], key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = Path("run")
    open_run(run, config())
    for name in ("model/weights", "data/train.jsonl", "judgments.sqlite"):
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).write_text("kept")
    reads = None if how else {"--warm-up-of": run}
    with pytest.raises(ConfigError, match=f"{key}: --overwrite would delete run"):
        open_run(run, config(**how), overwrite=True, reads=reads)
    assert (run / "model" / "weights").exists()
    long = "x" * 5000
    others = config(model={"path": "elsewhere", "format_request": long}, **MINE)
    open_run(run, others, overwrite=True, kept=["judgments.sqlite"])
    assert not (run / "model").exists()
    (run / "more").mkdir()
    (run / "judgments.sqlite").rename(run / "more" / "judgments.sqlite")
    deeper = config(judge={**MINE["judge"], "cache": "run/more/judgments.sqlite"})
    with pytest.raises(ConfigError, match=r"judge\.cache"):
        open_run(run, deeper, overwrite=True, kept=["judgments.sqlite"])
