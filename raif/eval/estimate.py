"""What an evaluation takes of its models before anything is asked: about, and at most.

The method is led and the judge's requests are made with made-up replies: of usual lengths for what it takes
about, as long as they may be for what it takes at most. Not included: requests that fail and are sent again,
as far as a server charges for them. What a run's folder has kept is not asked for again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Self

from raif.client.chat import Usage
from raif.client.paid import Spent, cost_of
from raif.client.tokens import estimated_tokens, most_tokens
from raif.config.eval import JUDGED, EvalConfig
from raif.config.models import PricesConfig
from raif.eval import relevance, trials
from raif.eval.answers import Answer, Ask, Calls, kept_answers
from raif.eval.benchmark import subset
from raif.eval.conversations import in_turns
from raif.eval.methods import DONE, style, talk
from raif.eval.responders import limit, responder
from raif.eval.run import ANSWERS, CALLS, JUDGMENTS, Plan, asks_of, final
from raif.judge.requests import PROBES, JudgeRequest, Rounds
from raif.prompts import load
from raif.types import Message

ANSWER, JUDGMENT = 400, 250
"""Usual tokens of an answer, and of a judgment with its reasons (`benchmarks/answer_lengths.py`)."""
THINKING, VERDICT = 3000, 30
"""Usual tokens of thinking, and of a yes or no with a sentence. Both are guesses."""
NOTE = (
    f"About: {ANSWER} tokens an answer, {THINKING:,} more with thinking, {VERDICT} to {JUDGMENT} a judgment. "
    "Requests that fail and are sent again come on top."
)
ROUNDS = 3
"""Calls after which self-refine is taken to have nothing left to improve."""
QUESTION = 150
"""Tokens of the judge's prompt about an answer's relevance, without the answer and what was asked."""
_EFFORTS = (None, "none", "minimal")
"""Efforts of a model that hardly thinks."""


class Kept:
    """What a run's folder holds, and need not be asked for again when the run is resumed."""

    def __init__(self, config: EvalConfig, folder: Path, *, rejudge: bool = False) -> None:
        """`rejudge`: all judgments are asked for again."""
        self._config, self._folder, self._responder = config, folder, responder(config)
        self._calls = Calls(folder / CALLS, self._responder)
        self._rounds = None
        if config.judge and not rejudge:
            self._rounds = Rounds(config.judge, folder / JUDGMENTS)

    def complete(self, asks: Sequence[Ask]) -> bool:
        """Whether no answer has to be paid for, and no judge tried."""
        return not trials.needed(self._config, asks, self._responder, self._folder)

    def answers(self, asks: Sequence[Ask]) -> dict[str, Answer]:
        return kept_answers(asks, self._responder, self._folder / ANSWERS)

    def call(self, id: str, number: int, messages: Sequence[Message]) -> Answer | None:
        return self._calls.find(id, number, messages)

    def judgment(self, id: str, request: JudgeRequest) -> str | None:
        found = self._rounds.kept(id, request) if self._rounds else None
        return found.reply if found else None

    def relevance(self, answered: Sequence[tuple[str, str]]) -> list[bool]:
        return relevance.kept(self._config, answered, self._folder)


@dataclass(frozen=True, slots=True)
class Share:
    """How many of all answers, or of all judgments, are kept."""

    what: str
    kept: int
    all: int

    def plus(self, other: Share) -> Share:
        return Share(self.what, self.kept + other.kept, self.all + other.all)

    def __str__(self) -> str:
        return f"{self.kept:,} of {self.all:,} {self.what} kept"


@dataclass(frozen=True, slots=True)
class Part:
    """What one model takes. `priced`: whether its prices are known; None: it runs on this machine. Without
    prices, the cost is 0. `kept`: what is not asked for again; None: no run is resumed, or it is the thinker,
    whose calls belong to answers."""

    who: str
    model: str
    about: Spent
    most: Spent
    priced: bool | None
    kept: Share | None = None

    def plus(self, other: Part) -> Part:
        """What the same model takes in two runs."""
        kept = self.kept.plus(other.kept) if self.kept and other.kept else self.kept or other.kept
        about, most = self.about.plus(other.about), self.most.plus(other.most)
        return Part(self.who, self.model, about, most, self.priced, kept)

    def __str__(self) -> str:
        kept = f"{self.kept}; " if self.kept else ""
        about, most = self._shown(self.about), self._shown(self.most)
        return f"{self.who} {self.model}: {kept}about {about}; at most {most}"

    def _shown(self, spent: Spent) -> str:
        cost = {True: f", cost {spent.cost:.4f}", False: ", cost unknown: no prices", None: ""}[self.priced]
        return f"{spent.calls:,} calls, {spent.read:,} tokens in, {spent.written:,} out{cost}"


def estimate(config: EvalConfig, planned: Plan, times: int = 1, kept: Kept | None = None) -> list[Part]:
    """A part for each model that is asked. `times`: how often, with other seeds. `kept`: what a run that is
    resumed has."""
    about, most = (_Taking(config, planned, kept, most=most).all() for most in (False, True))
    options, judge = config.options, config.judge
    parts = []
    for who, model, prices in (
        ("model", config.model, config.prices),
        ("thinker", options.thinker, None),
        ("judge", judge.model if judge else None, judge.prices if judge else None),
    ):
        if who in most.taken or who in most.shares:
            here = who == "model" and not config.endpoint.base_url
            part = Part(
                who,
                str(model),
                about=_priced(about.taken[who], prices, times),
                most=_priced(most.taken[who], prices, times),
                priced=None if here else prices is not None,
                kept=most.shares.get(who),
            )
            parts.append(part)
    return parts


def summed(runs: Iterable[Sequence[Part]]) -> list[Part]:
    """What each model takes in all of some runs."""
    found: dict[str, Part] = {}
    for part in chain.from_iterable(runs):
        found[part.who] = found[part.who].plus(part) if part.who in found else part
    return [*found.values()]


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
    """What each model takes, about or at most, and what is kept of its answers or judgments."""

    def __init__(self, config: EvalConfig, planned: Plan, kept: Kept | None, *, most: bool) -> None:
        self._config, self._planned, self._kept, self._most = config, planned, kept, most
        self._items = {item.id: item for item in planned.items}
        thinker = config.options.thinker_sampling or config.sampling
        self._limits = {False: limit(config), True: limit(config, thinker.max_tokens)}
        self.taken: defaultdict[str, Spent] = defaultdict(Spent)
        self.shares: dict[str, Share] = {}

    def all(self) -> Self:
        asks = asks_of(self._planned, self._config)
        if self._config.responses:
            stored = responder(self._config).respond(asks)
            answers = {ask.id: self._scored(answer) for ask, answer in stored}
        else:
            if not (self._kept and self._kept.complete(asks)):
                self._trials(asks)
            items, earlier = self._planned.items, self._planned.benchmark.before
            before = {item.id: found for item in items if (found := earlier(item))}
            asks, answers = in_turns(asks, before, self._answers, lambda answer: answer.response)
        self._judgments([ask for ask in asks if ask.id in answers], answers)
        return self

    def _take(self, who: str, messages: Sequence[Message], written: int) -> None:
        self.taken[who] = self.taken[who].plus(Spent(1, self._tokens(messages), written))

    def _count(self, who: str, what: str, kept: int, all: int) -> None:
        if self._kept:
            self.shares[who] = self.shares.get(who, Share(what, 0, 0)).plus(Share(what, kept, all))

    def _tokens(self, messages: Sequence[Message]) -> int:
        if self._most:
            return most_tokens([{"content": each.content} for each in messages])
        return sum(estimated_tokens(each.content) for each in messages)

    def _text(self, tokens: int) -> str:
        """A text of so many tokens, as they are counted here."""
        return ("a" if self._most else "abc") * tokens

    def _answers(self, asks: Sequence[Ask], done: int) -> dict[str, Answer]:
        kept = self._kept.answers(asks) if self._kept else {}
        self._count("model", "answers", len(kept), len(asks))
        known = {id: self._scored(answer) for id, answer in kept.items()}
        return known | {ask.id: self._answer(ask) for ask in asks if ask.id not in known}

    def _scored(self, answer: Answer) -> Answer:
        """A real answer without its thinking, as a judge and later turns see it."""
        return Answer(final(answer, style(self._config), self._config.dialect).answer or "")

    def _answer(self, ask: Ask) -> Answer:
        """A made-up answer, with the calls of the method that lead to it."""
        leading, made = talk(ask, self._config), 0
        calls = next(leading)
        while True:
            found = []
            for call in calls:
                made += 1
                if self._kept and (kept := self._kept.call(ask.id, made - 1, call.messages)):
                    found.append(kept)
                    continue
                most = self._limits[call.thinker](call.messages)
                thought = min(most, THINKING) if call.thinker or thinks(self._config) else 0
                written = most if self._most else min(most, thought + ANSWER)
                self._take("thinker" if call.thinker else "model", call.messages, written)
                ends = self._config.method == "self-refine" and not self._most and made > ROUNDS
                text = DONE if ends else self._text(most if self._most else min(most, ANSWER))
                found.append(Answer(text, self._text(most if self._most else thought or 1)))
            if self._config.method == "self-consistency":
                return found[0]
            try:
                calls = leading.send(found)
            except StopIteration as end:
                return end.value

    def _trials(self, asks: Sequence[Ask]) -> None:
        """What the judge is tried on before the first answer is paid for."""
        for request in trials.requests(self._config, self._planned):
            self._judge(request)
        if self._config.relevance == JUDGED:
            for ask in asks[:PROBES]:
                self._judge_relevance(ask.prompt, trials.TRIAL)

    def _judgments(self, answered: Sequence[Ask], answers: Mapping[str, Answer]) -> None:
        """What the judge is asked about these answers."""
        config, texts = self._config, {ask.id: answers[ask.id].response for ask in answered}
        if config.judge and self._planned.benchmark.prompts:
            for id, text in texts.items():
                if text.strip() or config.dialect != "sound":
                    self._judgments_of(id, text)
        if config.relevance == JUDGED:
            chosen = subset(answered, config.relevance_limit, config.seed)
            pairs = [(ask.prompt, texts[ask.id]) for ask in chosen if texts[ask.id].strip()]
            kept = self._kept.relevance(pairs) if self._kept else [False for _ in pairs]
            self._count("judge", "judgments", sum(kept), len(kept))
            for (prompt, text), known in zip(pairs, kept, strict=True):
                if not known:
                    self._judge_relevance(prompt, text)

    def _judgments_of(self, id: str, answer: str) -> None:
        """Round by round, until there is nothing more to ask about the answer to an item."""
        config, benchmark = self._config, self._planned.benchmark
        assert config.judge, "else nobody is asked"
        assert benchmark.prompts, "else there is nothing to ask"
        prompts = load("eval", benchmark.prompts, config.judge.prompts)
        ask = partial(benchmark.requests, self._items[id], answer, prompts=prompts, dialect=config.dialect)
        replies: dict[str, str] = {}
        while new := [one for one in ask(replies) if one.key not in replies]:
            for request in new:
                kept = self._kept.judgment(id, request) if self._kept else None
                self._count("judge", "judgments", int(kept is not None), 1)
                replies[request.key] = self._judge(request) if kept is None else kept

    def _judge(self, request: JudgeRequest) -> str:
        """A made-up reply to a request, and what it takes."""
        assert self._config.judge, "else nobody is asked"
        messages, written = list(request.messages), self._judgment(request)
        for _ in range(self._config.judge.attempts if self._most else 1):
            self._take("judge", messages, written)
            messages.append(Message(role="assistant", content=self._text(written)))
            messages.append(Message(role="user", content=request.again))
        return f"YES{self._text(written)}"

    def _judge_relevance(self, prompt: str, answer: str) -> None:
        assert self._config.judge, "else nobody is asked"
        text = prompt + answer + self._text(QUESTION)
        for _ in range(2 if self._most else 1):
            written = self._config.judge.sampling.max_tokens if self._most else 1
            self._take("judge", [Message(role="user", content=text)], written)

    def _judgment(self, request: JudgeRequest) -> int:
        """The tokens of the reply to a request."""
        assert self._config.judge, "else nobody is asked"
        most = self._config.judge.sampling.max_tokens
        return most if self._most else min(most, VERDICT if request.readable("YES") else JUDGMENT)


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
