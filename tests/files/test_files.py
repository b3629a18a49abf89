"""A process killed while writing leaves the files that a resumed run needs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from raif.config.train import TrainConfig
from raif.files import jsonl
from raif.files.runs import open_run
from raif.files.whole import naming, sha256, write_whole


@contextmanager
def killed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process ends when a file is written but not yet in its place."""

    def end(*paths: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", end)
        with pytest.raises(KeyboardInterrupt):
            yield


def test_a_file_is_replaced_whole_or_stays(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_whole(path, "one")
    write_whole(path, "two")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "three \ud800")
    assert path.read_text() == "two"
    assert [*tmp_path.iterdir()] == [path]


def test_a_device_is_written_to_and_stays_one(tmp_path: Path) -> None:
    """`/dev/full` was once replaced by a file."""
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_whole(tmp_path / "pipe", "one")
    assert os.read(reader, 9) == b"one"
    os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


def test_checksum_of_a_file_and_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x").write_bytes(b"3")
    (tmp_path / "a").write_bytes(b"12")
    assert sha256(tmp_path / "a") == hashlib.sha256(b"12").hexdigest()
    assert sha256(tmp_path) == hashlib.sha256(b"123").hexdigest()


def test_a_killed_resumption_leaves_the_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = TrainConfig()
    open_run(tmp_path / "run", config)
    before = (tmp_path / "run" / "config.yaml").read_text()
    with killed(monkeypatch):
        open_run(tmp_path / "run", config, resume=True)
    assert (tmp_path / "run" / "config.yaml").read_text() == before
    open_run(tmp_path / "run", config, resume=True)


def test_a_killed_resumption_leaves_the_metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="needs raif[train]")
    from raif.train.log import Log

    (tmp_path / "metrics.jsonl").write_text('{"step": 1}\n{"step": 2}\n{"st')
    with killed(monkeypatch):
        Log(tmp_path, tensorboard=False).forget_after(1)
    log = Log(tmp_path, tensorboard=False)
    assert log.read() == [{"step": 1}, {"step": 2}]
    log.forget_after(1)
    assert log.read() == [{"step": 1}]


def test_a_killed_report_keeps_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="needs raif[train]")
    from raif.train.heldout import Report

    Report(tmp_path).note(one=1)
    with killed(monkeypatch):
        Report(tmp_path).note(two=2)
    assert Report(tmp_path).facts == {"one": 1}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_named_by_its_file() -> None:
    with pytest.raises(OSError, match=r"No space left on device: '/dev/full'"):
        jsonl.write("/dev/full", [{}])
    with pytest.raises(OSError, match="'/dev/full'"), jsonl.appending(Path("/dev/full")) as file:
        jsonl.write(file, [{}])
    with pytest.raises(FileNotFoundError, match="'missing'"), naming("other"):
        Path("missing").read_text()
