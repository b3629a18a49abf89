from __future__ import annotations

import math
import random

import pytest

from raif.eval.metrics import Row, score
from raif.types import Verdict, Verification


def values(rows: tuple[Row, ...]) -> list[tuple[float, float]]:
    """Strict and loose rate of each row."""
    return [(row.strict.value, row.loose.value) for row in rows if row.strict and row.loose]


def verification(*passed: bool | None, kind: str = "a:b", loose: bool | None = True) -> Verification:
    verdicts = tuple(Verdict(kind, p, loose, "") for p in passed)
    followed = None if None in passed else all(passed)
    return Verification(verdicts, followed, loose, None)


def coin_flips(prompts: int, checks: int = 2, p: float = 0.7) -> list[Verification]:
    chance = random.Random(1)
    return [verification(*(chance.random() < p for _ in range(checks))) for _ in range(prompts)]


def test_prompt_level_needs_every_instruction() -> None:
    prompts, instructions = score([verification(True, True), verification(True, False)]).rates
    assert [strict for strict, _ in values((prompts, instructions))] == [1 / 2, 3 / 4]
    assert (prompts.checks, instructions.prompts, instructions.checks) == (2, 2, 4)


def test_strict_and_loose_are_counted_apart() -> None:
    found = score([verification(False, loose=True), verification(True, loose=True)])
    assert values(found.rates) == [(0.5, 1.0), (0.5, 1.0)]


def test_an_undecided_verdict_is_no_failure() -> None:
    prompts, instructions = score([verification(True, None), verification(True)]).rates
    assert values((prompts, instructions)) == [(1.0, 1.0), (1.0, 1.0)]
    assert (prompts.checks, instructions.checks) == (1, 2)


def test_nothing_judged_is_no_rate() -> None:
    rows = score([verification(None, loose=None)]).rates
    assert [(r.checks, r.strict, r.loose) for r in rows] == [(0, None, None)] * 2


def test_no_items_at_all_is_no_rate() -> None:
    assert [r.strict for r in score([]).rates] == [None, None]


def test_kinds_are_counted_in_the_prompts_that_have_them() -> None:
    found = score(
        [verification(True, False, kind="x"), verification(True, kind="y"), verification(True, kind="y")]
    )
    assert [(row.name, row.prompts, row.checks) for row in found.kinds] == [("x", 1, 2), ("y", 2, 2)]
    assert [strict for strict, _ in values(found.kinds)] == [0.5, 1.0]


def test_intervals_hold_the_value_and_shrink_with_more_prompts() -> None:
    rows = [score(coin_flips(n)).rates[0].strict for n in (30, 120, 480)]
    assert all(row and row.low <= row.value <= row.high for row in rows)
    widths = [row.high - row.low for row in rows if row]
    assert widths == sorted(widths, reverse=True)


def test_the_interval_of_a_rate_over_prompts_is_the_normal_one() -> None:
    row = score(coin_flips(500, checks=1)).rates[0].strict
    assert row
    expected = 2 * 1.96 * math.sqrt(row.value * (1 - row.value) / 500)
    assert row.high - row.low == pytest.approx(expected, rel=0.1)


def test_checks_that_hang_together_count_as_one() -> None:
    """Ten equal verdicts in each prompt tell no more than one: the interval must not shrink."""
    single = coin_flips(200, checks=1)
    tenfold = [verification(*[v.verdicts[0].passed] * 10) for v in single]
    assert score(single).rates[1].strict == score(tenfold).rates[1].strict


def test_the_seed_fixes_the_interval() -> None:
    found = coin_flips(50)
    assert score(found, seed=3) == score(found, seed=3) != score(found, seed=4)
