"""What a benchmark is, and the registry of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from raif.errors import ConfigError, RaifError
from raif.eval.metrics import Scores
from raif.reasoning import Style
from raif.registry import Registry
from raif.types import Instruction, Message, Verification

DATA_FOLDER = "RAIF_BENCHMARK_DATA"


class Benchmark(Protocol):
    """Items, how each is asked, how a response is checked, and what the verdicts add up to."""

    file: str
    """The data's place under the folder of all benchmarks."""
    source: str
    """Where the public file is."""

    def items(self, path: Path) -> Sequence[Instruction]: ...

    def messages(self, item: Instruction, system: str | None) -> tuple[Message, ...]: ...

    def verify(self, item: Instruction, response: str, think: Style) -> Verification: ...

    def score(self, verifications: Sequence[Verification], *, seed: int) -> Scores: ...


BENCHMARKS: Registry[Benchmark] = Registry("benchmark", ConfigError)


def locate(benchmark: Benchmark, data: Path | None) -> Path:
    """The file that was given, else the one under RAIF_BENCHMARK_DATA. RaifError where there is none."""
    folder = os.environ.get(DATA_FOLDER)
    path = data or (Path(folder) / benchmark.file if folder else None)
    if path is None:
        raise RaifError(f"no data: {benchmark.file} is not part of this package", _where(benchmark))
    if not path.is_file():
        raise RaifError(f"{path}: no such file", _where(benchmark))
    return path


def _where(benchmark: Benchmark) -> str:
    return (
        f"The public file is {benchmark.source}. Give it with --data FILE, or put it at "
        f"FOLDER/{benchmark.file} and set {DATA_FOLDER}=FOLDER."
    )
