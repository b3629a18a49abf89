"""Where the points of a chart are."""

from __future__ import annotations

import math

import pytest

from raif.html.charts import RADIUS, around, corner, labels, plot, polygon, trail


def test_the_first_axis_of_a_radar_points_up() -> None:
    assert corner(0, 7, 1) == (0, -RADIUS)


def test_corners_lie_as_far_out_as_their_shares() -> None:
    for position in range(7):
        assert math.hypot(*corner(position, 7, 0.6)) == pytest.approx(0.6 * RADIUS, abs=0.1)


def test_a_polygon_has_a_point_for_each_share() -> None:
    assert polygon([1, 0, 0.5, 0.25]) == "0.0,-100.0 0.0,0.0 0.0,50.0 -25.0,0.0"


def test_a_radars_labels_lie_within_its_box() -> None:
    """Long names on both sides: a letter takes 7.5 of the box's units."""
    names = ["ifeval", "ifbench-multiturn", "complexbench", "cello", "followbench-in-chinese"]
    left, top, width, height = map(float, around(placed := labels(names)).split())
    for label in placed:
        before = {"start": 0.0, "middle": 0.5, "end": 1.0}[label.anchor] * 7.5 * len(label.name)
        assert left <= label.x - before <= label.x - before + 7.5 * len(label.name) <= left + width
        assert top + 12 <= label.y <= top + height


def test_lines_share_one_frame() -> None:
    found = plot({"a": [(1, 0), (3, 10)], "b": [(2, 5)]})
    (left, low), (right, high) = found.lines[0].dots
    assert found.lines[1].dots == (((left + right) / 2, (low + high) / 2),)


def test_ticks_are_round_and_in_their_place() -> None:
    found = plot({"a": [(1, 0), (101, 1)]})
    assert [text for _, text in found.y_ticks] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert [text for _, text in found.x_ticks] == ["20", "40", "60", "80", "100"]
    (_, low), (_, high) = found.lines[0].dots
    assert (found.y_ticks[0][0], found.y_ticks[-1][0]) == (low, high)


@pytest.mark.parametrize("value", [0.0, -3.5, 1e-6, 4e9])
def test_a_line_that_never_moves_can_be_drawn(value: float) -> None:
    assert "nan" not in plot({"a": [(1, value), (2, value)]}).lines[0].points


def test_a_metric_without_points_has_no_line() -> None:
    assert plot({"a": []}).lines == ()


def test_a_long_line_gets_its_running_mean() -> None:
    found = plot({"a": [(n, n % 2) for n in range(200)]}).lines[0]
    heights = [float(point.split(",")[1]) for point in found.smooth.split()][20:-20]
    middle = sum(float(point.split(",")[1]) for point in found.points.split()) / 200
    assert max(abs(height - middle) for height in heights) < 5
    assert len(found.smooth.split()) == 200


def test_a_trail_goes_from_left_to_right_and_up_with_its_shares() -> None:
    assert trail([0, 0.5, 1]) == "2.0,24.0 60.0,13.0 118.0,2.0"
