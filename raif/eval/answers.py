"""Asks and their answers: where answers come from, and how each is kept the moment it comes.

A run that was killed goes on where it stopped: an ask whose answer is in the file, from the same model,
settings and messages, is not asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from raif.files import jsonl
from raif.reasoning import OPENED, Style
from raif.types import Frozen, Message, digest

Progress = Callable[[int, int], None]
"""Called with (answers so far, answers in all)."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One item's messages, and the instructions that it was composed of, where they are known."""

    id: str
    messages: tuple[Message, ...]
    steps: tuple[str, ...] = ()

    @property
    def prompt(self) -> str:
        """The last turn, as the user put it."""
        return self.messages[-1].content

    @property
    def digest(self) -> str:
        return digest(self.messages)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `reasoning` is what a server split off; otherwise it is part of `response`."""

    response: str
    reasoning: str | None = None
    truncated: bool = False

    def whole(self, think: Style) -> str:
        """The response as the parser of `think` reads it: with the tags put back that a server took away."""
        if think == "none" or self.reasoning is None:
            return self.response
        if not self.response:
            return f"{OPENED}{self.reasoning}"  # whose thinking never came to an answer
        bare = think == "tagged" and "<answer>" not in self.response
        end = "" if self.truncated else "\n</answer>"
        answer = f"<answer>\n{self.response}{end}" if bare else self.response
        return f"{OPENED}{self.reasoning}\n</think>\n{answer}"


class Responder(Protocol):
    """A source of answers. `model` and `settings` say all that an answer depends on besides its ask."""

    model: str
    settings: Mapping[str, Any]

    def respond(self, asks: Sequence[Ask]) -> Generator[tuple[Ask, Answer], None, None]:
        """Answers as they come, in any order; an ask without an answer is left out."""
        ...


class Record(Frozen):
    """One line of the file of answers; IFEval's own program reads it too (`prompt`, `response`)."""

    id: str
    model: str
    settings: dict[str, Any]
    prompt_hash: str
    prompt: str
    response: str
    reasoning: str | None
    truncated: bool

    @classmethod
    def of(cls, ask: Ask, answer: Answer, responder: Responder) -> Record:
        return cls(
            id=ask.id,
            model=responder.model,
            settings=dict(responder.settings),
            prompt_hash=ask.digest,
            prompt=ask.prompt,
            response=answer.response,
            reasoning=answer.reasoning,
            truncated=answer.truncated,
        )

    def answers(self, ask: Ask, responder: Responder) -> bool:
        return (self.prompt_hash, self.model, self.settings) == (
            ask.digest,
            responder.model,
            responder.settings,
        )


def collect(asks: Sequence[Ask], responder: Responder, path: Path, progress: Progress) -> dict[str, Answer]:
    """Answers by item id: those in `path`, then `responder`'s for the others, each appended as it comes."""
    answers = _kept(asks, responder, path)
    progress(len(answers), len(asks))
    missing = [ask for ask in asks if ask.id not in answers]
    if not missing:
        return answers
    with path.open("ab") as file, closing(responder.respond(missing)) as responses:
        for ask, answer in responses:
            jsonl.write(file, [Record.of(ask, answer, responder)])
            answers[ask.id] = answer
            progress(len(answers), len(asks))
    return answers


def _kept(asks: Sequence[Ask], responder: Responder, path: Path) -> dict[str, Answer]:
    if not path.exists():
        return {}
    jsonl.drop_torn_line(path)
    by_id = {ask.id: ask for ask in asks}
    records = [r for r in jsonl.read(path, Record) if r.id in by_id and r.answers(by_id[r.id], responder)]
    return {r.id: Answer(r.response, r.reasoning, r.truncated) for r in records}
