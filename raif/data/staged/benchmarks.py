"""What the benchmarks ask: the texts of the seven and of IFBench, where their public files are at hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from raif.errors import RecordError


class Layout(NamedTuple):
    files: tuple[str, ...]
    """Patterns under the folder of all benchmarks."""
    texts: tuple[str, ...]
    """Fields that hold what the model is asked."""
    id: tuple[str, ...]
    """Fields that together name an item."""


class Asked(NamedTuple):
    benchmark: str
    item: str
    text: str


LAYOUTS = {
    "ifeval": Layout(("ifeval/input_data.jsonl",), ("prompt",), ("key",)),
    "ifbench": Layout(("ifbench/IFBench_test.jsonl",), ("prompt",), ("key",)),
    "cello": Layout(("cello/data/*.json",), ("Instruction", "input_text"), ("Instruction_id",)),
    "cfbench": Layout(("cfbench/cfbench_data.json",), ("prompt",), ("idx",)),
    "complexbench": Layout(
        ("complexbench/data_*.json", "complexbench/instructions*.jsonl"), ("instruction",), ("main_id",)
    ),
    "fbbench": Layout(("fbbench/fb_bench_dataset*.json",), ("user_query", "feedback"), ()),
    "followbench": Layout(
        ("followbench/*/*_constraints.json",), ("instruction",), ("category", "example_id", "level")
    ),
    "infobench": Layout(("infobench/InfoBench*.json*",), ("instruction", "input"), ("id",)),
}


def at_hand(folder: Path) -> dict[str, list[Path]]:
    """For each benchmark its files in `folder`; an empty list where it is not there."""
    return {
        name: sorted(path for pattern in layout.files for path in folder.glob(pattern))
        for name, layout in LAYOUTS.items()
    }


def asked(benchmark: str, path: Path) -> Iterator[Asked]:
    """What the items of a benchmark's file ask; an item may have several texts."""
    layout = LAYOUTS[benchmark]
    for position, row in enumerate(_rows(path)):
        named = [str(row[field]) for field in layout.id if field in row]
        item = "/".join(named) or f"{path.name}:{position}"
        for field in layout.texts:
            if isinstance(text := row.get(field), str) and text.strip():
                yield Asked(benchmark, item, text)


def _rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON list or of JSON Lines, which some benchmarks call .json, too."""
    text = path.read_text("utf-8")
    try:
        found = json.loads(text) if text.lstrip().startswith("[") else [*map(json.loads, _lines(text))]
    except ValueError as error:
        raise RecordError(f"{path}: not JSON: {error}", "Is it the benchmark's public file?") from None
    return [row for row in found if isinstance(row, dict)]


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]
