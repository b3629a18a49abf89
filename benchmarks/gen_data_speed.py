"""Prints how many records a second `raif gen-data` makes on one core: python benchmarks/gen_data_speed.py"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from raif.config.gen_data import GenDataConfig
from raif.data import generate

COUNT = 2000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        generate(GenDataConfig(count=COUNT), Path(folder))
        seconds = time.perf_counter() - start
    print(f"{COUNT} records in {seconds:.1f} s, {COUNT / seconds:.0f} records/s")


if __name__ == "__main__":
    main()
