"""The data card with plots: one file that holds all of it, bars drawn as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from raif.data.card import TITLES, Rows

_WIDTH, _LABEL, _ROW = 640, 260, 20
"""Pixels of a plot, of its labels, of a bar with its gap."""

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Data card</title><style>
body {{ font: 14px/1.5 system-ui, sans-serif; max-width: 720px; margin: 2em auto; padding: 0 1em; }}
svg {{ display: block; font-size: 12px; }} rect {{ fill: #4878a8; }} text {{ fill: currentColor; }}
pre {{ white-space: pre-wrap; }}
</style></head><body>
<h1>Data card</h1>
<pre>{introduction}</pre>
{plots}
</body></html>
"""


def page(introduction: str, stats: Mapping[str, Any], funnel: Rows) -> str:
    """The card as HTML that loads nothing."""
    plots = [_plot("Funnel", funnel)]
    plots += [_plot(title, stats[key].items()) for key, title in TITLES.items() if stats[key]]
    plots += [
        _plot(f"Length of {part}s, {language}, characters", counts.items())
        for language, parts in stats["characters"].items()
        for part, counts in parts.items()
        if counts
    ]
    return _PAGE.format(introduction=escape(introduction), plots="\n".join(plots))


def _plot(title: str, rows: Iterable[tuple[str, int]]) -> str:
    shown = list(rows)
    most = max([count for _, count in shown], default=0) or 1
    bars = "\n".join(_bar(n, name, count, most) for n, (name, count) in enumerate(shown))
    size = f'width="{_WIDTH}" height="{_ROW * len(shown) + 4}"'
    return f'<h2>{escape(title)}</h2>\n<svg {size} role="img" aria-label="{escape(title)}">\n{bars}\n</svg>'


def _bar(position: int, name: str, count: int, most: int) -> str:
    top, length = _ROW * position, (_WIDTH - _LABEL - 70) * count / most
    indent = 12 if name.startswith(" ") else 0
    return (
        f'<text x="{indent}" y="{top + 14}">{escape(name.strip())}</text>'
        f'<rect x="{_LABEL}" y="{top + 3}" width="{length:.1f}" height="{_ROW - 6}"/>'
        f'<text x="{_LABEL + length + 6:.1f}" y="{top + 14}">{count:,}</text>'
    )
