"""Shows that a user's reward in ten lines changes what is learned, on the packaged model.

Trains twice from the same model, records and seed: with the paper's reward alone, and with
`docs/reward-example/short_answers.py` added to it. Prints how many words the sampled responses had in the
first and in the last steps. Takes a few minutes on two cores:

    python benchmarks/own_reward.py
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import fmean
from typing import Any

from raif.stats import Interval, bootstrap

EXAMPLE = Path(__file__).resolve().parents[1] / "docs" / "reward-example"
OUT = Path("runs") / "own-reward"
STEPS, ENDS = 10, 2
PAPER = "format, verdicts, math, length"
RUNS = {
    "the paper's": f"[{PAPER}]",
    "with short": f"[{PAPER}, {{name: 'short_answers:short', weight: 2, kwargs: {{words: 10}}}}]",
}
KEYS = {
    "steps": STEPS,
    "contrast": "false",
    "rollout.prompts": 4,
    "rollout.max_new_tokens": 64,
    "optimizer.batch": 32,
    "optimizer.lr": 5e-5,
    "cloning.warmup_steps": 0,
    "loss.cloning": 0,
    "evaluation.prompts": 0,
}


def words(rewards: str, folder: Path) -> list[list[list[float]]]:
    """The words of each response, by step and prompt."""
    keys = [f"--set={key}={value}" for key, value in {**KEYS, "rewards": rewards}.items()]
    command = [sys.executable, "-c", "from raif_cli.main import run; run()", "train", "--preset", "smol"]
    # in the folder of the example, so that its module is found by name
    subprocess.run([*command, *keys, "--overwrite", "--out", str(folder.resolve())], cwd=EXAMPLE, check=True)
    steps = []
    for file in sorted((folder / "samples").glob("step-*.jsonl")):
        groups: dict[str, list[float]] = {}
        for line in map(json.loads, file.read_text("utf-8").splitlines()):
            groups.setdefault(line["id"], []).append(len(line["text"].split()))
        steps.append(list(groups.values()))
    return steps


def shown(steps: list[list[list[float]]]) -> str:
    """The mean with its 95% interval over prompts."""
    found: Interval | None = bootstrap([group for step in steps for group in step])
    return f"{found.value:.1f} [{found.low:.1f}, {found.high:.1f}]" if found else "-"


def main() -> None:
    table: list[list[Any]] = []
    for name, rewards in RUNS.items():
        steps = words(rewards, OUT / name.replace(" ", "-").replace("'", ""))
        change = fmean(n for s in steps[-ENDS:] for g in s for n in g) / fmean(
            n for s in steps[:ENDS] for g in s for n in g
        )
        table.append([name, shown(steps[:ENDS]), shown(steps[-ENDS:]), f"{change - 1:+.0%}"])
    print(f"| reward | words, first {ENDS} steps | words, last {ENDS} of {STEPS} steps | change |")
    print("|---|---|---|---|")
    for row in table:
        print("|", " | ".join(row), "|")


if __name__ == "__main__":
    main()
