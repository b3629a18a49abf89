"""Questions to a model and its answers, each saved as soon as it arrives.

A killed run resumes where it stopped: a question whose answer is in the file, from the same model, settings
and messages, is not asked again.
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
"""Called with (answers so far, answers in total)."""


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
    """What came back. `reasoning` is what a server split off; otherwise it is part of `response`."""

    response: str
    reasoning: str | None = None
    truncated: bool = False

    def whole(self, think: Style) -> str:
        """The response as the parser of `think` expects it, with the tags that a server removed put back."""
        if think == "none" or self.reasoning is None:
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

    def respond(self, asks: Sequence[Ask]) -> Answers:
        """Yields answers as they arrive, in any order; skips what it has no answer to."""
        ...


class KeptAnswer(Frozen):
    """One line of the file of answers. IFEval's own program reads it too (`prompt`, `response`)."""

    id: str
    model: str
    settings: dict[str, Any]
    prompt_hash: str
    prompt: str
    response: str
    reasoning: str | None
    truncated: bool


def collect(asks: Sequence[Ask], responder: Responder, path: Path, progress: Progress) -> dict[str, Answer]:
    """Answers by item id: those in `path`, then `responder`'s for the rest, each appended as it arrives."""
    answers = _kept(asks, responder, path)
    progress(len(answers), len(asks))
    missing = [ask for ask in asks if ask.id not in answers]
    if not missing:
        return answers
    with path.open("ab") as file, closing(responder.respond(missing)) as responses:
        for ask, answer in responses:
            kept = KeptAnswer(
                id=ask.id,
                model=responder.model,
                settings=dict(responder.settings),
                prompt_hash=digest(ask.messages),
                prompt=ask.prompt,
                response=answer.response,
                reasoning=answer.reasoning,
                truncated=answer.truncated,
            )
            jsonl.write(file, [kept])
            answers[ask.id] = answer
            progress(len(answers), len(asks))
    return answers


def _kept(asks: Sequence[Ask], responder: Responder, path: Path) -> dict[str, Answer]:
    """The answers in the file that this responder would give to these asks."""
    if not path.exists():
        return {}
    jsonl.drop_torn_line(path)
    wanted = {ask.id: (digest(ask.messages), responder.model, responder.settings) for ask in asks}
    return {
        kept.id: Answer(kept.response, kept.reasoning, kept.truncated)
        for kept in jsonl.read(path, KeptAnswer)
        if wanted.get(kept.id) == (kept.prompt_hash, kept.model, kept.settings)
    }
