"""What an evaluation takes of its models before anything is asked: about, and at most.

The method is led and the judge's requests are made with made-up replies: of usual lengths for what it takes
about, as long as they may be for what it takes at most. Not included: requests that fail and are sent again,
as far as a server charges for them. What is kept already is not subtracted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice

from raif.client.chat import Usage
from raif.client.paid import Spent, cost_of
from raif.client.tokens import estimated_tokens, most_tokens
from raif.config.eval import JUDGED, EvalConfig
from raif.config.models import PricesConfig
from raif.eval.answers import Answer, Ask
from raif.eval.conversations import in_turns
from raif.eval.methods import DONE, talk
from raif.eval.responders import limit, responder
from raif.eval.run import TRIAL, Plan, asks_of
from raif.judge.requests import PROBES, JudgeRequest
from raif.prompts import load
from raif.types import Message

ANSWER, JUDGMENT = 400, 250
"""Usual tokens of an answer, and of a judgment with its reasons (`benchmarks/answer_lengths.py`)."""
THINKING, VERDICT = 3000, 30
"""Usual tokens of thinking, and of a yes or no with a sentence. Both are guesses."""
NOTE = (
    f"About: {ANSWER} tokens an answer, {THINKING:,} more with thinking, {VERDICT} to {JUDGMENT} a judgment. "
    "What is kept already is not subtracted; requests that fail and are sent again come on top."
)
ROUNDS = 3
"""Calls after which self-refine is taken to have nothing left to improve."""
QUESTION = 150
"""Tokens of the judge's prompt about an answer's relevance, without the answer and what was asked."""
_EFFORTS = (None, "none", "minimal")
"""Efforts of a model that hardly thinks."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one model takes. `priced`: whether its prices are known; None: it runs on this machine. Without
    prices, the cost is 0."""

    who: str
    model: str
    about: Spent
    most: Spent
    priced: bool | None

    def __str__(self) -> str:
        return f"{self.who} {self.model}: about {self._shown(self.about)}; at most {self._shown(self.most)}"

    def _shown(self, spent: Spent) -> str:
        cost = {True: f", cost {spent.cost:.4f}", False: ", cost unknown: no prices", None: ""}[self.priced]
        return f"{spent.calls:,} calls, {spent.read:,} tokens in, {spent.written:,} out{cost}"


def estimate(config: EvalConfig, planned: Plan, times: int = 1) -> list[Part]:
    """A part for each model that is asked. `times`: how often, with other seeds."""
    found = [_Taking(config, planned, most=most).all() for most in (False, True)]
    options, judge = config.options, config.judge
    parts = []
    for who, model, prices in (
        ("model", config.model, config.prices),
        ("thinker", options.thinker, None),
        ("judge", judge.model if judge else None, judge.prices if judge else None),
    ):
        if who in found[1]:
            about, most = (_priced(each[who], prices, times) for each in found)
            here = who == "model" and not config.endpoint.base_url
            parts.append(Part(who, str(model), about, most, None if here else prices is not None))
    return parts


def together(parts: Sequence[Part]) -> str:
    """The money for all parts in one line; empty if there is nothing to pay, or a price is unknown."""
    paid = [part for part in parts if part.priced is not None]
    if not paid or not all(part.priced for part in paid):
        return ""
    about, most = sum(part.about.cost for part in paid), sum(part.most.cost for part in paid)
    return f"together: cost about {about:.4f}; at most {most:.4f}"


def _priced(spent: Spent, prices: PricesConfig | None, times: int) -> Spent:
    calls, read, written = (times * number for number in (spent.calls, spent.read, spent.written))
    return Spent(calls, read, written, cost_of(Usage(read, written), prices))


class _Taking:
    """What each model takes, about or at most."""

    def __init__(self, config: EvalConfig, planned: Plan, *, most: bool) -> None:
        self._config, self._planned, self._most = config, planned, most
        self._items = {item.id: item for item in planned.items}
        thinker = config.options.thinker_sampling or config.sampling
        self._limits = {False: limit(config), True: limit(config, thinker.max_tokens)}
        self._taken: defaultdict[str, Spent] = defaultdict(Spent)

    def all(self) -> Mapping[str, Spent]:
        asks = asks_of(self._planned, self._config)
        if self._config.responses:
            answers = {ask.id: answer for ask, answer in responder(self._config).respond(asks)}
        else:
            items, earlier = self._planned.items, self._planned.benchmark.before
            before = {item.id: found for item in items if (found := earlier(item))}
            asks, answers = in_turns(asks, before, self._answers, lambda answer: answer.response)
        self._judgments(asks, answers)
        return self._taken

    def _take(self, who: str, messages: Sequence[Message], written: int) -> None:
        self._taken[who] = self._taken[who].plus(Spent(1, self._tokens(messages), written))

    def _tokens(self, messages: Sequence[Message]) -> int:
        if self._most:
            return most_tokens([{"content": each.content} for each in messages])
        return sum(estimated_tokens(each.content) for each in messages)

    def _text(self, tokens: int) -> str:
        """A text of so many tokens, as they are counted here."""
        return ("a" if self._most else "abc") * tokens

    def _answers(self, asks: Sequence[Ask], done: int) -> dict[str, Answer]:
        return {ask.id: self._answer(ask) for ask in asks}

    def _answer(self, ask: Ask) -> Answer:
        """A made-up answer, with the calls of the method that lead to it."""
        leading, made = talk(ask, self._config), 0
        calls = next(leading)
        while True:
            found = []
            for call in calls:
                most = self._limits[call.thinker](call.messages)
                thought = min(most, THINKING) if call.thinker or thinks(self._config) else 0
                written = most if self._most else min(most, thought + ANSWER)
                self._take("thinker" if call.thinker else "model", call.messages, written)
                made += 1
                ends = self._config.method == "self-refine" and not self._most and made > ROUNDS
                text = DONE if ends else self._text(most if self._most else min(most, ANSWER))
                found.append(Answer(text, self._text(most if self._most else thought or 1)))
            if self._config.method == "self-consistency":
                return found[0]
            try:
                calls = leading.send(found)
            except StopIteration as end:
                return end.value

    def _judgments(self, asks: Sequence[Ask], answers: Mapping[str, Answer]) -> None:
        config, judge, benchmark = self._config, self._config.judge, self._planned.benchmark
        if judge is None:
            return
        attempts = judge.attempts if self._most else 1
        answered = [ask for ask in asks if ask.id in answers]
        if benchmark.prompts:
            about = [list(self._requests(ask.id, answers[ask.id].response)) for ask in answered]
            firsts = (next(self._requests(item.id, TRIAL), None) for item in self._planned.items)
            trials = islice((one for one in firsts if one), PROBES)
            for request in (*trials, *chain(*about)):
                messages, written = list(request.messages), self._judgment(request)
                for _ in range(attempts):
                    self._take("judge", messages, written)
                    messages.append(Message(role="assistant", content=self._text(written)))
                    messages.append(Message(role="user", content=request.again))
        if config.relevance == JUDGED:
            chosen = answered[: config.relevance_limit]
            for ask in (*answered[:PROBES], *chosen):  # the first ones stand for the trials, too
                text = ask.prompt + answers[ask.id].response + self._text(QUESTION)
                for _ in range(2 if self._most else 1):
                    written = judge.sampling.max_tokens if self._most else 1
                    self._take("judge", [Message(role="user", content=text)], written)

    def _judgment(self, request: JudgeRequest) -> int:
        """The tokens of the reply to a request."""
        assert self._config.judge, "else nobody is asked"
        most = self._config.judge.sampling.max_tokens
        return most if self._most else min(most, VERDICT if request.readable("YES") else JUDGMENT)

    def _requests(self, id: str, answer: str) -> Iterator[JudgeRequest]:
        """All requests to the judge about the answer to an item."""
        config, benchmark = self._config, self._planned.benchmark
        assert config.judge, "else nobody is asked"
        assert benchmark.prompts, "else there is nothing to ask"
        prompts = load("eval", benchmark.prompts, config.judge.prompts)
        ask = partial(benchmark.requests, self._items[id], answer, prompts=prompts, dialect=config.dialect)
        replies: dict[str, str] = {}
        while new := [one for one in ask(replies) if one.key not in replies]:
            replies |= {one.key: f"YES{self._text(self._judgment(one))}" for one in new}
            yield from new


def thinks(config: EvalConfig) -> bool:
    """Whether a model is to be expected to think, as far as the config shows."""
    extra = config.sampling.extra_body or {}
    return (
        config.think != "none"
        or config.think_tags is not None
        or config.method in ("cot", "sdc")
        or config.sampling.reasoning_effort not in _EFFORTS
        or bool(extra.get("chat_template_kwargs", {}).get("enable_thinking"))
    )
