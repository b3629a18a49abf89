"""Rows in, the same rows with their verdicts out, one by one. Bad ones keep their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from queue import Empty, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from raif import records
from raif.dialect import Dialect
from raif.errors import RaifError, RecordError
from raif.files.rows import Found
from raif.reasoning import Marks, split, tags_in
from raif.records import Row
from raif.records.layout import GIVEN, text_of
from raif.types import Instruction, Relevance, Verdict, Verification
from raif.verdicts.answers import Answers
from raif.verdicts.checks import begin, verify
from raif.verdicts.samples import sampled
from raif.verdicts.tally import Tally

if TYPE_CHECKING:
    from concurrent.futures import Future

    from raif.judge.judge import Judge

    Checked = Verification | Future[Verification]

T = TypeVar("T")
Measure = Callable[[Sequence[tuple[Instruction, str]]], Sequence[Relevance]]
"""The relevance of answers to instructions, each compared with the others."""
ADDED = frozenset({"verdicts", "followed", "followed_loose", "fraction", "relevance", "error"})
ADDED_TO_SAMPLES = frozenset({"samples", "sampled"})
"""What is added where a row has several answers."""
LINES_PER_SLOT = 4
"""Rows read ahead for each request that may be in flight, so that a slow answer holds up no others."""


class Rules(NamedTuple):
    """How rows are read and their answers taken apart.

    `dialect`, `language` and `layout` replace what each row says or shows. `strict` makes an error of a row
    without any check.
    """

    think: Marks = "none"
    dialect: Dialect | None = None
    language: str | None = None
    layout: str | None = None
    strict: bool = False


DEFAULT = Rules()


class _Begun(NamedTuple):
    """A row whose answers are being checked: what is printed of it, and the results or what is wrong."""

    row: Row
    results: Sequence[Checked | RecordError] | RaifError
    instruction: Instruction | None = None
    texts: Sequence[str] = ()
    """Those answers that are texts."""
    several: bool = False

    def answered(self, think: Marks) -> list[tuple[Instruction, str]]:
        """The answers without thinking, each with what it answers."""
        if self.instruction is None:
            return []
        return [(self.instruction, split(text, think).answer or "") for text in self.texts]


def verified(
    rows: Iterable[Found],
    tally: Tally,
    *,
    answers: Answers | None = None,
    rules: Rules = DEFAULT,
    judge: Judge | None = None,
    measure: Measure | None = None,
) -> Iterator[Row]:
    """Each row with its verdicts, or with an `error` if it can't be used, in order. `tally` adds them up.

    `rows` are those of `raif.files.rows.everywhere`. A row is read only when it is asked for; with a judge, a
    limited number of rows ahead; with `measure`, all rows are read first. What an earlier run added is
    replaced. Several answers to a prompt have their verdicts in `samples`, and what they add up to in
    `sampled`. Raises EndpointError if the judge can't be reached.
    """
    begun = (_begun(where, row, tally, answers, rules, judge) for where, row in rows)
    if measure:
        everything = list(begun)
        found = iter(measure([pair for each in everything for pair in each.answered(rules.think)]))
        for each in everything:
            yield each.row | _added(each, tally, [next(found) for _ in each.texts])
        return
    for each in ahead(begun, LINES_PER_SLOT * judge.concurrency) if judge else begun:
        yield each.row | _added(each, tally)


def _begun(
    where: str,
    found: Row | RecordError,
    tally: Tally,
    answers: Answers | None,
    rules: Rules,
    judge: Judge | None,
) -> _Begun:
    if isinstance(found, RecordError):
        return _Begun({"line": int(where.rpartition(":")[2])}, found)
    row = {name: value for name, value in found.items() if name not in ADDED}
    try:
        instruction = records.instruction(
            row, where, dialect=rules.dialect, language=rules.language, layout=rules.layout
        )
        unchecked = not (instruction.constraints or instruction.questions or instruction.reference)
        if unchecked and rules.strict:
            raise RecordError(f"{where}: no check", "Without --strict, such rows are only counted.")
        if answers is None:
            given, place = _given(row, where, rules), where
        else:
            given, place = _joined(row, where, instruction, answers, tally)
        several = "responses" in given
        answered = _texts(given, place)
        row |= given
        if several:
            row = {name: value for name, value in row.items() if name not in ADDED_TO_SAMPLES}
        texts = [text for text in answered if isinstance(text, str)]
        if rules.think == "none":
            tally.thinking += sum(tags_in(text) is not None for text in texts)
        tally.unchecked += unchecked
        results = [
            _checked(instruction, text, rules.think, judge) if isinstance(text, str) else text
            for text in answered
        ]
        return _Begun(row, results, instruction, texts, several)
    except RaifError as error:
        return _Begun(row, error)


def _checked(instruction: Instruction, text: str, think: Marks, judge: Judge | None) -> Checked:
    if judge:
        return begin(instruction, text, think=think, judge=judge)
    return verify(instruction, text, think=think)


def _given(row: Row, where: str, rules: Rules) -> Row:
    """The row's own answer, or answers."""
    try:
        given = records.layout_of(row, rules.layout).given(row)
    except (ValueError, LookupError, TypeError) as error:
        raise RecordError(f"{where}: response: {error}") from None
    if not given:
        what = "is null" if "response" in row else "missing"
        raise RecordError(f"{where}: response: {what}", "Answers in a file of their own: --responses FILE")
    return given


def _joined(
    row: Row, where: str, instruction: Instruction, answers: Answers, tally: Tally
) -> tuple[Row, str]:
    """The answer, or answers, that a file of their own has for the row, and where they stand.

    The row's own are taken out of it, so that what is printed is what was checked.
    """
    for name in GIVEN:
        row.pop(name, None)
    number = answers.number_for(instruction, where)
    tally.used.add(number)
    answer = answers[number]
    place = f"{where}: {answer.where}"
    if not answer.given:
        raise RecordError(f"{place}: response: {answer.failed or 'is null'}")
    return dict(answer.given), place


def _texts(given: Row, where: str) -> list[str | RecordError]:
    """What is to be checked, or of several answers, what is wrong with one of them.

    Contents that are lists of parts become text, in `given`, too.
    """
    if len(given) > 1:
        raise RecordError(f"{where}: response: there are `responses`, too", "Leave out one of them.")
    if "response" in given:
        given["response"] = text = _text(given["response"], f"{where}: response")
        return [text]
    several = given["responses"]
    if not isinstance(several, list) or not several:
        raise RecordError(f"{where}: responses: not a list of answers")
    texts = [_tried(each, f"{where}: responses.{place}") for place, each in enumerate(several)]
    given["responses"] = [
        text if isinstance(text, str) else each for text, each in zip(texts, several, strict=True)
    ]
    return texts


def _tried(value: Any, where: str) -> str | RecordError:
    try:
        return _text(value, where)
    except RecordError as error:
        return error


def _text(value: Any, where: str) -> str:
    if value is None:
        raise RecordError(f"{where}: is null")
    if not isinstance(value, str | list):
        raise RecordError(f"{where}: not a string")
    try:
        return text_of(value)
    except ValueError as error:
        raise RecordError(f"{where}: {error}") from None


def _added(begun: _Begun, tally: Tally, relevances: Sequence[Relevance] = ()) -> Row:
    if isinstance(begun.results, RaifError):
        tally.errors += 1
        return _said(begun.results)
    found, shown = list[Verification | None](), list[Row]()
    measured = iter(relevances)
    for each in begun.results:
        if isinstance(each, RecordError):
            found.append(None)
            shown.append(_said(each))
            continue
        verification = each if isinstance(each, Verification) else each.result()
        relevance = next(measured, None)
        tally.add(verification, relevance)
        found.append(verification)
        shown.append(_shown(verification, relevance))
    if not begun.several:
        return shown[0]
    tally.errors += None in found
    summed = sampled(found)
    tally.add_samples(summed)
    return {"samples": shown, "sampled": summed}


def _said(error: RaifError) -> Row:
    return {"error": f"{error.message}. {error.hint}" if error.hint else error.message}


def _shown(verification: Verification, relevance: Relevance | None) -> Row:
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
