"""Compares the whole recipe with behaviour cloning alone, on the same records and for the same time.

Runs the `smol` preset for each seed, and cloning alone from the end of the same warm-up, and prints one
table. Takes about half an hour per seed on two cores:

    python benchmarks/recipe_vs_cloning.py 0 1
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

OUT = Path("runs") / "recipe-vs-cloning"


def rows(seed: str) -> list[dict[str, Any]]:
    """The rows of the report of one seed's run; resumes what an earlier call left unfinished."""
    folder = OUT / f"seed-{seed}"
    command = ["raif", "train", "--preset", "smol", "--set", f"seed={seed}", "--out", str(folder)]
    command += ["--resume", "auto"]
    subprocess.run([*command, "--set", "evaluation.cloning_alone=true"], check=True)
    report = json.loads((folder / "report.json").read_text("utf-8"))
    return list(report["rows"])


def main(seeds: list[str]) -> None:
    print("| seed | | constraints followed | prompts followed | fluency | words | repeated |")
    print("|---|---|---|---|---|---|---|")
    for seed in seeds:
        for row in rows(seed):
            rates = [row["constraints"], row["followed"]]
            shown = [f"{r['value']:.1%} [{r['low']:.1%}, {r['high']:.1%}]" for r in rates]
            rest = [f"{row['fluency']:.2f}", f"{row['words']:.0f}", f"{row['repetition']:.1%}"]
            print("|", " | ".join([seed, row["name"], *shown, *rest]), "|")


if __name__ == "__main__":
    main(sys.argv[1:] or ["0", "1"])
