"""Questions to a model and its answers, each saved as soon as it arrives.

A killed run resumes where it stopped: a question whose answer is in the file, from the same model, settings
and messages, is not asked again. The same goes for the calls of a method that makes several for one answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from raif.client.item_errors import ItemErrors
from raif.client.used import Used
from raif.files import jsonl
from raif.reasoning import OPENED, Marks
from raif.types import Frozen, Message, digest


class Progress(Protocol):
    """Told how many items are done, of how many, the tokens written since the last call, as far as they were
    counted, and what else is known."""

    def __call__(self, done: int, total: int, tokens: int, /, *, note: str = "") -> None: ...


CHOSEN_BY = "chosen_by"
"""The setting that an answer depends on and the calls that it was chosen from don't: how these are split."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One item's messages, and the instructions it was composed of, if they are known."""

    id: str
    messages: tuple[Message, ...]
    steps: tuple[str, ...] = ()

    @property
    def prompt(self) -> str:
        """The last turn, as the user wrote it."""
        return self.messages[-1].content


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `reasoning` is what a server split off; otherwise it is part of `response`.

    `used`: what it took, with all calls of the method; None if that is unknown.
    """

    response: str
    reasoning: str | None = None
    truncated: bool = False
    used: Used | None = field(default=None, compare=False)

    def whole(self, think: Marks) -> str:
        """The response as the parser of `think` expects it: if tags are what it was asked for, those that a
        server removed are put back."""
        if think not in ("tagged", "deepseek") or self.reasoning is None:
            return self.response
        if not self.response:
            return f"{OPENED}{self.reasoning}"  # the thinking never ended in an answer
        bare = think == "tagged" and "<answer>" not in self.response
        end = "" if self.truncated else "\n</answer>"
        answer = f"<answer>\n{self.response}{end}" if bare else self.response
        return f"{OPENED}{self.reasoning}\n</think>\n{answer}"


Answers = Generator[tuple[Ask, Answer], None, None]


class Responder(Protocol):
    """A source of answers. An answer depends on nothing but `model`, `settings` and what is asked."""

    model: str
    settings: Mapping[str, Any]

    def respond(self, asks: Sequence[Ask], notes: Notes | None = None) -> Answers:
        """Yields answers as they arrive, in any order; skips what it has no answer to.

        What goes wrong with an item goes into `notes.errors`. Raises EndpointError in the end if that was too
        much.
        """
        ...


class Kept(Frozen):
    """What was asked last, of whom and how, and what came back."""

    id: str
    model: str
    settings: dict[str, Any]
    prompt_hash: str
    prompt: str
    response: str
    reasoning: str | None
    truncated: bool
    used: Used | None = None

    @property
    def answer(self) -> Answer:
        return Answer(self.response, self.reasoning, self.truncated, self.used)


class KeptAnswer(Kept):
    """One line of the file of answers. IFEval's own program reads it too (`prompt`, `response`)."""


class KeptCall(Kept):
    """One line of the file of calls: a method's `number`-th call about an item, counted from 0."""

    number: int


class Calls:
    """The calls of a method that makes several for one answer. Each is kept as soon as its reply comes."""

    def __init__(self, path: Path | None = None, responder: Responder | None = None) -> None:
        self._path, self._responder = path, responder
        self._kept: defaultdict[str, dict[int, KeptCall]] = defaultdict(dict)
        if path and responder:
            settings = {key: value for key, value in responder.settings.items() if key != CHOSEN_BY}
            for one in jsonl.read(jsonl.whole_lines(path), KeptCall):
                if one.model == responder.model and alike(one.settings, settings):
                    self._kept[one.id][one.number] = one

    def find(self, id: str, number: int, messages: Sequence[Message]) -> Answer | None:
        """The reply to a call that was made before."""
        found = self._kept[id].get(number)
        return found.answer if found and found.prompt_hash == digest(messages) else None

    def keep(self, id: str, number: int, messages: Sequence[Message], answer: Answer) -> None:
        if self._path and self._responder:
            fields = _fields(self._responder, id, messages, answer)
            kept = self._kept[id][number] = KeptCall(number=number, **fields)
            with jsonl.appending(self._path) as file:
                jsonl.write(file, [kept])

    def of(self, id: str) -> list[KeptCall]:
        """All calls about an item, in their order."""
        return [one for _, one in sorted(self._kept[id].items())]


@dataclass(frozen=True, slots=True)
class Notes:
    """What is kept while answers are sought, besides the answers. By default in memory alone."""

    errors: ItemErrors = field(default_factory=ItemErrors)
    calls: Calls = field(default_factory=Calls)
    ended: Callable[[int, int], None] = lambda count, of: None
    """Told after each token of a batch in this process how many of its responses have ended."""


def collect(
    asks: Sequence[Ask], responder: Responder, path: Path, progress: Progress, notes: Notes | None = None
) -> dict[str, Answer]:
    """Answers by item id: those in `path`, then `responder`'s for the rest, each appended as it arrives."""
    answers = kept_answers(asks, responder, path)

    def report(tokens: int = 0, note: str = "") -> None:
        progress(len(answers) + len(noted.errors.messages), len(asks), tokens, note=note)

    def ended(count: int, of: int) -> None:
        report(note=f"{count} of a batch of {of} have ended")

    noted = replace(notes or Notes(), ended=ended)
    report()
    missing = [ask for ask in asks if ask.id not in answers]
    if not missing:
        return answers
    with jsonl.appending(path) as file, closing(responder.respond(missing, noted)) as responses:
        for ask, answer in responses:
            jsonl.write(file, [KeptAnswer(**_fields(responder, ask.id, ask.messages, answer))])
            answers[ask.id] = answer
            report((answer.used.written if answer.used else None) or 0)
    return answers


def kept_answers(asks: Sequence[Ask], responder: Responder, path: Path) -> dict[str, Answer]:
    """The answers in the file that this responder would give to these asks, by item id."""
    wanted = {ask.id: digest(ask.messages) for ask in asks}
    return {
        kept.id: kept.answer
        for kept in jsonl.read(jsonl.whole_lines(path), KeptAnswer)
        if (wanted.get(kept.id), responder.model) == (kept.prompt_hash, kept.model)
        and alike(kept.settings, responder.settings)
    }


def alike(kept: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether nothing is different that answers or calls of the settings `now` depend on."""
    return {key: value for key, value in kept.items() if key in now or key not in (CHOSEN_BY, "think")} == now


def _fields(responder: Responder, id: str, messages: Sequence[Message], answer: Answer) -> dict[str, Any]:
    return {
        "id": id,
        "model": responder.model,
        "settings": dict(responder.settings),
        "prompt_hash": digest(messages),
        "prompt": messages[-1].content,
        "response": answer.response,
        "reasoning": answer.reasoning,
        "truncated": answer.truncated,
        "used": answer.used,
    }
