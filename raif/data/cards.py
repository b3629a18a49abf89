"""The data card on disk: for people (card.md; card.html with plots) and for programs (card.json)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raif.data.card import Rows, markdown
from raif.data.card_html import page


def write_card(folder: Path, introduction: str, stats: Mapping[str, Any], funnel: Rows) -> None:
    """Write all three; card.json is `stats`."""
    rows = list(funnel)
    (folder / "card.json").write_text(json.dumps(stats, ensure_ascii=False, indent=2) + "\n", "utf-8")
    (folder / "card.md").write_text(markdown(introduction, stats, rows), "utf-8")
    (folder / "card.html").write_text(page(introduction, stats, rows), "utf-8")
