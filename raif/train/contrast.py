"""Superior-CoT enforcement: which responses take part in the policy loss (recipe section 5).

A group teaches thinking only where thinking was worth it: where some thinking response reaches what
the plain ones reach. Plain responses set the bar and never take part themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

from raif.config.train import QuirksConfig


def keep(
    accuracies: Sequence[float],
    thinking: Sequence[bool],
    *,
    fractions: Sequence[float | None],
    stored: float | None,
    quirks: QuirksConfig,
) -> list[bool]:
    """For each response of one group: does it take part? `stored` is the record's plain score, if any."""
    worth = _worth_thinking(accuracies, thinking, quirks.keep_equal_groups)
    below = [quirks.drop_below_stored and _below(fraction, stored) for fraction in fractions]
    return [worth and thinks and not drop for thinks, drop in zip(thinking, below, strict=True)]


def _worth_thinking(accuracies: Sequence[float], thinking: Sequence[bool], keep_equal: bool) -> bool:
    with_thinking = [a for a, thinks in zip(accuracies, thinking, strict=True) if thinks]
    plain = [a for a, thinks in zip(accuracies, thinking, strict=True) if not thinks]
    if not plain or not with_thinking or (keep_equal and len(set(with_thinking)) == 1):
        return True
    return max(with_thinking) >= min(plain)


def _below(fraction: float | None, stored: float | None) -> bool:
    return fraction is not None and stored is not None and fraction < stored
