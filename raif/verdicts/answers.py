"""Responses in a file of their own, joined to their records by id or by prompt, and never to a wrong one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from raif.errors import RecordError
from raif.files import jsonl
from raif.files.rows import everywhere
from raif.records import LAYOUTS, Row, tell
from raif.records.harnesses import answers as given_texts
from raif.records.layout import given, name_of, prompt_of, text_of
from raif.types import Instruction

NAMES = ("custom_id", "key", "id")
"""What an answer's id is called. Batches of OpenAI's and vLLM's have `custom_id`, and another `id`."""


class Answer(NamedTuple):
    """One row of the file: where it stands, its id and prompt if it has them, and what it answers."""

    where: str
    id: str | None
    prompt: str | None
    given: Mapping[str, Any]
    """Its `response` or `responses`, as they are: what is wrong with them is said where they are needed."""
    failed: str = ""
    """What a batch says where it has no answer."""


class Answers:
    """All answers of a file, found by id, else by prompt."""

    def __init__(self) -> None:
        self.errors: list[RecordError] = []
        """What is wrong with rows that can't be joined to any record."""
        self._all: list[Answer] = []
        self._by_id: dict[str, list[int]] = defaultdict(list)
        self._by_prompt: dict[str, list[int]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, number: int) -> Answer:
        return self._all[number]

    def add(self, answer: Answer) -> None:
        """Raises ValueError if it has neither an id nor a prompt."""
        if answer.id is None and answer.prompt is None:
            raise ValueError("needs `key`, `id`, `custom_id` or `prompt`")
        if answer.id is not None:
            self._by_id[answer.id].append(len(self._all))
        if answer.prompt is not None:
            self._by_prompt[answer.prompt].append(len(self._all))
        self._all.append(answer)

    def number_for(self, instruction: Instruction, where: str) -> int:
        """The position of the record's answer in the file. Raises RecordError if that isn't certain."""
        prompt = instruction.prompt.strip()
        if numbers := self._by_id.get(instruction.id, []):
            what = f"the id {instruction.id!r}"
            hint = "Several answers to a prompt are one row, with the list `responses`."
        else:
            numbers = self._by_prompt.get(prompt, [])
            what, hint = "this prompt", "Give each answer the id of its record."
        if not numbers:
            raise RecordError(f"{where}: response: no answer has the id {instruction.id!r} or this prompt")
        if len(numbers) > 1:
            places = " and ".join(self._all[each].where for each in numbers[:2])
            raise RecordError(f"{where}: response: {len(numbers)} answers have {what}, as {places}", hint)
        found = self._all[numbers[0]]
        if found.prompt is not None and found.prompt != prompt:
            raise RecordError(
                f"{where}: response: {found.where} has the id {instruction.id!r}, but another prompt",
                "Take the ids out of the answers to join them by prompt.",
            )
        return numbers[0]


def read_answers(source: jsonl.Source) -> Answers:
    """The answers of files or of a stream. A row that can't be joined is one of `errors`.

    Raises RecordError if nothing can be read.
    """
    answers = Answers()
    for where, row in everywhere(source):
        try:
            if isinstance(row, RecordError):
                raise row
            answers.add(answer_of(row, where))
        except RecordError as error:
            answers.errors.append(error)
        except ValueError as error:
            answers.errors.append(RecordError(f"{where}: {error}"))
    return answers


def answer_of(row: Row, where: str) -> Answer:
    """The answer in a row: of ours, of a batch's output, of any layout. Raises RecordError."""
    try:
        return _batched(row, where) if "custom_id" in row else _plain(row, where)
    except (ValueError, LookupError, TypeError) as error:
        raise RecordError(f"{where}: {error}") from None


def _plain(row: Row, where: str) -> Answer:
    """An answer with its id or prompt, or a row of any layout that has the answer in it."""
    found, record = given(row), row
    if not found and (layout := _layout(row)):
        found, record = LAYOUTS[layout].given(row), LAYOUTS[layout].inner(row)
    id = next((name_of(record[name]) for name in NAMES if record.get(name) is not None), None)
    asked = record.get("prompt") if record.get("prompt") is not None else record.get("messages")
    return Answer(where, id, None if asked is None else prompt_of(asked).strip(), found)


def _layout(row: Row) -> str | None:
    try:
        return tell(row)
    except ValueError:
        return None


def _batched(row: Row, where: str) -> Answer:
    """A line of a batch's output: of chat completions, of completions, or of OpenAI's responses."""
    match row.get("response"):
        case {"body": {"choices": [*choices]}} if choices:
            texts: Sequence[Any] = [
                choice["message"]["content"] if "message" in choice else choice["text"] for choice in choices
            ]
        case {"body": {"output": [*items]}}:
            said = [text_of(item["content"]) for item in items if item.get("type") == "message"]
            texts = ["".join(said) if said else None]
        case str(text):
            texts = [text]
        case _:
            return Answer(where, name_of(row["custom_id"]), None, {}, _failure(row))
    return Answer(where, name_of(row["custom_id"]), None, given_texts(list(texts)))


def _failure(row: Row) -> str:
    match row:
        case (
            {"error": {"message": str(said)}}
            | {"response": {"body": {"error": {"message": str(said)}}}}
            | {"error": {"code": str(said)}}
        ):
            return f"the request failed: {said}"
    return "the request failed"
