from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy as np
import pytest

from raif.eval.benchmark import ScoredItem
from raif.eval.benchmarks.ifeval import IFEval, sides
from raif.eval.rates import Rates, Row, average, interval
from raif.types import Instruction, Message, Verdict, Verification

ITEM = Instruction(id="1", messages=(Message(role="user", content="?"),))


def values(rows: tuple[Row, ...]) -> list[tuple[float, float]]:
    """Strict and loose rate of each row."""
    return [(row.values[0].value, row.values[1].value) for row in rows if row.values[0] and row.values[1]]


def verification(*passed: bool | None, kind: str = "a:b", loose: bool | None = True) -> Verification:
    verdicts = tuple(Verdict(kind, p, loose, "") for p in passed)
    followed = None if None in passed else all(passed)
    return Verification(verdicts, followed, loose, None)


def coin_flips(prompts: int, checks: int = 2, p: float = 0.7) -> list[Verification]:
    chance = random.Random(1)
    return [verification(*(chance.random() < p for _ in range(checks))) for _ in range(prompts)]


def tables(found: Sequence[Verification], seed: int = 0) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """The rows of the rates, and those of the kinds."""
    benchmark = IFEval()
    samples = [ScoredItem(ITEM, each, sides(each)) for each in found]
    first, second = benchmark.tables(Rates(benchmark.tallies(samples, "sound"), seed=seed), "sound")
    return first.rows, second.rows


def test_prompt_level_needs_every_instruction() -> None:
    (prompts, instructions), _ = tables([verification(True, True), verification(True, False)])
    assert [strict for strict, _ in values((prompts, instructions))] == [1 / 2, 3 / 4]
    assert (prompts.checks, instructions.prompts, instructions.checks) == (2, 2, 4)


def test_strict_and_loose_are_counted_apart() -> None:
    rates, _ = tables([verification(False, loose=True), verification(True, loose=True)])
    assert values(rates) == [(0.5, 1.0), (0.5, 1.0)]


def test_an_undecided_verdict_is_no_failure() -> None:
    (prompts, instructions), _ = tables([verification(True, None), verification(True)])
    assert values((prompts, instructions)) == [(1.0, 1.0), (1.0, 1.0)]
    assert (prompts.checks, instructions.checks) == (1, 2)


def test_nothing_judged_is_no_rate() -> None:
    rows, _ = tables([verification(None, loose=None)])
    assert [(r.checks, *r.values) for r in rows] == [(0, None, None)] * 2


def test_no_items_at_all_is_no_rate() -> None:
    assert [r.values[0] for r in tables([])[0]] == [None, None]


def test_kinds_are_counted_in_the_prompts_that_have_them() -> None:
    _, kinds = tables(
        [verification(True, False, kind="x"), verification(True, kind="y"), verification(True, kind="y")]
    )
    assert [(row.name, row.prompts, row.checks) for row in kinds] == [("x", 1, 2), ("y", 2, 2)]
    assert [strict for strict, _ in values(kinds)] == [0.5, 1.0]


def test_intervals_hold_the_value_and_shrink_with_more_prompts() -> None:
    rows = [tables(coin_flips(n))[0][0].values[0] for n in (30, 120, 480)]
    assert all(row and row.low <= row.value <= row.high for row in rows)
    widths = [row.high - row.low for row in rows if row]
    assert widths == sorted(widths, reverse=True)


def test_the_interval_of_a_rate_over_prompts_is_the_normal_one() -> None:
    row = tables(coin_flips(500, checks=1))[0][0].values[0]
    assert row
    expected = 2 * 1.96 * math.sqrt(row.value * (1 - row.value) / 500)
    assert row.high - row.low == pytest.approx(expected, rel=0.1)


def test_checks_that_hang_together_count_as_one() -> None:
    """Ten equal verdicts in each prompt tell no more than one: the interval must not shrink."""
    single = coin_flips(200, checks=1)
    tenfold = [verification(*[v.verdicts[0].passed] * 10) for v in single]
    one, ten = (tables(found)[0][1].values[0] for found in (single, tenfold))
    assert one
    assert ten
    assert (one.low, one.high) == (pytest.approx(ten.low, abs=0.01), pytest.approx(ten.high, abs=0.01))


def test_the_seed_fixes_the_interval() -> None:
    found = coin_flips(50)
    assert tables(found, seed=3) == tables(found, seed=3) != tables(found, seed=4)


@pytest.mark.parametrize(
    ("passed", "of", "low", "high"), [(0, 12, 0, 24.25), (1, 1, 20.65, 100), (6, 12, 25.38, 74.62)]
)
def test_a_rate_of_prompts_has_wilsons_interval(passed: int, of: int, low: float, high: float) -> None:
    """The bounds solve |p - share| = 1.96 sqrt(p (1 - p) / n) for p."""
    rates = Rates([{"a": [float(n < passed)]} for n in range(of)])
    (found,) = rates.row("a", "a").values
    assert found
    assert (found.value, 100 * found.low, 100 * found.high) == (
        passed / of,
        pytest.approx(low, abs=0.01),
        pytest.approx(high, abs=0.01),
    )
    assert rates.interval(rates.estimate(rates["a"], ["a"])) == found
    (rounded,) = rates.row("a", np.round(rates["a"], 2), of=["a"]).values
    assert rounded is None or rounded.value == round(passed / of, 2)


def test_prompts_that_all_agree_have_an_interval_too() -> None:
    """Four prompts fail all of their checks: the next one may not."""
    rates = Rates([{"a": [0.0, 0.0, 0.0]} for _ in range(4)])
    values = [rates.row("a", "a").values[0], rates.row("mean", average([rates["a"]]), of=["a"]).values[0]]
    for found in values:
        assert found
        assert (found.low, round(100 * found.high)) == (0, 49)


def test_the_best_that_a_figure_can_be_bounds_its_interval() -> None:
    (found,) = Rates([{"csl": [5.0]}] * 3).row("csl", "csl", most=5).values
    assert found
    assert (round(found.low, 2), found.value, found.high) == (2.19, 5, 5)


def test_an_undecided_check_leaves_its_prompt_out_even_if_another_one_failed() -> None:
    (prompts, instructions), _ = tables([verification(False, None), verification(True)])
    assert values((prompts, instructions))[0][0] == 1.0
    assert instructions.values[0]
    assert instructions.values[0].value == 0.5


def test_computed_figures_keep_their_intervals() -> None:
    """The mean of two independent rates has an interval narrower than each by the square root of two."""
    chance = random.Random(1)
    rates = Rates([{"a": [chance.random() < 0.5], "b": [chance.random() < 0.5]} for _ in range(500)])
    both, one = interval(average([rates["a"], rates["b"]])), interval(rates["a"])
    assert both
    assert one
    assert (one.high - one.low) / (both.high - both.low) == pytest.approx(math.sqrt(2), rel=0.1)


def test_figures_that_are_not_defined_are_left_out_of_an_average() -> None:
    rates = Rates([{"a": [1.0]}, {"a": [0.0]}])
    assert average([rates["a"], rates["nothing"]])[0] == 0.5
    assert np.isnan(average([rates["nothing"]])).all()


def test_a_row_counts_the_prompts_and_values_that_it_rests_on() -> None:
    rates = Rates([{"a": [1.0, 0.0], "b": [1.0]}, {"b": [0.0]}])
    row = rates.row("both", average([rates["a"], rates["b"]]), of=["a", "b"])
    assert (row.prompts, row.checks) == (2, 4)
