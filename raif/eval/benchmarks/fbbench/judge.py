"""What a judge of FB-Bench says: an object with each point of the checklist, and the score in it.

Each point has a reason, a verdict and the point's weight. The score is the weight of the points that are met;
where points have no weight (response maintenance) one that is met is enough.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import yaml

from raif.config.eval import Dialect
from raif.eval.benchmarks.cello.parse import shallow

REASON, VERDICT, WEIGHT = "评判理由", "评判结果", "weight"
YES, NO = "是", "否"
TOLERANCE = 1e-6
LONGEST = 10_000
"""Characters up to which a reply that is no JSON is read as YAML."""
_OPENED = re.compile(r"^```(?:json)?[ \t]*\n", re.MULTILINE)

Points: TypeAlias = Sequence[tuple[str, float | None]]
"""The checklist: texts with weights."""
Entries: TypeAlias = Mapping[str, Mapping[str, Any]]
"""A judgment: by point its reason, verdict and weight."""


def read(reply: str, points: Points, dialect: Dialect) -> Entries | None:
    """The judgment in a reply, None where there is none that keeps the rules: then it is asked for again.

    The points must be those of the checklist, whose weights hold. In the released dialects any points pass,
    with whatever weight the judge gives them, as long as they don't add up to more than 1.
    """
    found = _found(reply, dialect)
    if not _valid(found) or score(found) > 1 + TOLERANCE:
        return None
    if dialect != "sound":
        return found
    weights: dict[str, float | None] = {}
    for point, weight in points:  # one that comes twice has both weights
        weights[point] = None if weight is None else weight + (weights.get(point) or 0)
    if set(found) != set(weights):
        return None
    return {point: {**found[point], WEIGHT: weight} for point, weight in weights.items()}


def score(entries: Entries) -> float:
    """Added one by one, as `sum` rounds otherwise from Python 3.12 on."""
    total = 0.0
    for entry in entries.values():
        if entry[VERDICT] == YES:
            if entry[WEIGHT] is None:
                return 1.0
            total += entry[WEIGHT]
    return total


def _found(reply: str, dialect: Dialect) -> Any:
    """upstream wants nothing but JSON. Ours and the method's authors' take it out of its fence and forgive
    slips: ours reads JSON5, theirs YAML and Python too."""
    if dialect == "upstream":
        return _first(reply, (json.loads,))
    if dialect == "authors":
        plain = re.sub(r"\n\s*\n", "\n", _unfenced(reply))
        return _first(plain, (json.loads, _json5, _yaml, _python))
    return _first(reply[reply.find("{") : reply.rfind("}") + 1], (json.loads, _json5))


def _unfenced(reply: str) -> str:
    """From the first fence to the last; without a closing one the last character is lost, as officially."""
    opened = _OPENED.search(reply)
    return reply[opened.end() : reply.rfind("\n```", opened.end() - 1)] if opened else reply


def _first(text: str, readers: Sequence[Callable[[str], Any]]) -> Any:
    """What the first reader makes of it that can; None where none can."""
    for reader in readers:
        try:
            return reader(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, yaml.YAMLError):
            continue
    return None


def _json5(text: str) -> Any:
    import json5

    return json5.loads(text)


def _yaml(text: str) -> Any:
    if len(text) > LONGEST or not shallow(text):
        raise ValueError("could take seconds")
    return yaml.safe_load(text)


def _python(text: str) -> Any:
    with warnings.catch_warnings(action="ignore"):  # of escapes that Python does not know
        return ast.literal_eval(text)


def _valid(found: Any) -> bool:
    return isinstance(found, Mapping) and all(bool(point) and _kept(entry) for point, entry in found.items())


def _kept(entry: Any) -> bool:
    if not isinstance(entry, Mapping) or not {REASON, VERDICT, WEIGHT} <= set(entry):
        return False
    reason, verdict, weight = entry[REASON], entry[VERDICT], entry[WEIGHT]
    weighs = weight is None or (isinstance(weight, int | float) and 0 < weight <= 1)
    return isinstance(reason, str) and bool(reason) and verdict in (YES, NO) and weighs
