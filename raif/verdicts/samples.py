"""Several answers to one prompt: pass@k, their mean, and the best of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import Any

from raif.types import Verification


def pass_at(k: int, n: int, passed: int) -> float:
    """The chance that at least one of `k` answers drawn from `n`, without putting any back, passed.

    The unbiased estimate of pass@k (arXiv 2107.03374).
    """
    return 1 - comb(n - passed, k) / comb(n, k)


def sampled(found: Sequence[Verification | None]) -> dict[str, Any]:
    """What the answers add up to: `pass@k` for powers of two and for all, `mean` and `best`.

    `n` answers were judged, and `passed` of them follow all instructions; the others are left out, and so is
    None, an answer that failed to come. `mean` is that of the fractions, and `best` the position of the first
    answer with the highest, from 0.
    """
    judged = [each.followed for each in found if each and each.followed is not None]
    n, passed = len(judged), sum(judged)
    ks = sorted({1 << power for power in range(n.bit_length())} | {n}) if n else []
    fractions = {
        place: each.fraction for place, each in enumerate(found) if each and each.fraction is not None
    }
    return {
        "n": n,
        "passed": passed,
        **{f"pass@{k}": pass_at(k, n, passed) for k in ks},
        "mean": sum(fractions.values()) / len(fractions) if fractions else None,
        "best": max(fractions, key=lambda place: (fractions[place], -place)) if fractions else None,
    }
