"""Records whose prompt shares a run of words or characters with a benchmark's are dropped, and shown."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from raif.config.staged import StagedConfig
from raif.data.card import StageFunnel
from raif.data.staged.benchmarks import LAYOUTS, asked, at_hand
from raif.data.staged.overlap import Length, Overlap
from raif.data.staged.stage import STAGES, Numbered, Outcome, Stage
from raif.errors import ConfigError
from raif.types import Instruction

DATA_FOLDER = "RAIF_BENCHMARK_DATA"


class Decontaminate(Stage):
    """Compares what users say in a record; `decontaminate.dropped.jsonl` shows what matched."""

    name = "decontaminate"

    def __init__(self, config: StagedConfig, folder: Path, source: Path | None) -> None:
        super().__init__(config, folder, source)
        self._files = at_hand(benchmark_folder(config))
        if not any(self._files.values()):
            raise ConfigError(
                f"decontaminate: no benchmark's data in {benchmark_folder(config)}",
                f"It looks for {', '.join(layout.files[0] for layout in LAYOUTS.values())}.",
            )

    def process(self, todo: Iterator[Numbered], done: Sequence[Outcome]) -> Iterator[Outcome]:
        overlap = self._overlap()
        for each in todo:
            found = overlap.find(_said(each.item))
            if found:
                yield each.dropped(f"overlaps {found.benchmark}", id=each.item.id, **found._asdict())
            else:
                yield each.kept(each.item)

    def save(self, kept: Sequence[Instruction], funnel: StageFunnel) -> None:
        super().save(kept, funnel)
        for what, there in (("compared with", True), ("not at hand", False)):
            names = [name for name, files in self._files.items() if bool(files) is there]
            funnel.notes[what] = ", ".join(names) or "none"

    def _overlap(self) -> Overlap:
        own = self.config.decontaminate
        texts = (text for name, files in self._files.items() for path in files for text in asked(name, path))
        return Overlap(
            texts,
            spaced=Length(own.words, own.min_words),
            unspaced=Length(own.characters, own.min_characters),
        )


def benchmark_folder(config: StagedConfig) -> Path:
    """The folder given, else the one that RAIF_BENCHMARK_DATA names; ConfigError where there is none."""
    folder = config.decontaminate.folder or os.environ.get(DATA_FOLDER)
    if not folder:
        raise ConfigError(
            "decontaminate: no benchmarks to compare with",
            f"Set decontaminate.folder or {DATA_FOLDER} to the folder of their data.",
        )
    return Path(folder)


def _said(record: Instruction) -> str:
    return "\n".join(message.content for message in record.messages if message.role == "user")


STAGES.add(Decontaminate.name, Decontaminate)
