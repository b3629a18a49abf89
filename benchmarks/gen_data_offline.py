"""Makes 20,000 records offline, twice, and checks them again: python benchmarks/gen_data_offline.py

Prints the seconds of each run, whether both have the same bytes, how many expert answers fail, how many
records contradict themselves, how many combinations of kinds there are, and how many records of each
language and composition.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from raif import records
from raif.constraints.satisfiable import contradiction
from raif.data.builtin.compose import active_of
from raif.verdicts.checks import verify

FILES = ("train.jsonl", "heldout.jsonl")


def _made(count: str, preset: str, folder: Path, hash_seed: str) -> bytes:
    """The bytes of both files, made by a separate process in which sets have another order."""
    command = [sys.executable, "-c", "from raif_cli.main import run; run()", "gen-data", "--preset", preset]
    command += ["--set", f"count={count}", "--out", str(folder)]
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"PYTHONHASHSEED": hash_seed})
    wall = time.perf_counter() - start
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    print(f"{count} records in {wall:.0f} s, {cpu:.0f} s of CPU time", flush=True)
    return b"".join((folder / name).read_bytes() for name in FILES)


def _recheck(folder: Path) -> None:
    made = [record for name in FILES for record in records.read(folder / name)]
    failing = sum(not (r.expert and verify(r, r.expert.answer).followed) for r in made)
    against = sum(bool(contradiction(active_of(r.constraints, r.composition), r.semantics)) for r in made)
    combinations = {frozenset(item.id for item in record.constraints) for record in made}
    print(f"of {len(made)}, {failing} expert answers fail, {against} records contradict themselves")
    print(f"{len(combinations)} combinations of kinds")


def main(count: str = "20000", preset: str = "composed") -> None:
    with tempfile.TemporaryDirectory() as place:
        one, two = (_made(count, preset, Path(place) / seed, seed) for seed in ("1", "2"))
        print(f"both runs have the same bytes: {one == two}", flush=True)
        _recheck(Path(place) / "1")
        card = json.loads((Path(place) / "1" / "card.json").read_text("utf-8"))
    print(f"languages: {card['language']}; compositions: {card['composition']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
