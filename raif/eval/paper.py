"""The paper's own figures, beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from raif.config.eval import EvalConfig
from raif.stats import Interval


@dataclass(frozen=True, slots=True)
class PaperRow:
    """What the paper prints for one model and method, and what it is below or above: ours minus theirs.
    All in percent."""

    model: str
    method: str
    printed: float
    difference: float | None


@dataclass(frozen=True, slots=True)
class PaperFigure:
    """A figure that the paper prints: ours as a share of 1, and the paper's rows."""

    name: str
    ours: Interval | None
    rows: tuple[PaperRow, ...]


def beside(
    benchmark: str, config: EvalConfig, ours: Mapping[str, Interval | None]
) -> tuple[PaperFigure, ...]:
    """Each of our figures with the paper's rows of the model that is compared with, if it has any."""
    return tuple(
        PaperFigure(name, found, _rows(benchmark, name, config, found)) for name, found in ours.items()
    )


def _rows(benchmark: str, name: str, config: EvalConfig, ours: Interval | None) -> tuple[PaperRow, ...]:
    models: Mapping[str, Mapping[str, float]] = _tables().get(benchmark, {}).get(name, {})
    # The paper shortens DeepSeek-R1-Distill-Qwen-7B to DeepSeek-Qwen7B.
    wanted = (config.paper_model or config.model or "").lower().replace("r1-distill-qwen-", "qwen")
    model = next((model for model in models if model.lower() in wanted), None)
    if model is None:
        return ()
    return tuple(
        PaperRow(model, method, printed, None if ours is None else round(100 * ours.value - printed, 2))
        for method, printed in models[model].items()
    )


@cache
def _tables() -> dict[str, Any]:
    return yaml.safe_load(Path(__file__).with_name("paper.yaml").read_text("utf-8"))
