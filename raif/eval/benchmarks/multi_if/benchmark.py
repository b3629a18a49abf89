"""Multi-IF: are instructions followed over three turns, in eight languages?

Paper: He et al. 2024, https://arxiv.org/abs/2410.15553. 4,501 conversations, 56 of them without a third turn.
The instructions of a turn are those of the turn before it and new ones: they add up. The data's licence is
CC BY-NC 2.0.

A conversation, in the columns of the public CSV file, abridged to two turns:
    {"key": "1:1:en", "language": "English",
     "turn_1_prompt": "{\\"role\\": \\"user\\", \\"content\\": \\"Describe a lighthouse, without commas.\\"}",
     "turn_1_instruction_id_list": "[\\"punctuation:no_comma\\"]", "turn_1_kwargs": "[\\"{}\\"]",
     "turn_2_prompt": "{\\"role\\": \\"user\\", \\"content\\": \\"Mention a gull.\\"}",
     "turn_2_instruction_id_list": "[\\"punctuation:no_comma\\", \\"keywords:existence\\"]",
     "turn_2_kwargs": "[\\"{}\\", \\"{\\\\\\"keywords\\\\\\": [\\\\\\"gull\\\\\\"]}\\"]"}

Prompt: the turn's prompt after all earlier ones and the model's own answers to them, without system text.
Score: for each turn the mean of four rates, of prompts and of instructions, strict and loose, and their mean
over the turns, which the program does not compute but other harnesses report. A check means what it means in
`raif.constraints.multi_if`; the table of repaired checkers has the scores without its three known faults.
upstream also scores the text in an answer that is JSON with `[0]["response"]`, and checks answers of white
space. What the program would decide by a random draw is undecided.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from raif.config.eval import Dialect
from raif.constraints import find
from raif.errors import ConstraintError
from raif.eval.benchmark import BENCHMARKS, Benchmark, ScoredItem
from raif.eval.benchmarks.ifeval import SIDES, sides
from raif.eval.benchmarks.multi_if.rows import Turn, stored, turns
from raif.eval.benchmarks.usable import decided
from raif.eval.rates import Estimate, Figure, Rates, Row, Table, Tally, average
from raif.eval.stored import StoredAnswer
from raif.files.benchmark_data import PLACES
from raif.judge.requests import Replies
from raif.types import Verification
from raif.verdicts.checks import summary

OFFICIAL, REPAIRED = "multi-if", "multi-if-repaired"
LEVELS = ("prompts", "instructions")
FOUR = tuple(f"{level}/{side}" for side in SIDES for level in LEVELS)
"""The cells whose mean is a turn's score."""


@dataclass(frozen=True, slots=True)
class ScoredTurn(ScoredItem[Turn]):
    """`repaired`: the verdicts of the repaired checkers."""

    repaired: Verification | None = None


class MultiIF(Benchmark[Turn]):
    file = PLACES["multi-if"].path
    program = "facebookresearch/Multi-IF 1cdb53e, NLTK 3.9.1"
    copied = False
    source = "https://huggingface.co/datasets/facebook/Multi-IF"

    def items(self, path: Path) -> Sequence[Turn]:
        return list(turns(path))

    def group(self, item: Turn) -> str:
        return item.conversation

    def before(self, item: Turn) -> str | None:
        return item.before

    def answers(self, path: Path) -> Iterable[StoredAnswer]:
        """Ours, a list of `answers` for each `key`, or the released program's files of one turn each."""
        return stored(path)

    def score(self, item: Turn, answer: str | None, replies: Replies, dialect: Dialect) -> ScoredTurn:
        official = dialect != "sound"
        text = unwrapped(answer) if official and answer else answer
        found = decided(item.constraints, text, OFFICIAL, blanks=official)
        repaired = [
            verdict if _alike(verdict.id) else decided([check], text, REPAIRED, blanks=official)[0]
            for check, verdict in zip(item.constraints, found, strict=True)
        ]
        whole = summary(item, found)
        return ScoredTurn(
            item,
            whole,
            _followed(whole, dialect),
            {"language": item.language, "turn": str(item.number)},
            summary(item, repaired),
        )

    def tallies(self, scored: Sequence[ScoredItem[Turn]], dialect: Dialect) -> Sequence[Tally]:
        """One for each conversation."""
        found: dict[str, dict[str, list[float]]] = {}
        for each in scored:
            cells = found.setdefault(each.item.conversation, defaultdict(list))
            turn, repaired = each.item.number, each.repaired if isinstance(each, ScoredTurn) else None
            _count(cells, f"all/{turn}", each.verification, dialect)
            _count(cells, f"in/{each.item.language}/{turn}", each.verification, dialect)
            _count(cells, f"repaired/{turn}", repaired or each.verification, dialect)
            for verdict in each.verification.counted:
                for side, passed in zip(SIDES, (verdict.passed, verdict.passed_loose), strict=True):
                    if passed is not None:
                        cells[f"kind/{side}/{verdict.id}"].append(float(passed))
        return list(found.values())

    def tables(self, rates: Rates, dialect: Dialect) -> Sequence[Table]:
        numbers, languages = _turns(rates), sorted({cell.split("/")[0] for cell in rates.under("in/")})
        each = [f"turn {number}" for number in numbers]
        by_turn = [_turn_row(rates, name, [number]) for name, number in zip(each, numbers, strict=True)]
        columns = ("overall", *(f"{cell.split('/')[0]}, {cell.split('/')[1]}" for cell in FOUR))
        by_language = [
            rates.row(
                language,
                *(_mean(rates, f"in/{language}", some) for some in (numbers, *([n] for n in numbers))),
                of=_cells(f"in/{language}", numbers),
            )
            for language in languages
        ]
        repaired = [
            rates.row(name, *(_mean(rates, how, some) for how in ("all", "repaired")), of=_cells("all", some))
            for name, some in (
                ("mean of the turns", numbers),
                *zip(each, ([n] for n in numbers), strict=True),
            )
        ]
        kinds = sorted({*rates.under("kind/strict/"), *rates.under("kind/loose/")})
        by_kind = [rates.row(kind, f"kind/strict/{kind}", f"kind/loose/{kind}") for kind in kinds]
        return [
            Table("turn", columns, (_turn_row(rates, "mean of the turns", numbers), *by_turn)),
            Table("language", ("mean of the turns", *each), tuple(by_language)),
            Table("checkers", ("official", "repaired"), tuple(repaired)),
            Table("kind", SIDES, tuple(by_kind)),
        ]

    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Estimate]:
        named = {"mean of the turns": (numbers := _turns(rates))}
        named |= {f"turn {number}": [number] for number in numbers}
        return {
            name: rates.estimate(_mean(rates, "all", some), _cells("all", some))
            for name, some in named.items()
        }


def unwrapped(answer: str) -> str:
    """The text that the released program scores: `[0]["response"]` of an answer that is such JSON."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return answer
    first = found[0] if isinstance(found, list) and found else None
    return str(first["response"]) if isinstance(first, dict) and "response" in first else answer


def _alike(id: str) -> bool:
    """Whether both checkers are the same; an id that neither knows is."""
    try:
        return find(id, OFFICIAL).check is find(id, REPAIRED).check
    except ConstraintError:
        return True


def _followed(found: Verification, dialect: Dialect) -> dict[str, float | None]:
    """Whether a turn follows all instructions, by side. In the program, what it draws for one doesn't matter
    once another has failed; `sound` leaves such a turn out."""
    if dialect == "sound":
        return sides(found)
    each = zip(SIDES, (found.followed, found.followed_loose), strict=True)
    return {side: None if followed is None else float(followed) for side, followed in each}


def _count(cells: dict[str, list[float]], prefix: str, found: Verification, dialect: Dialect) -> None:
    for side, followed in _followed(found, dialect).items():
        if followed is not None:
            cells[f"{prefix}/prompts/{side}"].append(followed)
    for verdict in found.counted:
        for side, passed in zip(SIDES, (verdict.passed, verdict.passed_loose), strict=True):
            if passed is not None:
                cells[f"{prefix}/instructions/{side}"].append(float(passed))


def _turns(rates: Rates) -> list[int]:
    return sorted({int(cell.split("/")[0]) for cell in rates.under("all/")})


def _cells(prefix: str, numbers: Sequence[int]) -> list[str]:
    return [f"{prefix}/{number}/{cell}" for number in numbers for cell in FOUR]


def _mean(rates: Rates, prefix: str, numbers: Sequence[int]) -> Figure:
    """The mean over turns of each turn's mean of four rates."""
    return average(average(rates[cell] for cell in _cells(prefix, [number])) for number in numbers)


def _turn_row(rates: Rates, name: str, numbers: Sequence[int]) -> Row:
    four = [average(rates[f"all/{number}/{cell}"] for number in numbers) for cell in FOUR]
    checks = [f"all/{number}/instructions/strict" for number in numbers]
    return rates.row(name, _mean(rates, "all", numbers), *four, of=checks)


BENCHMARKS.add("multi-if", MultiIF())
