"""Superior-CoT: the paper's rule, and the reference's accidents behind their switches."""

from __future__ import annotations

from raif.config.train import QuirksConfig
from raif.train.contrast import keep

THINKS = [True, True, False]


def kept(
    accuracies: list[float], quirks: QuirksConfig | None = None, stored: float | None = None
) -> list[bool]:
    fractions = [max(0.0, a / 2) for a in accuracies]
    return keep(accuracies, THINKS, fractions=fractions, stored=stored, quirks=quirks or QuirksConfig())


def test_a_group_is_kept_where_one_thinking_response_reaches_the_bar() -> None:
    assert kept([2.0, -2.0, 2.0]) == [True, True, False]


def test_a_group_is_skipped_where_every_plain_response_beats_every_thinking_one() -> None:
    assert kept([0.5, -2.0, 2.0]) == [False, False, False]


def test_plain_responses_never_take_part() -> None:
    assert not kept([2.0, 2.0, -2.0])[2]


def test_without_plain_responses_all_take_part() -> None:
    assert keep([-2.0, 2.0], [True, True], fractions=[0, 1], stored=None, quirks=QuirksConfig()) == [
        True,
        True,
    ]


def test_the_reference_keeps_a_group_of_equal_thinking_rewards() -> None:
    assert kept([-2.0, -2.0, 2.0]) == [False, False, False]
    assert kept([-2.0, -2.0, 2.0], QuirksConfig(keep_equal_groups=True)) == [True, True, False]


def test_the_reference_drops_what_passes_less_than_the_stored_answer() -> None:
    assert kept([2.0, 0.5, -2.0], stored=0.5) == [True, True, False]
    assert kept([2.0, 0.5, -2.0], QuirksConfig(drop_below_stored=True), stored=0.5) == [True, False, False]
