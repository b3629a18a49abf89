"""Compares the speed of verifying with the official IFEval checker on the same answers, in one run.

    python -m venv .peer && .peer/bin/pip install -r benchmarks/verify_speed.requirements.txt
    RAIF_BENCHMARK_DATA=data python benchmarks/verify_speed.py .peer/bin/python

Responses per second are per process and second of processor time, the best of several rounds in which the
two alternate. Everything is loaded, and nothing is kept from one repetition to the next. Jobs (100,000 lines,
strict and loose) and start-up are wall-clock times of the whole command, also the best of several alternating
rounds, on an otherwise idle machine. For comparison, two independent commands check half of the lines each.
Exit code 1 if a strict verdict differs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

ROUNDS, REPEATS, LINES = 3, 5, 100_000
RANDOM = {1122, 1129}  # the official checker draws the letter at random
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
RAIF = [sys.executable, "-c", "from raif_cli.main import run; run()", "verify"]


def main() -> None:
    if sys.argv[1] == "official":
        print(json.dumps(official()))
        return
    theirs, ours = zip(*((asked(sys.argv[1]), measured()) for _ in range(ROUNDS)), strict=True)
    different = sum(a != b for a, b in zip(theirs[0]["verdicts"], ours[0]["verdicts"], strict=True))
    count = len(ours[0]["verdicts"])
    rates = {
        f"{who}, {how}": count / min(run[how] for run in runs)
        for how in ("strict", "strict and loose")
        for who, runs in (("official", theirs), ("raif", ours))
    }
    for name, rate in rates.items():
        print(f"{name:28} {rate:8.0f} responses/s")
    print(f"{'raif / official, strict':28} {rates['raif, strict'] / rates['official, strict']:8.1f}")
    cost = rates["raif, strict"] / rates["raif, strict and loose"]
    print(f"{'strict and loose / strict':28} {cost:8.2f} of the time")
    one, two, bare = commanded()
    for name, spent in {"--jobs 1": one, "--jobs 2": two, "of two, half each": bare}.items():
        print(f"{f'raif verify {name}':28} {LINES / spent:8.0f} lines/s, start-up included")
    print(f"{'--jobs 2 / --jobs 1':28} {one / two:8.2f}")
    print(f"{'two commands / --jobs 1':28} {one / bare:8.2f}")
    print(f"{'start-up':28} {started():8.2f} s")
    print(f"{different} of {count} responses with other strict verdicts")
    sys.exit(1 if different else 0)


def answers() -> list[dict[str, Any]]:
    """IFEval's items with GPT-4's answers, as `response`."""
    folder = Path(os.environ["RAIF_BENCHMARK_DATA"]) / "ifeval"
    items = {item["key"]: item for item in read(folder / "input_data.jsonl")}
    found = read(folder / "fixtures" / "gpt4_first270.responses.jsonl")
    return [
        items[line["key"]] | {"response": line["response"]} for line in found if line["key"] not in RANDOM
    ]


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def fastest(work: Callable[[], Any], before: Callable[[], None] = lambda: None) -> float:
    """Seconds of processor time."""
    seconds = []
    for _ in range(REPEATS):
        before()
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def asked(python: str) -> dict[str, Any]:
    found = subprocess.run([python, __file__, "official"], stdout=subprocess.PIPE, check=True)
    return json.loads(found.stdout.splitlines()[-1])


def official() -> dict[str, Any]:
    from importlib.util import find_spec

    place = find_spec("llama_index.core").origin  # type: ignore[union-attr]
    os.environ["NLTK_DATA"] = str(Path(str(place)).parent / "_static" / "nltk_cache")
    from langdetect import DetectorFactory
    from lm_eval.tasks.ifeval.utils import (
        InputExample,
        test_instruction_following_loose,
        test_instruction_following_strict,
    )

    DetectorFactory.seed = 0
    fields = ("key", "instruction_id_list", "prompt", "kwargs")
    pairs = [(InputExample(**{name: line[name] for name in fields}), line["response"]) for line in answers()]
    verdicts = [test_instruction_following_strict(*pair).follow_instruction_list for pair in pairs]
    strict = fastest(lambda: [test_instruction_following_strict(*pair) for pair in pairs])
    loose = fastest(lambda: [test_instruction_following_loose(*pair) for pair in pairs])
    return {"verdicts": verdicts, "strict": strict, "strict and loose": strict + loose}


def measured() -> dict[str, Any]:
    from raif import records
    from raif.verdicts.checks import verify

    pairs = [(records.instruction(line, "line"), line["response"]) for line in answers()]
    verdicts = [[verdict.passed for verdict in verify(*pair).verdicts] for pair in pairs]
    return {
        "verdicts": verdicts,
        "strict": fastest(lambda: [verify(*pair, loose=False) for pair in pairs], forget),
        "strict and loose": fastest(lambda: [verify(*pair) for pair in pairs], forget),
    }


def forget() -> None:
    """Clear what is kept of texts and kwargs, so that repeating the answers gains nothing."""
    from raif.constraints import KINDS
    from raif.text.langdetect.language import detect

    detect.cache_clear()
    for id in KINDS:
        KINDS[id]._bound.clear()


def commanded() -> list[float]:
    """Best seconds for 100,000 lines: one process, two processes, and two commands with half each."""
    lines = [json.dumps(line) + "\n" for line in answers()]
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("all", "half", "other half")]
        for file, count in zip(files, (LINES, LINES // 2, LINES - LINES // 2), strict=True):
            file.write_text("".join(islice(cycle(lines), count)), "utf-8")
        whole, *halves = map(str, files)
        ways = [
            [[whole, "-q", "--jobs", "1"]],
            [[whole, "-q", "--jobs", "2"]],
            [[half, "-q"] for half in halves],
        ]
        rounds = [[seconds(*way) for way in ways] for _ in range(ROUNDS)]
    return [min(found) for found in zip(*rounds, strict=True)]


def started() -> float:
    return min(seconds(["-", "-q"]) for _ in range(REPEATS))


def seconds(*commands: list[str]) -> float:
    """Seconds until all `raif verify` commands with these arguments have ended."""
    start = time.perf_counter()
    running = [
        subprocess.Popen(
            [*RAIF, *command], env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        for command in commands
    ]
    assert not sum([process.wait() for process in running])
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
