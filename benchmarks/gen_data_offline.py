"""Makes 20,000 records offline, twice, and checks each again: python benchmarks/gen_data_offline.py

Prints the CPU seconds of one run, whether both have the same bytes, how many combinations of kinds there are,
how many records of what sort, how many expert answers fail and how many records contradict themselves.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from collections import Counter
from pathlib import Path

from raif import records
from raif.config import load
from raif.config.gen_data import GenDataConfig
from raif.constraints.satisfiable import contradiction
from raif.data import generate
from raif.data.make import active_of
from raif.types import Instruction
from raif.verdicts import verify


def _made(config: GenDataConfig, folder: Path) -> tuple[bytes, float]:
    """The bytes of both files, and the seconds of CPU time that they took."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    generate(config, folder)
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
    return b"".join((folder / f"{split}.jsonl").read_bytes() for split in ("train", "heldout")), taken


def _count(counts: Counter[str], record: Instruction) -> None:
    assert record.composition
    counts[record.language] += 1
    counts[record.composition.kind] += 1
    counts["contradict themselves"] += bool(contradiction(active_of(record.constraints, record.composition)))
    counts["fail"] += not (record.expert and verify(record, record.expert.answer).followed)


def main(count: str = "20000", preset: str = "composed") -> None:
    config = load(GenDataConfig, "gen-data", preset=preset, overrides=[f"count={count}"])
    with tempfile.TemporaryDirectory() as place:
        one, seconds = _made(config, Path(place) / "one")
        print(f"{count} records in {seconds:.0f} s of CPU time", flush=True)
        print(f"a second run has the same bytes: {_made(config, Path(place) / 'two')[0] == one}", flush=True)
        combinations: set[frozenset[str]] = set()
        counts: Counter[str] = Counter()
        for split in ("train", "heldout"):
            for record in records.read(Path(place) / "one" / f"{split}.jsonl"):
                combinations.add(frozenset(item.id for item in record.constraints))
                _count(counts, record)
        print(f"{len(combinations)} combinations of kinds; {dict(counts)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
