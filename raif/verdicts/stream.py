"""Objects in, the same objects with their verdicts out, one by one. A bad one keeps its place, with why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from raif import records
from raif.dialect import Dialect
from raif.errors import RaifError, RecordError
from raif.files import jsonl
from raif.reasoning import Style
from raif.types import Instruction, Verdict, Verification
from raif.verdicts.ahead import ahead
from raif.verdicts.checks import begin, verify

if TYPE_CHECKING:
    from concurrent.futures import Future

    from raif.judge.judge import Judge

    Outcome = Verification | Future[Verification] | RaifError

ADDED = frozenset({"verdicts", "followed", "followed_loose", "fraction", "error"})
Answers = Mapping[tuple[str, str], str]
"""Responses kept apart from their records, by ("id", id) and by ("prompt", prompt)."""
LINES_PER_SLOT = 4
"""Lines read ahead for each request that may be in flight, so that a slow answer holds up no others."""


@dataclass
class Count:
    """How many there were, how many passed, and of how many that can't be said."""

    n: int = 0
    strict: int = 0
    loose: int = 0
    unjudged: int = 0

    def add(self, strict: bool | None, loose: bool | None) -> None:
        self.n += 1
        self.strict += strict is True
        self.loose += loose is True
        self.unjudged += strict is None

    def include(self, other: Count) -> None:
        for counted in fields(self):
            setattr(self, counted.name, getattr(self, counted.name) + getattr(other, counted.name))

    def rate(self, passed: int) -> float | None:
        """`passed` as a share of the judged ones."""
        judged = self.n - self.unjudged
        return passed / judged if judged else None


@dataclass
class Tally:
    """What a stream adds up to: per kind, all instructions, all prompts, and how many lines were bad."""

    kinds: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    instructions: Count = field(default_factory=Count)
    prompts: Count = field(default_factory=Count)
    errors: int = 0

    def add(self, verification: Verification) -> None:
        self.prompts.add(verification.followed, verification.followed_loose)
        for verdict in verification.counted:
            for count in (self.kinds[verdict.kind], self.instructions):
                count.add(verdict.passed, verdict.passed_loose)

    def include(self, other: Tally) -> None:
        """Add what another stream adds up to."""
        for kind, count in other.kinds.items():
            self.kinds[kind].include(count)
        self.instructions.include(other.instructions)
        self.prompts.include(other.prompts)
        self.errors += other.errors


def verified(
    source: jsonl.Source,
    tally: Tally,
    *,
    answers: Answers | None = None,
    think: Style = "none",
    dialect: Dialect | None = None,
    judge: Judge | None = None,
    first: int = 1,
) -> Iterator[dict[str, Any]]:
    """Each object with its verdicts, or with `error` where it can't be used, in order; `tally` counts along.

    A line is read only when its object is asked for; with a judge, a bounded number of lines before that.
    What an earlier run added is replaced. `dialect` replaces that of each record, `first` is the number of
    the first line. EndpointError where the judge can't be asked.
    """
    reader = _Reader(jsonl.name_of(source), answers, think, dialect, judge)
    read = starmap(reader.line, jsonl.lines(source, first))
    for record, outcome in ahead(read, LINES_PER_SLOT * judge.concurrency) if judge else read:
        yield record | _added(outcome, tally)


def read_answers(path: Path) -> Answers:
    """Responses by `key` or `id`, and by `prompt`; RecordError for a line with none, or a second answer."""
    answers: dict[tuple[str, str], str] = {}
    for number, found in jsonl.lines(path):
        if isinstance(found, RecordError):
            raise found
        where = f"{path}:{number}"
        names = [("id", str(found[name])) for name in ("key", "id") if found.get(name) is not None][:1]
        names += [("prompt", found["prompt"])] if isinstance(found.get("prompt"), str) else []
        if not names or names[0] in answers:
            raise RecordError(
                f"{where}: " + ("a second answer" if names else "needs `key`, `id` or `prompt`")
            )
        answers |= dict.fromkeys(names, _response(found, where))
    return answers


@dataclass(frozen=True)
class _Reader:
    """What turns a line into its record, without what an earlier run added, and its outcome."""

    name: str
    answers: Answers | None
    think: Style
    dialect: Dialect | None
    judge: Judge | None

    def line(self, number: int, found: dict[str, Any] | RecordError) -> tuple[dict[str, Any], Outcome]:
        if isinstance(found, RecordError):
            return {"line": number}, found
        record = {name: value for name, value in found.items() if name not in ADDED}
        try:
            return record, self._outcome(record, f"{self.name}:{number}")
        except RaifError as error:
            return record, error

    def _outcome(self, record: dict[str, Any], where: str) -> Outcome:
        instruction = records.instruction(record, where, self.dialect)
        given = self.answers
        response = _response(record, where) if given is None else _joined(instruction, given, where)
        if self.judge:
            return begin(instruction, response, think=self.think, judge=self.judge)
        return verify(instruction, response, think=self.think)


def _added(outcome: Outcome, tally: Tally) -> dict[str, Any]:
    if isinstance(outcome, RaifError):
        tally.errors += 1
        return {"error": _said(outcome)}
    verification = outcome if isinstance(outcome, Verification) else outcome.result()
    tally.add(verification)
    return {name: getattr(verification, name) for name in Verification.__slots__} | {
        "verdicts": [
            {name: getattr(verdict, name) for name in Verdict.__slots__} for verdict in verification.verdicts
        ]
    }


def _joined(instruction: Instruction, answers: Answers, where: str) -> str:
    for name in (("id", instruction.id), ("prompt", instruction.prompt)):
        if name in answers:
            return answers[name]
    raise RecordError(f"{where}: response: none has the id {instruction.id!r} or this prompt")


def _response(record: Mapping[str, Any], where: str) -> str:
    response = record.get("response")
    if not isinstance(response, str):
        raise RecordError(f"{where}: response: " + ("missing" if response is None else "not a string"))
    return response


def _said(error: RaifError) -> str:
    return f"{error.message}. {error.hint}" if error.hint else error.message
