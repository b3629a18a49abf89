"""How often answers pass constraints, by kind and by bound: plain answers, and those of an untrained model.

`python benchmarks/plain_pass.py` measures the model and writes `untrained.json`, which every card of built-in
data quotes for the kinds that it has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from statistics import mean
from typing import Any

from raif.types import Constraint

Passes = Mapping[str, Mapping[str, Any]]
"""Kind with its relation -> `drawn`, the number of constraints; `passed`, the share that passes; `bounds`:
the same for each bound, as [drawn, share].
"""
UNTRAINED = Path(__file__).parent / "builtin" / "untrained.json"
_CLASSES = 3
"""Into so many classes of bounds a table divides a kind, at most."""


def by_kind(found: Iterable[tuple[Constraint, float]]) -> dict[str, dict[str, Any]]:
    """Sums up constraints, each with the share of answers that pass it."""
    shares: dict[str, dict[int | None, list[float]]] = {}
    for constraint, share in found:
        kwargs = constraint.kwargs
        relation = next((f" {v}" for name, v in kwargs.items() if name.endswith("relation")), "")
        bound = next((v for v in kwargs.values() if isinstance(v, int)), None)
        shares.setdefault(constraint.id + relation, {}).setdefault(bound, []).append(share)
    return {
        name: {
            "drawn": sum(map(len, by_bound.values())),
            "passed": round(mean(share for each in by_bound.values() for share in each), 3),
            "bounds": {
                str(bound): [len(each), round(mean(each), 3)]
                for bound, each in sorted(by_bound.items(), key=lambda item: item[0] or 0)
                if bound is not None
            },
        }
        for name, by_bound in sorted(shares.items())
    }


def untrained(kinds: Iterable[str]) -> dict[str, Any] | None:
    """What an untrained model passes of these kinds, `asked` and `not_asked`; None if it isn't measured."""
    if not UNTRAINED.exists():
        return None
    measured: dict[str, Any] = json.loads(UNTRAINED.read_text("utf-8"))
    wanted = set(kinds)
    for way in ("asked", "not_asked"):
        measured[way] = {name: each for name, each in measured[way].items() if name.split()[0] in wanted}
    return measured if measured["asked"] else None


def rows(*several: Passes) -> Iterator[tuple[str, int, tuple[float, ...]]]:
    """Each kind, and below it its classes of bounds: name, number, and the share in each of `several`."""
    first = several[0]
    for name, each in first.items():
        yield name, each["drawn"], tuple(passes[name]["passed"] for passes in several)
        classes = _classes(each["bounds"])
        if len(classes) > 1:
            for bounds in classes:
                counted = [[passes[name]["bounds"][bound] for bound in bounds] for passes in several]
                shares = tuple(sum(n * share for n, share in of) / sum(n for n, _ in of) for of in counted)
                said = bounds[0] if len(bounds) == 1 else f"{bounds[0]} to {bounds[-1]}"
                yield f"  {said}", sum(n for n, _ in counted[0]), shares


def _classes(bounds: Mapping[str, list[Any]]) -> list[list[str]]:
    """The bounds in classes that have about as many constraints each."""
    total, before = sum(count for count, _ in bounds.values()), 0
    classes: dict[int, list[str]] = {}
    for bound, (count, _) in bounds.items():
        classes.setdefault((before + count // 2) * _CLASSES // max(total, 1), []).append(bound)
        before += count
    return list(classes.values())
