"""Sampling on a CPU next to another busy process, with OpenMP's threads spinning or sleeping while they wait.

    python benchmarks/busy_machine.py        # packaged:smollm2-135m; 24 responses of 48 tokens

raif sets OMP_WAIT_POLICY=passive (sleeping) unless the user has set it. Each figure is the median of three
rounds in a process of its own, after one to warm up. The busy process counts in Python, on one core.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

RESPONSES, TOKENS, ROUNDS = 24, 48, 3
NAME = "OMP_WAIT_POLICY"


def main() -> None:
    if "--measure" in sys.argv:
        print(seconds())
        return
    print("| threads that wait | quiet, s | beside a busy process, s |\n|---|---|---|", flush=True)
    for name, policy in (("spin (the default)", None), ("sleep (passive)", "passive")):
        quiet = measured(policy)
        with busy():
            beside = measured(policy)
        print(f"| {name} | {quiet:.1f} | {beside:.1f} |", flush=True)


def measured(policy: str | None) -> float:
    """The seconds of a round in a fresh process: the policy is read when PyTorch is loaded."""
    environment = {name: value for name, value in os.environ.items() if name != NAME}
    if policy:
        environment[NAME] = policy
    command = [sys.executable, __file__, "--measure"]
    return float(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout)


@contextmanager
def busy() -> Iterator[None]:
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        other.kill()
        other.wait()


def seconds() -> float:
    """The median of some rounds of sampling."""
    import torch

    from raif.models.decode import decode
    from raif.models.load import load

    model = load("packaged:smollm2-135m", dtype=torch.bfloat16, device="cpu")
    model.net.generation_config.eos_token_id = model.tokenizer.eos_token = None  # no response ends early
    prompt = model.tokenizer("Write a story about a lighthouse.")["input_ids"]
    taken = []
    for seed in range(ROUNDS + 1):
        start = time.perf_counter()
        decode(model, [prompt], [RESPONSES], max_new_tokens=TOKENS, temperature=1.0, seeds=[seed])
        taken.append(time.perf_counter() - start)
    return median(taken[1:])


if __name__ == "__main__":
    main()
