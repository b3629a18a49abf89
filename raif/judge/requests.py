"""What a benchmark asks a judge about each answer, round by round. Each reply is saved as soon as it comes.

A run that was killed resumes where it stopped: a request whose reply is in the file, from the same judge and
to the same messages, is not repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from raif.client.background import as_completed
from raif.client.chat import ChatClient, Reply
from raif.config.judge import JudgeConfig
from raif.errors import RefusedRequest
from raif.files import jsonl
from raif.judge.judgment import without_reasoning
from raif.types import Frozen, Message, digest


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """One request to the judge; `key` tells it from the item's other ones.

    A reply that is not `readable` is asked for again, with the text `again`.
    """

    key: str
    messages: tuple[Message, ...]
    readable: Callable[[str], bool] = lambda reply: True
    again: str = ""


Replies = Mapping[str, str]
"""The judge's replies to one item's requests, by key."""
Asks = Callable[[Replies], Sequence[JudgeRequest]]
"""All requests about one answer that can be made, given the replies so far."""


class StoredReply(Frozen):
    """One line of the file. `reply` is without the judge's reasoning; `readable` is False if the last of
    `attempts` replies could not be read either; `refused` is what the server said instead of a reply."""

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


class Rounds:
    """Asks the judge that a config names, in rounds, and keeps its replies in a file."""

    def __init__(self, config: JudgeConfig, path: Path) -> None:
        self._config, self._path = config, path
        self._settings = {"attempts": config.attempts, **config.sampling.model_dump()}
        self._kept: dict[tuple[str, str, str], StoredReply] = {}
        if path.exists():
            jsonl.drop_torn_line(path)
            for one in jsonl.read(path, StoredReply):
                if (one.model, one.settings) == (config.model, self._settings):
                    self._kept[one.id, one.key, one.prompt_hash] = one

    def replies(self, asks: Mapping[str, Asks], progress: Callable[[int, int], None]) -> dict[str, Replies]:
        """The replies to each item's requests, by item id and key. `progress`: (items done, all items).

        Raises EndpointError if the judge can't be reached. A request that it refuses has an empty reply.
        """
        found: dict[str, Replies] = {}
        config = self._config
        with self._path.open("ab") as file:
            work = [partial(self._item, id=id, ask=ask, file=file) for id, ask in asks.items()]
            ids = list(asks)
            for position, replies in as_completed(
                lambda: ChatClient(config.endpoint, config.sampling, config.model), work
            ):
                found[ids[position]] = replies
                progress(len(found), len(asks))
        return found

    async def _item(self, chat: ChatClient, id: str, ask: Asks, file: BinaryIO) -> Replies:
        replies: dict[str, str] = {}
        while new := [request for request in ask(replies) if request.key not in replies]:
            stored = await asyncio.gather(*(self._stored(chat, id, one, file) for one in new))
            replies |= {one.key: one.reply for one in stored}
        return replies

    async def _stored(self, chat: ChatClient, id: str, request: JudgeRequest, file: BinaryIO) -> StoredReply:
        """The reply in the file, or one that is asked for and then written to it."""
        hashed = digest(request.messages)
        if kept := self._kept.get((id, request.key, hashed)):
            return kept
        found = StoredReply(
            id=id,
            key=request.key,
            model=self._config.model,
            settings=self._settings,
            prompt_hash=hashed,
            **await self._asked(chat, request),
        )
        jsonl.write(file, [found])
        return found

    async def _asked(self, chat: ChatClient, request: JudgeRequest) -> dict[str, Any]:
        """Ask in one growing dialogue until a reply can be read or the attempts are used up."""
        messages = list(request.messages)
        for attempt in range(1, self._config.attempts + 1):
            try:
                reply, refused = await chat.reply(messages), None
            except RefusedRequest as error:
                reply, refused = Reply("", None, False), error.message
            text = without_reasoning(reply.text)
            line = {
                "reply": text,
                "reasoning": reply.reasoning,
                "truncated": reply.truncated,
                "attempts": attempt,
                "readable": refused is None and request.readable(text),
                "refused": refused,
            }
            if line["readable"] or refused is not None:
                break
            if text and request.again:
                messages.append(Message(role="assistant", content=text))
                messages.append(Message(role="user", content=request.again))
        return line
