"""The data card on disk: for people (card.md; card.html with plots) and for programs (card.json)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from raif import html
from raif.data.card import TITLES, Rows, markdown


def write_card(folder: Path, introduction: str, stats: Mapping[str, Any], funnel: Rows) -> None:
    """Write all three; card.json is `stats`."""
    rows = list(funnel)
    (folder / "card.json").write_text(json.dumps(stats, ensure_ascii=False, indent=2) + "\n", "utf-8")
    (folder / "card.md").write_text(markdown(introduction, stats, rows), "utf-8")
    plots = [("Funnel", rows), *_plots(stats)]
    html.write(folder / "card.html", "data/card.html", introduction=introduction, plots=plots)


def _plots(stats: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """What the card counts, as titles with rows."""
    for key, title in TITLES.items():
        if stats[key]:
            yield title, list(stats[key].items())
    for language, parts in stats["characters"].items():
        for part, counts in parts.items():
            if counts:
                yield f"Length of {part}s, {language}, characters", list(counts.items())
