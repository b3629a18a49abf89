"""Kills `raif gen-data` in each stage, and compares the calls that were answered with those that were kept.

    RAIF_BENCHMARK_DATA=FOLDER python benchmarks/gen_data_kill.py [FOLDER]

The teacher is the tests' scripted one, on a server of this process, which counts what it answers and takes a
tenth of a second for it. For a real model behind vLLM, which counts at /metrics:

    raif serve packaged:smollm2-135m --backend vllm -- --max-model-len 2048 --enforce-eager
    RAIF_BENCHMARK_DATA=FOLDER python benchmarks/gen_data_kill.py --server http://127.0.0.1:8000 [FOLDER]

FOLDER keeps the run. If the server has answered more than is kept, calls were repeated, or replies were lost
on the way to a killed process: at most as many as were in flight. The last two starts can't lose any.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `tests`

from raif.data.staged.stage import LEDGER, ledger
from tests.chat_server import Body, chat_server
from tests.teacher import CountingTeacher

STAGES = ("select", "evolve", "decontaminate", "respond", "check", "pack")
LINES = {"select": 40, "evolve": 10, "respond": 10, "check": 10}
"""Lines of its journal after which a stage is killed; the stages that ask nothing, as soon as it exists."""
_REQUESTS = re.compile(r'^vllm:request_success_total\{.*finished_reason="(\w+)".*\} (\S+)$', re.MULTILINE)
_OPEN = re.compile(r"^vllm:num_requests_(?:running|waiting)\{.*\} (\S+)$", re.MULTILINE)


def answered_by_vllm(server: str) -> int:
    """The server's finished requests. Waits until it is idle."""
    while True:
        with urlopen(f"{server}/metrics") as reply:
            text = reply.read().decode()
        if not any(map(float, _OPEN.findall(text))):
            break
        time.sleep(0.2)
    return sum(int(float(count)) for reason, count in _REQUESTS.findall(text) if reason != "abort")


@contextmanager
def scripted() -> Iterator[tuple[str, Callable[[], int]]]:
    """The address of the scripted teacher, and how to tell what it has answered."""
    teacher = CountingTeacher()

    def slow(body: Body) -> tuple[int, Body]:
        time.sleep(0.1)
        return teacher(body)

    def answered() -> int:
        while server.in_flight:
            time.sleep(0.05)
        return teacher.answered.total()

    with chat_server(slow) as server:
        yield server.base_url, answered


def kept(folder: Path) -> int:
    if not (folder / LEDGER).exists():
        return 0
    with closing(ledger(folder)) as paid:
        return paid.spent().calls


def started(command: list[str], folder: Path) -> list[str]:
    """The command, which resumes the run if there is one."""
    return [*command, *["--resume"][: (folder / "config.yaml").exists()]]


def killed(command: list[str], folder: Path, stage: str) -> bool:
    """Start the run and kill it in the stage. False if the stage had finished before."""
    journal = folder / f"{stage}.journal"
    process = subprocess.Popen(started(command, folder), stdout=subprocess.DEVNULL)
    while process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b"\n") >= LINES.get(stage, 0):
            process.kill()
        time.sleep(0.001)
    if process.returncode > 0:
        sys.exit(process.returncode)
    return process.returncode < 0


class Ends:
    """Counts the calls answered and kept between one end of the process and the next."""

    def __init__(self, answered: Callable[[], int], folder: Path) -> None:
        self._count, self._folder = answered, folder
        self._answered, self._kept = answered(), kept(folder)
        print("| | requests answered | replies kept | lost or repeated |\n|---|---:|---:|---:|")

    def line(self, what: str) -> None:
        answered, in_ledger = self._count(), kept(self._folder)
        new, found = answered - self._answered, in_ledger - self._kept
        print(f"| {what} | {new} | {found} | {new - found} |", flush=True)
        self._answered, self._kept = answered, in_ledger


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("--server")
    parser.add_argument("folder", nargs="?", type=Path, default=None)
    given = parser.parse_args()
    folder = (given.folder or Path(tempfile.mkdtemp())) / "run"
    command = [sys.executable, "-c", "from raif_cli.main import run; run()", "gen-data", "--preset", "smol"]
    command += ["--out", str(folder)]
    vllm = nullcontext((f"{given.server}/v1", lambda: answered_by_vllm(given.server)))
    with vllm if given.server else scripted() as (address, answered):
        for model in ("tagger", "teacher"):
            command += ["--set", f"{model}.endpoint.base_url={address}"]
        if not given.server:
            command += [
                "--set",
                "evolve.possible=true",
                "--set",
                "check.qualities=[wrong_length, impossible]",
            ]
        ends = Ends(answered, folder)
        for stage in STAGES:
            ends.line(f"killed in {stage}" if killed(command, folder, stage) else f"{stage}: finished first")
        for what in ("run to its end", "resumed after its end"):
            last = subprocess.run(started(command, folder), check=True, stdout=subprocess.PIPE, text=True)
            ends.line(what)
    print(f"\n{last.stdout}")


if __name__ == "__main__":
    main()
