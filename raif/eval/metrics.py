"""Rates of followed checks, strict and loose, each with its 95% interval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from raif.stats import Interval, bootstrap
from raif.types import Verification


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a report, over the `checks` judged of `prompts` prompts; None where there are none."""

    name: str
    prompts: int
    checks: int
    strict: Interval | None
    loose: Interval | None


@dataclass(frozen=True, slots=True)
class Scores:
    """`rates`: the totals, headline first. `kinds`: the same by kind of check."""

    rates: tuple[Row, ...]
    kinds: tuple[Row, ...]


def score(verifications: Sequence[Verification], *, seed: int = 0) -> Scores:
    """All rates of code-checked responses."""
    return Scores(totals(verifications, seed=seed), by_kind(verifications, seed=seed))


def totals(verifications: Sequence[Verification], *, seed: int = 0) -> tuple[Row, Row]:
    """Prompt level (all checks of a prompt pass) and instruction level (single checks)."""
    prompts = [([v.followed], [v.followed_loose]) for v in verifications]
    return _row("prompts", prompts, seed), _row("instructions", [_passed(v) for v in verifications], seed)


def by_kind(verifications: Sequence[Verification], *, seed: int = 0) -> tuple[Row, ...]:
    """One row a kind of check, by name."""
    kinds = defaultdict(list)
    for verification in verifications:
        for kind in {verdict.id for verdict in verification.counted}:
            kinds[kind].append(_passed(verification, kind))
    return tuple(_row(kind, kinds[kind], seed) for kind in sorted(kinds))


_Passed = Sequence[bool | None]


def _passed(verification: Verification, kind: str | None = None) -> tuple[_Passed, _Passed]:
    chosen = [v for v in verification.counted if kind in (None, v.id)]
    return [v.passed for v in chosen], [v.passed_loose for v in chosen]


def _row(name: str, per_prompt: Sequence[tuple[_Passed, _Passed]], seed: int) -> Row:
    strict, loose = [_judged(p[0]) for p in per_prompt], [_judged(p[1]) for p in per_prompt]
    prompts, checks = sum(map(bool, strict)), sum(map(len, strict))
    return Row(name, prompts, checks, bootstrap(strict, seed=seed), bootstrap(loose, seed=seed))


def _judged(passed: _Passed) -> list[float]:
    """None is neither passed nor failed: it is no part of a rate."""
    return [float(p) for p in passed if p is not None]
