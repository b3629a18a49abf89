"""Shows that a run that is stopped twice and resumed ends with the table of an undisturbed one.

    python benchmarks/stop_and_resume.py                                    # the whole demo, twice
    python benchmarks/stop_and_resume.py cloning.warmup_steps=12 steps=4 evaluation.prompts=40

Trains the demo with an evaluation after every second step of GRPO's, and again with SIGTERM a few seconds
into the step after each of `STOPS`, shares of the run. Compares the figures of every step, the best step and
the final table. Exit code 1 if any differs.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

OUT = Path("runs") / "stop-and-resume"
RAIF = [sys.executable, "-c", "from raif_cli.main import run; run()"]
KEYS = ["evaluation.every=2", "evaluation.best=heldout/constraints", "checkpoint.every=4"]
STOPS = (0.4, 0.9)
SECONDS = 5.0
"""Between a step's line and the signal: the next step is under way by then."""
TIMED = re.compile(r"time_|seconds|tokens_per_second|memory|left")


def main() -> None:
    keys = [f"--set={key}" for key in [*KEYS, *sys.argv[1:]]]
    shutil.rmtree(OUT, ignore_errors=True)
    print(f"undisturbed: exit code {trained(OUT / 'undisturbed', keys)}", flush=True)
    steps = figures(OUT / "undisturbed")
    for share in STOPS:
        stop_at = round(share * len(steps))
        code = trained(OUT / "stopped", [*keys, "--resume=auto"], stop_at)
        print(f"SIGTERM in step {stop_at + 1}: exit code {code}", flush=True)
    print(f"resumed: exit code {trained(OUT / 'stopped', [*keys, '--resume=auto'])}")
    one, other = report(OUT / "undisturbed"), report(OUT / "stopped")
    print(f"best: {one['facts']['best']}\n\n| row | undisturbed | stopped twice | equal |\n|---|---|---|---|")
    for mine, theirs in zip(one["rows"], other["rows"], strict=True):
        shown = (f"{row['constraints']['value']:.1%}, {row['words']:.1f} words" for row in (mine, theirs))
        print(f"| {mine['name']} |", " | ".join(shown), f"| {mine == theirs} |")
    same_steps = steps == figures(OUT / "stopped")
    print(f"\nfigures of all {len(steps)} steps equal: {same_steps}; reports equal: {one == other}")
    sys.exit(0 if same_steps and one == other else 1)


def trained(folder: Path, options: list[str], stop_at: int | None = None) -> int:
    """The exit code of `raif train`, which gets SIGTERM after the step `stop_at`."""
    command = [*RAIF, "train", "--preset", "smol", "--out", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        assert run.stdout
        for line in run.stdout:
            sys.stderr.write(line)
            if line.startswith(f"step {stop_at} "):
                time.sleep(SECONDS)
                run.send_signal(signal.SIGTERM)
    return run.returncode


def figures(folder: Path) -> list[dict[str, Any]]:
    """What every step logged, without what depends on the clock."""
    lines = (folder / "metrics.jsonl").read_text("utf-8").splitlines()
    return [{k: v for k, v in json.loads(line).items() if not TIMED.search(k)} for line in lines]


def report(folder: Path) -> Any:
    return json.loads((folder / "report.json").read_text("utf-8"))


if __name__ == "__main__":
    main()
