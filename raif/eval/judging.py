"""The judging phase: each item's requests, round by round, every reply kept the moment it comes.

A run that was killed goes on where it stopped: a request whose reply is in the file, from the same judge and
to the same messages, is not put again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from raif.client.background import as_completed
from raif.client.chat import ChatClient, Reply
from raif.config.eval import EvalJudgeConfig
from raif.errors import RefusedRequest
from raif.eval.answers import Progress, digest
from raif.eval.benchmark import Replies, Request
from raif.files import jsonl
from raif.types import Frozen, Message

Asks = Callable[[Replies], Sequence[Request]]
"""All requests about one answer that can be put, given the replies so far."""


class Judgment(Frozen):
    """One line of the file of judgments. `reply` is without the judge's thinking; `readable` False: the last
    of `attempts` replies could not be read either; `refused`: what the server said instead of a reply."""

    id: str
    key: str
    model: str
    settings: dict[str, Any]
    prompt_hash: str
    reply: str
    reasoning: str | None
    truncated: bool
    attempts: int
    readable: bool
    refused: str | None = None


@dataclass
class Judging:
    """The judge that the config names, and the file that keeps what it says."""

    config: EvalJudgeConfig
    path: Path
    _kept: dict[tuple[str, str, str], Judgment] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path.exists():
            jsonl.drop_torn_line(self.path)
            kept = [one for one in jsonl.read(self.path, Judgment) if self._ours(one)]
            self._kept = {(one.id, one.key, one.prompt_hash): one for one in kept}

    @property
    def model(self) -> str:
        return str(self.config.model)

    @property
    def settings(self) -> dict[str, Any]:
        return {"attempts": self.config.attempts, **self.config.sampling.model_dump()}

    def replies(self, asks: Mapping[str, Asks], progress: Progress) -> dict[str, Replies]:
        """The replies to each item's requests, by item id and key.

        EndpointError where the judge can't be reached; a request that it refuses has an empty reply.
        """
        found: dict[str, Replies] = {}
        with self.path.open("ab") as file:
            work = [lambda chat, id=id, ask=ask: self._item(chat, id, ask, file) for id, ask in asks.items()]
            ids = list(asks)
            for position, replies in as_completed(self._connect, work):
                found[ids[position]] = replies
                progress(len(found), len(asks))
        return found

    def _connect(self) -> ChatClient:
        return ChatClient(self.config.endpoint, self.config.sampling, self.model)

    def _ours(self, judgment: Judgment) -> bool:
        return (judgment.model, judgment.settings) == (self.model, self.settings)

    async def _item(self, chat: ChatClient, id: str, ask: Asks, file: BinaryIO) -> Replies:
        replies: dict[str, str] = {}
        while new := [request for request in ask(replies) if request.key not in replies]:
            judgments = await asyncio.gather(*(self._judgment(chat, id, one, file) for one in new))
            replies |= {one.key: one.reply for one in judgments}
        return replies

    async def _judgment(self, chat: ChatClient, id: str, request: Request, file: BinaryIO) -> Judgment:
        hashed = digest(request.messages)
        if kept := self._kept.get((id, request.key, hashed)):
            return kept
        said = await self._said(chat, request)
        found = Judgment(
            id=id, key=request.key, model=self.model, settings=self.settings, prompt_hash=hashed, **said
        )
        jsonl.write(file, [found])
        return found

    async def _said(self, chat: ChatClient, request: Request) -> dict[str, Any]:
        messages = list(request.messages)
        for attempt in range(1, self.config.attempts + 1):
            try:
                reply = await chat.reply(messages)
            except RefusedRequest as error:
                return _line("", Reply("", None, False), attempt, False) | {"refused": error.message}
            text = _without_thinking(reply.text)
            if request.readable(text):
                return _line(text, reply, attempt, True)
            messages += _again(text, request)
        return _line(text, reply, attempt, False)


def _line(text: str, reply: Reply, attempts: int, readable: bool) -> dict[str, Any]:
    return {
        "reply": text,
        "reasoning": reply.reasoning,
        "truncated": reply.truncated,
        "attempts": attempts,
        "readable": readable,
    }


def _again(text: str, request: Request) -> list[Message]:
    said = [Message(role="assistant", content=text)] if text else []
    return [*said, Message(role="user", content=request.again)] if request.again and said else []


def _without_thinking(text: str) -> str:
    return text.rpartition("</think>")[2].strip()
