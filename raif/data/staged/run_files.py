"""The small files that say of a run's stages what they are done with."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from raif.data.card import StageFunnel
from raif.files.whole import write_whole


def funnel_path(folder: Path, stage: str) -> Path:
    return folder / f"{stage}.funnel.json"


def read_funnel(path: Path) -> StageFunnel:
    fields = json.loads(path.read_text("utf-8"))
    return StageFunnel(**fields | {"dropped": Counter(fields["dropped"])})


def write_funnel(path: Path, funnel: StageFunnel) -> None:
    """Write a funnel that is there whole or not at all: it tells that its stage is done."""
    write_whole(path, json.dumps(vars(funnel), ensure_ascii=False, indent=2) + "\n")


def earlier_funnels(folder: Path, stages: Sequence[str]) -> list[StageFunnel]:
    """The funnels of the stages that are done, in their order."""
    return [read_funnel(path) for name in stages if (path := funnel_path(folder, name)).exists()]
