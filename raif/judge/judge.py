"""A judge answers yes/no questions about responses: for `verify`, for rewards and for data alike.

Any thread can ask it, in blocking code (`ask`) or in asynchronous code (`judge`); all requests share one
limit, one client and one cache.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self, TypeVar

from raif.client.background import Background
from raif.client.chat import TOP_LOGPROBS, ChatClient, ChatModel, Reply
from raif.client.store import Store
from raif.config.judge import JudgeConfig
from raif.errors import FailedRequest, RefusedRequest, TooLong
from raif.judge import judgment
from raif.judge.judgment import JudgeItem, Judgment
from raif.prompts import Prompts, choose, load_languages
from raif.types import Message, Relevance

T = TypeVar("T")
IN_A_ROW = 20
"""So many questions without a reply, one after another, are the judge's fault and not theirs."""


def open_judge(config: JudgeConfig | None, folder: Path) -> Judge | None:
    """The judge that a config names; it keeps its judgments in the run's folder unless told otherwise."""
    if config is None:
        return None
    model = None
    if config.local:
        from raif.models.local import LocalJudge

        model = LocalJudge(config.model, config.local)
    cache = config.cache or folder / "judgments.sqlite"
    return Judge(config.model_copy(update={"cache": cache}), model)


class Judge:
    """Use it in a `with` block, or close it.

    `passed` is None if a question can't be judged: two replies that are neither yes nor no, or a request that
    fails for good. Raises EndpointError if the server can't be reached, or wants a key or another model name,
    and if it fails on all: on the first question other than by refusing it, or on many in a row.
    """

    def __init__(
        self, config: JudgeConfig, model: ChatModel | None = None, background: Background | None = None
    ) -> None:
        """`model`: what replies instead of the server, in the event loop of `background`. A failure there is
        raised: its owner knows which item it belongs to."""
        self._config = config
        self._prompts = load_languages("judge", config.prompts, only=True)
        self._cache = Cache(config.cache) if config.cache else None
        self._chat = model or ChatClient(config.endpoint, config.sampling, config.model)
        self.counts: Counter[str] = Counter()
        """Questions so far: `asked` or `cached`, and in both cases `yes`, `no` or `unjudged`."""
        self._gives_logprobs, self._answers, self._failed, self._own = True, False, 0, model is None
        self._background = background or Background()

    @property
    def concurrency(self) -> int:
        """The most requests in flight at once."""
        return self._config.endpoint.concurrency

    @property
    def digests(self) -> dict[str, str]:
        """Which prompts are used, by language."""
        return {language: prompts.digest for language, prompts in self._prompts.items()}

    def ask(self, items: Sequence[JudgeItem]) -> list[Judgment]:
        """All judgments, in order. Blocks; asynchronous code uses `judge`."""

        async def judge_all() -> list[Judgment]:
            return await asyncio.gather(*map(self._judged, items))

        return self.run(judge_all()).result()

    def relevance(self, answered: Sequence[tuple[str, str, str]]) -> list[Relevance]:
        """Whether each answer is one to its prompt, given as prompt, language and answer. An empty one isn't,
        and isn't asked about."""
        said = iter(self.ask([self.about_relevance(*each) for each in answered if each[2].strip()]))
        return [
            Relevance(next(said).passed) if answer.strip() else Relevance(relevant=False)
            for _, _, answer in answered
        ]

    def about_relevance(self, prompt: str, language: str, answer: str) -> JudgeItem:
        """The question whether an answer is one to its prompt."""
        return JudgeItem(prompt, answer, choose(self._prompts, language).templates["relevant"], language)

    def kept(self, item: JudgeItem) -> Judgment | None:
        """The judgment in the cache; asks nothing."""
        return self._cache.get(self._key(*self._question(item))) if self._cache else None

    async def judge(self, item: JudgeItem) -> Judgment:
        """One judgment, awaited in any event loop."""
        return await asyncio.wrap_future(self.run(self._judged(item)))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine that awaits judgments in the judge's own event loop; the caller does not wait."""
        return self._background.run(coroutine)

    def close(self) -> None:
        """Cancel what is in flight."""
        self._background.close(self._chat.close())
        if self._cache:
            self._cache.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    async def _judged(self, item: JudgeItem) -> Judgment:
        """From the cache, or asked and then kept; counted either way."""
        prompts, text = self._question(item)
        key, how = self._key(prompts, text), "cached"
        found = self._cache.get(key) if self._cache else None
        if found is None:
            found, how = await self._asked(text, prompts.templates["again"]), "asked"
            if self._cache and found.passed is not None:
                self._cache.put(key, found)
        self.counts.update((how, {True: "yes", False: "no", None: "unjudged"}[found.passed]))
        return found

    async def _asked(self, text: str, again: str) -> Judgment:
        """Ask, and ask once more for a single word if the reply says neither yes nor no."""
        question = Message(role="user", content=text)
        try:
            reply = await self._reply(question)
            found = judgment.read(reply)
            if found.passed is None and reply.text:
                said = Message(role="assistant", content=reply.text)
                found = judgment.read(await self._reply(question, said, Message(role="user", content=again)))
        except TooLong as error:
            return Judgment(None, error.message)
        except FailedRequest as error:
            self._failed += 1
            of_the_question = isinstance(error, RefusedRequest) or (self._answers and self._own)
            if not of_the_question or self._failed >= IN_A_ROW:
                raise
            return Judgment(None, error.message)
        self._answers, self._failed = True, 0
        return found

    async def _reply(self, *messages: Message) -> Reply:
        """With log-probabilities, unless the server has refused them before."""
        if self._gives_logprobs:
            try:
                return await self._chat.reply(messages, top_logprobs=TOP_LOGPROBS)
            except TooLong:
                raise
            except RefusedRequest:
                pass  # because of the log-probabilities if the same request is accepted without them
        reply = await self._chat.reply(messages)
        self._gives_logprobs = False
        return reply

    def _question(self, item: JudgeItem) -> tuple[Prompts, str]:
        """The prompts in its language, and the text that is sent."""
        prompts = choose(self._prompts, item.language)
        return prompts, prompts.fill("ask", input=item.input, answer=item.answer, question=item.question)

    def _key(self, prompts: Prompts, text: str) -> str:
        """What identifies a question in the cache: all that its judgment depends on."""
        settings = self._config.sampling.settings | {"top_logprobs": TOP_LOGPROBS}
        parts = [self._config.model, prompts.version, prompts.templates["again"], text, settings]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Cache(Store):
    """Judgments on disk by key, for later runs and other processes."""

    table = "judgments (key TEXT PRIMARY KEY, passed INTEGER NOT NULL, reason TEXT NOT NULL, margin REAL)"
    purpose = "the judge's cache"

    def get(self, key: str) -> Judgment | None:
        found = self.rows("SELECT passed, reason, margin FROM judgments WHERE key = ?", (key,))
        return Judgment(bool(found[0][0]), *found[0][1:]) if found else None

    def put(self, key: str, judgment: Judgment) -> None:
        """Keep a judgment whose `passed` is not None; the first one under a key stays."""
        row = (key, judgment.passed, judgment.reason, judgment.margin)
        self.rows("INSERT OR IGNORE INTO judgments VALUES (?, ?, ?, ?)", row)


def judge_metrics(counts: Mapping[str, float]) -> dict[str, float]:
    """The number of questions, and the shares of yes (among judged ones), unjudged and cached ones.

    Empty if nothing was asked.
    """
    asked = counts.get("asked", 0) + counts.get("cached", 0)
    if not asked:
        return {}
    judged = asked - counts.get("unjudged", 0)
    return {
        "judge_questions": asked,
        **({"judge_yes": counts.get("yes", 0) / judged} if judged else {}),
        "judge_unjudged": counts.get("unjudged", 0) / asked,
        "judge_cached": counts.get("cached", 0) / asked,
    }
