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
from typing import IO, Any

from raif.client.background import as_completed
from raif.client.chat import ChatClient, Halted, Slots
from raif.client.item_errors import ItemErrors, worst
from raif.client.used import Used, total
from raif.config.judge import JudgeConfig
from raif.errors import EndpointError, FailedRequest
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
Place = tuple[str, str, str]
"""A request in the file: its item's id, its key, and a hash of its messages."""


class StoredReply(Frozen):
    """One line of the file. `reply` is without the judge's reasoning; `readable` is False if the last of
    `attempts` replies could not be read either. `refused`, what the server said instead of a reply, stands in
    files of earlier versions: such a line counts for nothing."""

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
    used: Used | None = None
    refused: str | None = None


def stored_replies(path: Path) -> Sequence[StoredReply]:
    """All lines of a file of replies, also of earlier judges; none if there is no file."""
    return list(jsonl.read(jsonl.whole_lines(path), StoredReply))


class Rounds:
    """Asks the judge that a config names, in rounds, and keeps its replies in a file."""

    def __init__(
        self, config: JudgeConfig, path: Path, errors: ItemErrors | None = None, *, again: bool = False
    ) -> None:
        """`errors`: of items whose requests fail; by default the first one ends it. `again`: ask even if
        there is a reply, which counts until a new one comes that can be read."""
        self._config, self._path, self._again = config, path, again
        self._errors = errors or ItemErrors("judge")
        self._settings = {"attempts": config.attempts, **config.sampling.settings}
        self._kept: dict[Place, StoredReply] = {}
        self._outlasting: set[Place] = set()
        self._asked: set[Place] = set()
        for one in stored_replies(path):
            if (one.model, one.settings, one.refused) == (config.model, self._settings, None):
                self._keep(one)

    @property
    def outlasting(self) -> int:
        """How many of the replies that were asked for are earlier ones, because the newer can't be read."""
        return len(self._outlasting & self._asked)

    def replies(self, asks: Mapping[str, Asks], progress: Callable[[int, int], None]) -> dict[str, Replies]:
        """The replies to each item's requests, by item id and key. `progress`: (items done, all items).

        A request that fails for good has no reply, and is made again next time. Raises EndpointError, once
        the replies in flight are saved, if the judge is of no use or too many items' requests failed.
        """
        found: dict[str, Replies] = {}
        slots = self._errors.slots(self._config.endpoint.concurrency)
        with jsonl.appending(self._path) as file:
            work = [partial(self._item, id=id, ask=ask, file=file) for id, ask in asks.items()]
            ids = list(asks)
            for position, replies in as_completed(partial(_client, self._config, slots), work):
                found[ids[position]] = replies
                progress(len(found), len(asks))
        self._errors.check()
        return found

    async def _item(self, chat: ChatClient, id: str, ask: Asks, file: IO[bytes]) -> Replies:
        """Round by round. After one in which a request fails, what the file knows counts."""
        replies: dict[str, str] = {}
        while new := [request for request in ask(replies) if request.key not in replies]:
            work = (self._stored(chat, id, one, file) for one in new)
            found = await asyncio.gather(*work, return_exceptions=True)
            if errors := [one for one in found if isinstance(one, BaseException)]:
                error = worst(errors)
                if isinstance(error, EndpointError):
                    self._errors.add(id, error)
                elif not isinstance(error, Halted):
                    raise error
                return self._known(id, ask)
            replies |= {one.key: one.reply for one in found if isinstance(one, StoredReply)}
        return replies

    def kept(self, id: str, request: JudgeRequest) -> StoredReply | None:
        """The reply in the file to a request about an item."""
        return self._kept.get((id, request.key, digest(request.messages)))

    def _known(self, id: str, ask: Asks) -> Replies:
        """The replies about an item in the file, up to the first round that lacks one."""
        replies: dict[str, str] = {}
        while new := [request for request in ask(replies) if request.key not in replies]:
            known = [self.kept(id, request) for request in new]
            replies |= {one.key: one.reply for one in known if one}
            if None in known:
                break
        return replies

    async def _stored(self, chat: ChatClient, id: str, request: JudgeRequest, file: IO[bytes]) -> StoredReply:
        """The reply in the file, or one that is asked for and then written to it."""
        place = id, request.key, digest(request.messages)
        self._asked.add(place)
        if self._again or place not in self._kept:
            found = StoredReply(
                id=id,
                key=request.key,
                model=self._config.model,
                settings=self._settings,
                prompt_hash=place[-1],
                **await _asked(chat, request, self._config.attempts),
            )
            jsonl.write(file, [found])
            self._keep(found)
        return self._kept[place]

    def _keep(self, new: StoredReply) -> None:
        """The newer reply counts, unless only the earlier one can be read."""
        place = new.id, new.key, new.prompt_hash
        earlier = self._kept.get(place)
        if earlier and earlier.readable and not new.readable:
            self._outlasting.add(place)
        else:
            self._kept[place] = new
            self._outlasting.discard(place)


PROBES = 3
"""Requests on which a judge is tried."""


def probe(config: JudgeConfig, requests: Sequence[JudgeRequest]) -> None:
    """Try a judge before anything is paid for. Raises EndpointError if it can't be asked, or if none of its
    replies can be read. A request that it refuses may be due to this one item."""

    async def tried(chat: ChatClient, request: JudgeRequest) -> dict[str, Any] | FailedRequest:
        try:
            return await _asked(chat, request, config.attempts)
        except FailedRequest as error:
            return error

    work = [partial(tried, request=one) for one in requests[:PROBES]]
    found = [one for _, one in as_completed(partial(_client, config, Slots(PROBES)), work)]
    lines = [one for one in found if isinstance(one, dict)]
    if not found or any(line["readable"] for line in lines):
        return
    if not lines:
        raise next(one for one in found if isinstance(one, FailedRequest))
    said = lines[0]["reply"][-200:] or ("nothing but thinking" if lines[0]["reasoning"] else "nothing")
    cut = " They are cut off: raise judge.sampling.max_tokens." if lines[0]["truncated"] else ""
    raise EndpointError(
        f"{config.model}: none of {len(found)} trial judgments can be read; one ends in {said!r}",
        f"No answer was asked for yet. Take another judge, or other prompts (--judge-prompts).{cut}",
    )


def _client(config: JudgeConfig, slots: Slots) -> ChatClient:
    return ChatClient(config.endpoint, config.sampling, config.model, slots)


async def _asked(chat: ChatClient, request: JudgeRequest, attempts: int) -> dict[str, Any]:
    """Ask in one growing dialogue until a reply can be read or the attempts are used up."""
    messages, used = list(request.messages), list[Used | None]()
    for attempt in range(1, attempts + 1):
        reply = await chat.reply(messages)
        used.append(Used.by(reply))
        text = without_reasoning(reply.text)
        line = {
            "reply": text,
            "reasoning": reply.reasoning,
            "truncated": reply.truncated,
            "attempts": attempt,
            "readable": request.readable(text),
            "used": total(used),
        }
        if line["readable"]:
            break
        if text and request.again:
            messages.append(Message(role="assistant", content=text))
            messages.append(Message(role="user", content=request.again))
    return line
