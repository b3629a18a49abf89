from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from raif.errors import RaifError
from raif.files import jsonl
from raif.files.rows import of_stream
from raif.verdicts.answers import Answer, Answers
from raif.verdicts.parallel import _AHEAD, _BYTES, verified_lines
from raif.verdicts.stream import verified
from raif.verdicts.tally import Tally

COMMAND = [sys.executable, "-c", "from raif_cli.main import run; run()", "verify", "-", "-q", "--jobs", "2"]
GOOD: dict[str, Any] = {
    "key": 7,
    "prompt": "Hi",
    "instruction_id_list": ["punctuation:no_comma"],
    "kwargs": [{}],
    "response": "a b",
}
LINES = [
    json.dumps(GOOD | {"key": n, "response": "a, b" * (n % 3) + "x" * n}) if n % 7 else "not json"
    for n in range(1500)
]


def alone(data: bytes) -> tuple[bytes, Tally]:
    target, tally = io.BytesIO(), Tally()
    jsonl.write(target, verified(of_stream(io.BytesIO(data)), tally))
    return target.getvalue(), tally


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", "\n".join(LINES).encode(), ("\n".join(LINES) + "\n").encode()]
)
def test_lines_and_tally_are_those_of_one_process(data: bytes) -> None:
    tally = Tally()
    lines = b"".join(verified_lines(io.BytesIO(data), tally, jobs=2))
    assert (lines, tally) == alone(data)


def test_bad_line_is_called_by_its_number_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join([*LINES, "not json"]))
    *_, last = b"".join(verified_lines(path, Tally(), jobs=2)).splitlines()
    assert json.loads(last)["line"] == len(LINES) + 1
    assert f"{path}:{len(LINES) + 1}: " in json.loads(last)["error"]


def test_answers_kept_apart_are_joined_in_every_process() -> None:
    answers = Answers()
    answers.add(Answer("a.jsonl:1", "7", None, {"response": "a, b"}))
    data = (json.dumps(GOOD | {"response": "a b"}) + "\n").encode()
    tally = Tally()
    (line,) = verified_lines(io.BytesIO(data), tally, jobs=2, answers=answers)
    assert json.loads(line)["followed"] is False
    assert tally.used == {0}


@pytest.mark.parametrize("name", ["rows.jsonl.gz", "rows.json", "folder"])
def test_files_of_any_format_are_checked_by_several_processes(tmp_path: Path, name: str) -> None:
    lines = [json.dumps(GOOD | {"key": n}) for n in range(600)]
    if name == "folder":
        (tmp_path / name).mkdir()
        for part in range(2):
            (tmp_path / name / f"{part}.jsonl").write_text("\n".join(lines[part::2]))
    elif name.endswith(".gz"):
        (tmp_path / name).write_bytes(gzip.compress("\n".join(lines).encode()))
    else:
        (tmp_path / name).write_text(f"[{','.join(lines)}]")
    tally = Tally()
    found = b"".join(verified_lines(tmp_path / name, tally, jobs=2)).splitlines()
    assert (len(found), tally.prompts.strict) == (600, 600)
    keys = [json.loads(line)["key"] for line in found]
    assert keys == ([*range(0, 600, 2), *range(1, 600, 2)] if name == "folder" else [*range(600)])


class Endless(io.RawIOBase):
    """Lines without end; counts how many bytes were read."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        self.taken += size
        line = json.dumps(GOOD).encode() + b"\n"
        return line * (size // len(line))


def test_no_more_is_read_than_a_few_blocks_ahead() -> None:
    source = Endless()
    lines = verified_lines(source, Tally(), jobs=2)  # type: ignore[arg-type]
    next(lines)
    time.sleep(0.5)
    assert source.taken <= (2 * _AHEAD + 2) * _BYTES
    lines.close()  # type: ignore[attr-defined]


def test_process_that_dies_is_an_error() -> None:
    source = Endless()
    lines = verified_lines(source, Tally(), jobs=2)  # type: ignore[arg-type]
    next(lines)
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    os.kill(int(children[-1]), signal.SIGKILL)
    with pytest.raises(RaifError, match="died"):
        for _ in lines:
            pass


def test_process_that_dies_ends_all_whatever_the_program_does_with_a_termination() -> None:
    before = signal.signal(signal.SIGTERM, lambda *_: time.sleep(60))
    try:
        started = time.monotonic()
        test_process_that_dies_is_an_error()
        assert time.monotonic() - started < 30
    finally:
        signal.signal(signal.SIGTERM, before)


def start() -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(COMMAND, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)


def test_each_line_is_answered_before_the_next_is_sent() -> None:
    with start() as process:
        assert process.stdin
        assert process.stdout
        for _ in range(2):
            process.stdin.write(json.dumps(GOOD).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["followed"] is True


def test_interrupt_ends_all_processes_without_a_traceback() -> None:
    process = start()
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdin.write(json.dumps(GOOD).encode() + b"\n")
    process.stdin.flush()
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) == 130
    assert process.stderr.read() == b"Interrupted\n"
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


def children_of(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)])
def test_workers_end_with_their_parent(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """SIGTERM once left two processes and a folder behind."""
    pipe = subprocess.PIPE
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(COMMAND, stdin=pipe, stdout=pipe, stderr=pipe, env=environment) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(GOOD).encode() + b"\n")
        process.stdin.flush()
        process.stdout.readline()
        workers = children_of(process.pid)
        assert workers
        process.send_signal(number)
        assert process.wait(60) == code
        deadline = time.monotonic() + 60
        while (any(map(alive, workers)) or [*tmp_path.glob("raif-verify-*")]) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not any(map(alive, workers))
        assert not [*tmp_path.glob("raif-verify-*")]
