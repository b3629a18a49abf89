"""Kills `raif gen-data` in each stage, and compares the calls that were answered with those that were kept.

    raif serve packaged:smollm2-135m --backend vllm -- --max-model-len 2048 --enforce-eager
    RAIF_BENCHMARK_DATA=FOLDER python benchmarks/gen_data_kill.py [SERVER [FOLDER]]

SERVER is the address of vLLM, http://127.0.0.1:8000, which counts requests at /metrics; FOLDER keeps the run.
If the server has answered more than is kept, calls were repeated, or replies were lost on the way to a killed
process: at most as many as were in flight. The last two starts can't lose any.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

from raif.data.staged.stage import LEDGER, ledger

STAGES = ("select", "evolve", "decontaminate", "respond", "check", "pack")
LINES = {"select": 40, "evolve": 10, "respond": 10, "check": 10}
"""Lines of its journal after which a stage is killed; the stages that ask nothing, as soon as it exists."""
_REQUESTS = re.compile(r'^vllm:request_success_total\{.*finished_reason="(\w+)".*\} (\S+)$', re.MULTILINE)
_OPEN = re.compile(r"^vllm:num_requests_(?:running|waiting)\{.*\} (\S+)$", re.MULTILINE)


def served(server: str) -> Counter[str]:
    """The server's finished requests, by how they ended. Waits until it is idle."""
    while True:
        with urlopen(f"{server}/metrics") as reply:
            text = reply.read().decode()
        if not any(map(float, _OPEN.findall(text))):
            break
        time.sleep(0.2)
    counts = Counter[str]()
    for reason, count in _REQUESTS.findall(text):
        counts["aborted" if reason == "abort" else "answered"] += int(float(count))
    return counts


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

    def __init__(self, server: str, folder: Path) -> None:
        self._server, self._folder = server, folder
        self._served, self._kept = served(server), kept(folder)
        print(f"{'ended':<24}{'answered':>10}{'kept':>8}{'lost or repeated':>18}{'aborted':>9}")

    def line(self, what: str) -> None:
        now, in_ledger = served(self._server), kept(self._folder)
        answered, aborted = (now[name] - self._served[name] for name in ("answered", "aborted"))
        new = in_ledger - self._kept
        print(f"{what:<24}{answered:>10}{new:>8}{answered - new:>18}{aborted:>9}", flush=True)
        self._served, self._kept = now, in_ledger


def main(server: str = "http://127.0.0.1:8000", place: str = "") -> None:
    folder = Path(place or tempfile.mkdtemp()) / "run"
    command = [sys.executable, "-c", "from raif_cli.main import run; run()", "gen-data", "--preset", "smol"]
    command += ["--out", str(folder)]
    for model in ("tagger", "teacher"):
        command += ["--set", f"{model}.endpoint.base_url={server}/v1"]
    ends = Ends(server, folder)
    for stage in STAGES:
        ends.line(f"killed in {stage}" if killed(command, folder, stage) else f"{stage}: finished first")
    for what in ("run to its end", "resumed after its end"):
        last = subprocess.run(started(command, folder), check=True, stdout=subprocess.PIPE, text=True)
        ends.line(what)
    print(f"\n{last.stdout}")


if __name__ == "__main__":
    main(*sys.argv[1:])
