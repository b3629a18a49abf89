"""Intervals and corrections that commands share."""

from __future__ import annotations

import numpy as np
import pytest

from raif.stats import bootstrap, holm, measured, wilson


def test_wilsons_bounds_are_where_the_share_is_just_1_96_standard_errors_away() -> None:
    for share, trials in ((0.0, 12), (0.25, 8), (0.7, 541), (1.0, 3)):
        found = wilson(share, trials)
        for bound in {found.low, found.high} - {share}:
            assert abs(share - bound) == pytest.approx(1.959964 * (bound * (1 - bound) / trials) ** 0.5)


def test_one_verdict_a_prompt_has_wilsons_interval() -> None:
    assert bootstrap([[1.0], [0.0], [1.0]]) == wilson(2 / 3, 3)


def test_several_verdicts_a_prompt_are_resampled_together() -> None:
    found = bootstrap([[1.0, 1.0], [0.0, 0.0]])
    assert found
    assert (found.value, found.low, found.high) == (0.5, 0, 1)


def test_prompts_that_agree_are_no_proof() -> None:
    """Two of three rows count: the measure of the third is not defined."""
    found = measured([(2, 2), (3, 3), (0, 0)], lambda sums: sums[..., 0] / sums[..., 1])
    assert found == wilson(1.0, 2)
    assert measured([(0, 0)], lambda sums: sums[..., 0] / sums[..., 1]) is None
    assert np.isfinite(found.low)


def test_holm_multiplies_the_least_by_all_and_keeps_the_order() -> None:
    assert holm([0.04, 0.01, 0.03, 0.9]) == pytest.approx([0.09, 0.04, 0.09, 0.9])
    assert holm([]) == []
