"""The coordinates of charts. The templates draw them as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float]
RADIUS = 100
WIDTH, HEIGHT, LEFT, BOTTOM = 360, 190, 46, 22
"""Pixels of a plot and of its margins, which hold the axes' numbers."""
LETTER, LINE = 7.5, 16
"""Pixels of a radar's labels: the width of a letter, and the height of a line."""
SMOOTHED = 60
"""A line with more points than this is drawn as its running mean, over a shadow of itself."""


def corner(position: int, count: int, share: float) -> Point:
    """The point at `share` on one of `count` axes from the middle. The first axis points up."""
    angle = 2 * math.pi * position / count
    return round(RADIUS * share * math.sin(angle), 1), round(-RADIUS * share * math.cos(angle), 1)


def polygon(shares: Sequence[float]) -> str:
    """One share on each axis, as the points of an SVG polygon."""
    return _points([corner(n, len(shares), share) for n, share in enumerate(shares)])


@dataclass(frozen=True, slots=True)
class Label:
    """The name of an axis: where it stands, and which of its ends is there (SVG's `text-anchor`)."""

    name: str
    x: float
    y: float
    anchor: Literal["start", "middle", "end"]


def labels(names: Sequence[str]) -> list[Label]:
    """Beyond the ends of a radar's axes."""
    found = []
    for n, name in enumerate(names):
        x, y = corner(n, len(names), 1.09)
        found.append(Label(name, x, y + 4, "middle" if abs(x) < 5 else "start" if x > 0 else "end"))
    return found


def around(placed: Sequence[Label]) -> str:
    """The `viewBox` of a radar that holds its labels whole."""
    share = {"start": 0.0, "middle": 0.5, "end": 1.0}
    starts = [one.x - share[one.anchor] * LETTER * len(one.name) for one in placed]
    ends = [start + LETTER * len(one.name) for start, one in zip(starts, placed, strict=True)]
    left, right = min(-RADIUS, *starts), max(RADIUS, *ends)
    top, bottom = min(one.y for one in placed) - LINE, max(RADIUS, *(one.y for one in placed)) + LINE / 2
    return f"{left:.1f} {top:.1f} {right - left:.1f} {bottom - top:.1f}"


def trail(shares: Sequence[float]) -> str:
    """Shares over their positions as a polyline in a box of 120 by 26, smoothed if there are many."""
    across = _Scale(0, max(1, len(shares) - 1), 2, 118)
    points = [(across(n), 24 - 22 * share) for n, share in enumerate(shares)]
    return _points(_smoothed(points, len(points) // 20) if len(points) > SMOOTHED else points)


@dataclass(frozen=True, slots=True)
class Line:
    """`points` of an SVG polyline; `smooth`: the running mean of many points; `last`: the last value."""

    name: str
    points: str
    smooth: str
    dots: tuple[Point, ...]
    last: float


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines in a frame. Ticks: position on the axis, and label."""

    lines: tuple[Line, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    bottom: int = BOTTOM


def plot(series: Mapping[str, Sequence[Point]]) -> Plot:
    """Lines by name in one frame; those without points are left out."""
    shown = {name: points for name, points in series.items() if points}
    xs = [x for points in shown.values() for x, _ in points] or [0.0]
    ys = [y for points in shown.values() for _, y in points] or [0.0]
    across, up = _Scale.over(xs, LEFT, WIDTH - 8), _Scale.over(ys, HEIGHT - BOTTOM, 10)
    return Plot(
        tuple(_line(name, points, across, up) for name, points in shown.items()),
        tuple((across(x), _number(x)) for x in across.ticks() if x == int(x)),
        tuple((up(y), _number(y)) for y in up.ticks()),
    )


def _line(name: str, points: Sequence[Point], across: _Scale, up: _Scale) -> Line:
    placed = [(across(x), up(y)) for x, y in points]
    long = len(placed) > SMOOTHED
    smooth = _points(_smoothed(placed, len(placed) // 20)) if long else ""
    return Line(name, _points(placed), smooth, () if long else tuple(placed), points[-1][1])


def _smoothed(points: Sequence[Point], reach: int) -> list[Point]:
    """The mean of each point and its neighbours, up to `reach` before and after it."""
    sums = [0.0]
    for _, y in points:
        sums.append(sums[-1] + y)
    spans = [(max(0, n - reach), min(len(points), n + reach + 1)) for n in range(len(points))]
    return [(x, (sums[b] - sums[a]) / (b - a)) for (x, _), (a, b) in zip(points, spans, strict=True)]


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Maps values from `low` to `high` to pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float) -> _Scale:
        low, high = min(values), max(values)
        return cls(low, high if high > low else low + 1, start, end)

    def __call__(self, value: float) -> float:
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        """Three to six round numbers."""
        step = 10 ** math.floor(math.log10(self.high - self.low))
        step = next(s for s in (step / 5, step / 2, step, 2 * step) if (self.high - self.low) / s <= 5)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [n * step for n in range(first, last + 1)]


def _number(value: float) -> str:
    return f"{value:,.4g}".replace("-", "−")
