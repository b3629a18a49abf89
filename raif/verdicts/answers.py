"""Responses in a file of their own, joined to their records by id or by prompt, and never to a wrong one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from raif.errors import RecordError
from raif.files import jsonl
from raif.files.rows import everywhere
from raif.records import LAYOUTS, Row, tell
from raif.records.layout import given, prompt_of
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


class Answers:
    """All answers of a file, found by id, else by prompt."""

    def __init__(self) -> None:
        self._all: list[Answer] = []
        self._by_id: dict[str, int] = {}
        self._by_prompt: dict[str, list[int]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, number: int) -> Answer:
        return self._all[number]

    def add(self, answer: Answer) -> None:
        """Raises RecordError if it has neither an id nor a prompt, or if its id has an answer already."""
        if answer.id is None and answer.prompt is None:
            raise RecordError(f"{answer.where}: needs `key`, `id`, `custom_id` or `prompt`")
        number = len(self._all)
        if answer.id is not None and (first := self._by_id.setdefault(answer.id, number)) != number:
            raise RecordError(
                f"{answer.where}: a second answer to {answer.id!r}, after {self._all[first].where}",
                "Several answers to a prompt are one row, with the list `responses`.",
            )
        if answer.prompt is not None:
            self._by_prompt[answer.prompt].append(number)
        self._all.append(answer)

    def number_for(self, instruction: Instruction, where: str) -> int:
        """The position of the record's answer in the file. Raises RecordError if that isn't certain."""
        prompt = instruction.prompt.strip()
        number = self._by_id.get(instruction.id)
        if number is not None:
            found = self._all[number]
            if found.prompt is not None and found.prompt != prompt:
                raise RecordError(
                    f"{where}: response: {found.where} has the id {instruction.id!r}, but another prompt",
                    "Take the ids out of the answers to join them by prompt.",
                )
            return number
        numbers = self._by_prompt.get(prompt, [])
        if not numbers:
            raise RecordError(f"{where}: response: no answer has the id {instruction.id!r} or this prompt")
        if len(numbers) > 1:
            places = " and ".join(self._all[each].where for each in numbers[:2])
            raise RecordError(
                f"{where}: response: {len(numbers)} answers have this prompt, among them {places}",
                "Give each answer the id of its record.",
            )
        return numbers[0]


def read_answers(source: jsonl.Source) -> Answers:
    """The answers of files or of a stream. Raises RecordError at the first row that can't be joined."""
    answers = Answers()
    for where, row in everywhere(source):
        if isinstance(row, RecordError):
            raise row
        try:
            answers.add(_batched(row, where) if "custom_id" in row else _plain(row, where))
        except (ValueError, LookupError, TypeError) as error:
            raise RecordError(f"{where}: {error}") from None
    return answers


def _plain(row: Row, where: str) -> Answer:
    """An answer with its id or prompt, or a row of any layout that has the answer in it."""
    found, record = given(row), row
    if not found and (layout := _layout(row)):
        found, record = LAYOUTS[layout].given(row), LAYOUTS[layout].inner(row)
    id = next((str(record[name]) for name in NAMES if record.get(name) is not None), None)
    asked = record.get("prompt") if record.get("prompt") is not None else record.get("messages")
    return Answer(where, id, None if asked is None else prompt_of(asked).strip(), found)


def _layout(row: Row) -> str | None:
    try:
        return tell(row)
    except ValueError:
        return None


def _batched(row: Row, where: str) -> Answer:
    """A line of a batch's output. Where the request failed, the answer is null."""
    match row.get("response"):
        case {"body": {"choices": [*choices]}} if choices:
            texts = [choice["message"]["content"] for choice in choices]
        case str(text):
            texts = [text]
        case _:
            texts = [None]
    answer = {"response": texts[0]} if len(texts) == 1 else {"responses": texts}
    return Answer(where, str(row["custom_id"]), None, answer)
