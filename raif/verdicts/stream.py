"""Objects in, the same objects with their verdicts out, one by one. Bad ones keep their place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from itertools import starmap
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, TypeVar

from raif import records
from raif.dialect import Dialect
from raif.errors import RaifError, RecordError
from raif.files import jsonl
from raif.reasoning import Marks, split
from raif.types import Instruction, Relevance, Verdict, Verification
from raif.verdicts.checks import all_pass, begin, verify

if TYPE_CHECKING:
    from concurrent.futures import Future

    from raif.judge.judge import Judge

    Found = Verification | Future[Verification] | RaifError

T = TypeVar("T")
ADDED = frozenset({"verdicts", "followed", "followed_loose", "fraction", "relevance", "error"})
Measure = Callable[[Sequence[tuple[Instruction, str]]], Sequence[Relevance]]
"""The relevance of answers to instructions, each compared with the others."""
Answers = Mapping[tuple[str, str], str]
"""Responses kept apart from their records, by ("id", id) and by ("prompt", prompt)."""
LINES_PER_SLOT = 4
"""Lines read ahead for each request that may be in flight, so that a slow answer holds up no others."""


@dataclass
class Count:
    """How many there were, how many passed, and how many could not be judged."""

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
    """What a stream adds up to: by kind, for all instructions and all prompts, and the bad lines counted."""

    kinds: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    instructions: Count = field(default_factory=Count)
    prompts: Count = field(default_factory=Count)
    relevant: Count = field(default_factory=Count)
    """Answers whose relevance was measured."""
    followed_relevant: Count = field(default_factory=Count)
    """The prompts of these answers that are followed by a relevant one."""
    errors: int = 0

    def add(self, verification: Verification, relevance: Relevance | None = None) -> None:
        self.prompts.add(verification.followed, verification.followed_loose)
        if relevance:
            found = relevance.relevant
            self.relevant.add(found, found)
            both = [all_pass([found, each]) for each in (verification.followed, verification.followed_loose)]
            self.followed_relevant.add(*both)
        for verdict in verification.counted:
            for count in (self.kinds[verdict.kind], self.instructions):
                count.add(verdict.passed, verdict.passed_loose)

    def include(self, other: Tally) -> None:
        """Add what another stream adds up to."""
        for kind, count in other.kinds.items():
            self.kinds[kind].include(count)
        self.instructions.include(other.instructions)
        self.prompts.include(other.prompts)
        self.relevant.include(other.relevant)
        self.followed_relevant.include(other.followed_relevant)
        self.errors += other.errors


def verified(
    source: jsonl.Source,
    tally: Tally,
    *,
    answers: Answers | None = None,
    think: Marks = "none",
    dialect: Dialect | None = None,
    judge: Judge | None = None,
    measure: Measure | None = None,
    first: int = 1,
) -> Iterator[dict[str, Any]]:
    """Each object with its verdicts, or with an `error` if it can't be used, in order. `tally` adds them up.

    A line is read only when its object is asked for; with a judge, a limited number of lines ahead. What an
    earlier run added is replaced. `dialect` replaces that of each record, `first` is the number of the first
    line. With `measure`, all lines are read first. Raises EndpointError if the judge can't be reached.
    """
    name = jsonl.name_of(source)
    answered: dict[int, tuple[Instruction, str]] = {}

    def checked(number: int, found: dict[str, Any] | RecordError) -> tuple[dict[str, Any], Found]:
        if isinstance(found, RecordError):
            return {"line": number}, found
        record, where = (
            {name: value for name, value in found.items() if name not in ADDED},
            f"{name}:{number}",
        )
        try:
            instruction = records.instruction(record, where, dialect)
            response = _response(record, where) if answers is None else _joined(instruction, answers, where)
            if measure:
                answered[number] = instruction, split(response, think).answer or ""
            if judge:
                return record, begin(instruction, response, think=think, judge=judge)
            return record, verify(instruction, response, think=think)
        except RaifError as error:
            return record, error

    lines = jsonl.lines(source, first)
    if measure:
        everything = [(number, *checked(number, line)) for number, line in lines]
        found = dict(zip(answered, measure(list(answered.values())), strict=True))
        for number, record, result in everything:
            yield record | _added(result, tally, found.get(number))
        return
    read = starmap(checked, lines)
    for record, result in ahead(read, LINES_PER_SLOT * judge.concurrency) if judge else read:
        yield record | _added(result, tally)


def read_answers(path: Path) -> Answers:
    """Responses by `key` or `id`, and by `prompt`. RecordError for a line without, or a second answer."""
    answers: dict[tuple[str, str], str] = {}
    for where, found in jsonl.objects(path):
        names = [("id", str(found[name])) for name in ("key", "id") if found.get(name) is not None][:1]
        names += [("prompt", found["prompt"])] if isinstance(found.get("prompt"), str) else []
        if not names or names[0] in answers:
            raise RecordError(
                f"{where}: " + ("a second answer" if names else "needs `key`, `id` or `prompt`")
            )
        answers |= dict.fromkeys(names, _response(found, where))
    return answers


def _added(result: Found, tally: Tally, relevance: Relevance | None = None) -> dict[str, Any]:
    if isinstance(result, RaifError):
        tally.errors += 1
        return {"error": f"{result.message}. {result.hint}" if result.hint else result.message}
    verification = result if isinstance(result, Verification) else result.result()
    tally.add(verification, relevance)
    measured = {"relevance": asdict(relevance)} if relevance else {}
    return (
        measured
        | {name: getattr(verification, name) for name in Verification.__slots__}
        | {
            "verdicts": [
                {name: getattr(verdict, name) for name in Verdict.__slots__}
                for verdict in verification.verdicts
            ]
        }
    )


def _joined(instruction: Instruction, answers: Answers, where: str) -> str:
    for name in (("id", instruction.id), ("prompt", instruction.prompt)):
        if name in answers:
            return answers[name]
    raise RecordError(f"{where}: response: no answer has the id {instruction.id!r} or this prompt")


def _response(record: Mapping[str, Any], where: str) -> str:
    response = record.get("response")
    if not isinstance(response, str):
        raise RecordError(f"{where}: response: " + ("missing" if response is None else "not a string"))
    return response


def ahead(items: Iterable[T], size: int) -> Iterator[T]:
    """The same items in order, but a thread fetches up to `size` of them before they are asked for.

    The thread is a daemon: waiting for input, it keeps no program from ending.
    """
    ready: Queue[tuple[T] | BaseException | None] = Queue(size)
    left = Event()
    Thread(target=_fetch, args=(items, ready, left), daemon=True).start()
    try:
        while (found := ready.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found[0]
    finally:
        left.set()
        with suppress(Empty):
            ready.get_nowait()  # room for the one that the thread may be waiting to put


def _fetch(items: Iterable[T], ready: Queue[tuple[T] | BaseException | None], left: Event) -> None:
    try:
        for item in items:
            ready.put((item,))
            if left.is_set():
                return
    except BaseException as error:  # raised again by the caller's thread
        ready.put(error)
    else:
        ready.put(None)
