"""Every kind must give its examples the verdicts that it claims: twice, in threads and in processes."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass

from raif.constraints import find, registered
from raif.types import Constraint
from raif.verdicts.checks import verdicts

_WORKERS = 4
Case = tuple[str, str, int]
"""Id, semantics ("" for the kind itself) and position of an example."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The outcome of a kind's examples. `wrong` says where a verdict was not the claimed one."""

    id: str
    semantics: str
    examples: int
    unjudged: int
    wrong: tuple[str, ...]


def selftest() -> list[Proof]:
    """One proof for each kind and variant. Raises what a check raises."""
    cases = [
        (id, semantics, position)
        for id, semantics in registered()
        for position in range(len(find(id, semantics).examples))
    ]
    rounds = {"first": list(map(judged, cases)), "second": list(map(judged, cases))}
    with ThreadPoolExecutor(_WORKERS) as threads:
        rounds["threads"] = list(threads.map(judged, cases))
    with ProcessPoolExecutor(_WORKERS) as processes:
        rounds["processes"] = list(processes.map(judged, cases, chunksize=8))
    found = {case: {name: passed[n] for name, passed in rounds.items()} for n, case in enumerate(cases)}
    return [_proof(id, semantics, found) for id, semantics in registered()]


def judged(case: Case) -> bool | None:
    """Whether the example passes, as `verify` says."""
    id, semantics, position = case
    example = find(id, semantics).examples[position]
    (verdict,) = verdicts(
        [Constraint(id=id, kwargs=example.kwargs)], example.response, semantics, loose=False
    )
    return verdict.passed


def _proof(id: str, semantics: str, found: dict[Case, dict[str, bool | None]]) -> Proof:
    examples = find(id, semantics).examples
    wrong, unjudged = [], 0
    for position, example in enumerate(examples):
        passed = found[id, semantics, position]
        unjudged += (never := not {True, False} & {*passed.values()})
        claimed = None if never else example.passes
        wrong += [f"example {position + 1} {name}" for name, one in passed.items() if one is not claimed]
    return Proof(id, semantics, len(examples), unjudged, tuple(wrong))
