"""Answers the requests of a server: a thread that decodes those that wait together, each as it wants it.

Requests that arrive while a batch is decoded form the next one. A request's tokens depend on its own seed
alone, and are those of `raif.models.decode` if it wants no filters and penalties.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Literal

import torch
from torch import Tensor

from raif.models.chat import Chat
from raif.models.decode import Batch
from raif.models.load import Model
from raif.models.sampling import Sampling, chosen
from raif.models.written import Written

ROOM = 1024
"""Tokens that the cache has room for at first: a limit of 100,000 costs nothing until they are written."""


PLAIN = Sampling()


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: `n` responses to one prompt. `limit`: the most tokens of each.

    `candidates`: how many of the likeliest tokens to report for each token; None: no log-probabilities.
    """

    prompt: list[int]
    limit: int
    n: int = 1
    sampling: Sampling = PLAIN
    seed: int = 0
    stop: Sequence[str] = ()
    candidates: int | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token with its log-probability under the model's own distribution, and the likeliest ones there."""

    text: str
    logp: float
    candidates: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """What one token adds to a response. `ended`: why the response is over, at its last piece."""

    index: int
    text: str
    token: Token | None = None
    ended: Literal["stop", "length"] | None = None


@dataclass
class Job:
    """A request that was submitted. `tell` gets its pieces, or the exception that ended all of them.

    It is called in the engine's thread. `abandoned`: nobody waits for the rest any more.
    """

    ask: Ask
    tell: Callable[[Piece | Exception], None]
    abandoned: bool = False


class Engine:
    """One model. `rows`: how many responses are decoded at once; a request for more is decoded alone."""

    def __init__(self, model: Model, *, rows: int) -> None:
        self._model, self._rows = model, rows
        self._chat = Chat(model.tokenizer, "none")
        self._waiting: SimpleQueue[Job] = SimpleQueue()
        self._next: Job | None = None
        Thread(target=self._work, daemon=True).start()

    def submit(self, ask: Ask, tell: Callable[[Piece | Exception], None]) -> Job:
        job = Job(ask, tell)
        self._waiting.put(job)
        return job

    def _work(self) -> None:
        while True:
            jobs = self._together()
            try:
                self._decode([job for job in jobs if not job.abandoned])
            except Exception as error:  # such as memory: the requests fail, and the server goes on
                logging.getLogger(__name__).exception("%d requests failed", len(jobs))
                for job in jobs:
                    job.tell(error)

    def _together(self) -> list[Job]:
        """The requests that wait, as many as are decoded at once. Waits for the first."""
        jobs = [self._next or self._waiting.get()]
        self._next = None
        rows = jobs[0].ask.n
        while True:
            try:
                job = self._waiting.get_nowait()
            except Empty:
                return jobs
            rows += job.ask.n
            if rows > self._rows:
                self._next = job
                return jobs
            jobs.append(job)

    @torch.inference_mode()
    def _decode(self, jobs: Sequence[Job]) -> None:
        if not jobs:
            return
        rows = [_Row(job, index, self._chat) for job in jobs for index in range(job.ask.n)]
        batch = Batch.prefill(
            self._model,
            [job.ask.prompt for job in jobs],
            [job.ask.n for job in jobs],
            room=min(ROOM, max(job.ask.limit for job in jobs)),
        )
        while True:
            live = [rows[owner] for owner in batch.owners.tolist()]
            tokens = chosen(
                batch.logits,
                [row.job.ask.sampling for row in live],
                [(row.job.ask.prompt, row.ids) for row in live],
                torch.cat([torch.rand(1, generator=row.random) for row in live]),
            )
            for place, (row, token) in enumerate(zip(live, tokens, strict=True)):
                if not batch.ended[place]:
                    batch.ended[place] = row.add(token, batch.logits[place], self._model.end_ids)
            if bool(batch.ended.all()):
                return
            batch = batch.step(torch.tensor(tokens, device=self._model.device))


@dataclass
class _Row:
    """One response while it is decoded."""

    job: Job
    index: int
    chat: Chat
    ids: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        # A response has a stream of chances to itself, so that a limit or other responses don't change it.
        self.random = torch.Generator().manual_seed(self.job.ask.seed + self.index)
        self._written = Written(self._decoded, self.job.ask.stop)

    def add(self, token: int, logits: Tensor, end_ids: frozenset[int]) -> bool:
        """Report the token. Returns whether the response is over."""
        if self.job.abandoned:
            return True
        self.ids.append(token)
        if token in end_ids:
            self.job.tell(Piece(self.index, self._written.close(), ended="stop"))
            return True
        text, ask = self._written.add(token), self.job.ask
        full = len(self.ids) == ask.limit and not self._written.stopped
        if full:
            text += self._written.close()
        ended: Literal["stop", "length"] | None = (
            "stop" if self._written.stopped else "length" if full else None
        )
        self.job.tell(Piece(self.index, text, self._token(token, logits), ended))
        return ended is not None

    def _token(self, token: int, logits: Tensor) -> Token | None:
        count = self.job.ask.candidates
        if count is None:
            return None
        logps = logits.float().log_softmax(-1)
        best, ids = logps.topk(count)
        likeliest = tuple(
            (self._text(one), logp) for one, logp in zip(ids.tolist(), best.tolist(), strict=True)
        )
        return Token(self._text(token), float(logps[token]), likeliest)

    def _decoded(self, ids: Sequence[int]) -> str:
        decode = self.chat.tokenizer.decode
        return str(
            decode(self.chat.shown(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
        )

    def _text(self, token: int) -> str:
        """The token alone, also if it is a special one."""
        return str(self.chat.tokenizer.decode([token], clean_up_tokenization_spaces=False))
