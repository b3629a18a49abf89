"""The memory that sampling holds on a CPU: with and without trims of the heap and reading prompts in pieces.

    python benchmarks/decode_memory.py
    python benchmarks/decode_memory.py --rows 192 --prompt 600 --new 384

Random prompts are answered by the packaged model in bfloat16, each way in a process of its own. *read*: the
peak until the prompts are read; *held*: what the process holds in the end. In GB, one of them the model's.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # raif, if it isn't installed

from raif.models import attention, decode
from raif.models.load import load

WAYS = ("as it is", "without pieces", "without trims")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rows", type=int, default=64)
    asked.add_argument("--prompt", type=int, default=600, help="tokens of each prompt")
    asked.add_argument("--new", type=int, default=128, help="tokens of each response")
    asked.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = asked.parse_args()
    if options.way:
        read, held = measure(options.way, options.rows, options.prompt, options.new)
        print(f"| {options.way} | {read:.1f} | {held:.1f} |")
        return
    print("|  | read, GB | held, GB |\n|---|---|---|", flush=True)
    for way in WAYS:
        subprocess.run([sys.executable, *sys.argv, "--way", way], check=True)


def measure(way: str, rows: int, prompt: int, new: int) -> tuple[float, float]:
    if way == "without pieces":
        attention.SCORES = sys.maxsize
    if way == "without trims":
        decode.TRIM_EVERY = sys.maxsize
    model = load("packaged:smollm2-135m", dtype=torch.bfloat16, device="cpu")
    random = torch.Generator().manual_seed(0)
    prompts = torch.randint(100, 40_000, (rows, prompt), generator=random).tolist()
    peaks: list[float] = []

    def ended(_: int) -> None:
        if not peaks:
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)

    decode.decode(model, prompts, [1] * rows, max_new_tokens=new, temperature=1.0, ended=ended)
    status = Path("/proc/self/status").read_text()
    return peaks[0], int(status.partition("VmRSS:")[2].split()[0]) / 1e6


if __name__ == "__main__":
    main()
