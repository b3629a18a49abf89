"""Does the whole recipe beat behaviour cloning alone, on the same records and for the same time?

Runs the `smol` preset for each seed, with cloning alone beside it from the end of the warm-up, and prints
one table. About half an hour a seed on two cores:

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
    """The report's rows of one seed's run, which goes on where an earlier call was stopped."""
    folder = OUT / f"seed-{seed}"
    command = ["raif", "train", "--preset", "smol", "--set", f"seed={seed}", "--out", str(folder), "--resume"]
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
