"""What a run can cost at most: as if every record went through, every reply had its full length, and every
reply that can be asked for again was.

Tokens of texts are estimated on the high side. Not included: requests that fail and are sent again, as far as
the server charges for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from raif import records
from raif.client.chat import Usage
from raif.client.paid import Spent, cost_of
from raif.client.tokens import estimated_tokens
from raif.config.models import ModelConfig
from raif.config.staged import StagedConfig
from raif.data.staged import sources
from raif.data.staged.layouts import UserRequest
from raif.data.staged.writer import ATTEMPTS
from raif.errors import ConfigError, RecordError
from raif.prompts import Prompts, load_languages

_A_REQUEST = 200
"""Tokens of a request in a data set, which is not read for an estimate."""
_A_CHECK = 60
"""Tokens that a check adds to an instruction."""


class Estimate(NamedTuple):
    stage: str
    model: str
    most: Spent
    priced: bool
    """Whether the model's prices are known. If not, the cost is 0."""

    def __str__(self) -> str:
        most = (
            str(self.most) if self.priced else f"{str(self.most).rpartition(',')[0]}, cost unknown: no prices"
        )
        return f"{self.stage}, {self.model}: up to {most}"


class _Calls(NamedTuple):
    """How many calls one record takes, on average, and the tokens that one call reads and writes."""

    calls: int | Fraction
    read: int
    written: int

    def asked_again(self) -> tuple[_Calls, _Calls]:
        """With a second turn after each reply."""
        return self, _Calls(self.calls, self.read + self.written + _A_CHECK, self.written)


class _Seeds(NamedTuple):
    read: int
    sampled: int
    tokens: int
    """Of one request, on average."""
    questions: int
    """The most that a record has for a judge."""
    turns: Sequence[Fraction] = (Fraction(1),)
    """The shares of records that have a first turn, a second, and so on. Each turn is answered."""


def estimate(config: StagedConfig) -> list[Estimate]:
    """The most that each stage can take of each model. Raises ConfigError if that can't be counted."""
    if not config.models:
        return []
    seeds = _seeds(config)
    made = seeds.sampled * (config.evolve.per_seed if "evolve" in config.stages else 1)
    found = []
    for name, model, calls in _Record(config, seeds).asked():
        most = _most(model, seeds.read if name == "select" else made, calls)
        found.append(Estimate(name, model.model, most, model.prices is not None))
    return found


class _Record:
    """What one record takes."""

    def __init__(self, config: StagedConfig, seeds: _Seeds) -> None:
        self._config, self._request, self._turns = config, seeds.tokens, seeds.turns
        self._prompts = load_languages("data", config.prompts)
        self._question = _longest(load_languages("judge", config.judge_prompts, only=True), "ask")
        evolve = config.evolve
        if "evolve" in config.stages:
            self._questions = evolve.max_checks if evolve.judged and config.teacher else 0
            written = evolve.sampling.max_tokens if config.teacher else 0
            self._outline = evolve.max_checks * _A_CHECK + (written if self._questions else 0)
            # in the words of the template, or in those of the teacher
            self._instruction = self._request + max(self._outline, written)
        else:
            self._questions, self._outline, self._instruction = seeds.questions, 0, self._request

    def asked(self) -> Iterator[tuple[str, ModelConfig, list[_Calls]]]:
        """The stages that ask, each with a model and the calls to it."""
        config = self._config
        judge = config.judge or config.teacher
        for name in config.stages:
            if name == "select" and config.tagger:
                yield name, config.tagger, self._tags()
            if name == "evolve" and config.teacher and judge:
                same = judge is config.teacher
                yield name, config.teacher, self._writing() + (self._reading() if same else [])
                if not same:
                    yield name, judge, self._reading()
            if name == "respond" and config.teacher:
                own = config.respond
                yield name, config.teacher, self._in_turns(own.answers, own.sampling.max_tokens)
            if name == "check" and judge:
                yield name, judge, self._judging()
        if (difficulty := config.check.difficulty) and "check" in config.stages:
            most = difficulty.sampling.max_tokens
            earlier = len(self._turns) - 1
            read = self._instruction + self._before(earlier)
            yield "difficulty", difficulty.policy, [_Calls(difficulty.samples, read, most)]
            if judge and self._questions:
                yield (
                    "difficulty",
                    judge,
                    self._questions_about(difficulty.samples, most, earlier),
                )

    def _before(self, turns: int) -> int:
        """Tokens of the answers to so many turns, which are shown with the next one."""
        return turns * self._config.respond.sampling.max_tokens

    def _in_turns(self, answers: int, most: int) -> list[_Calls]:
        """So many answers to each turn."""
        return [
            _Calls(answers * share, self._instruction + self._before(number), most)
            for number, share in enumerate(self._turns)
        ]

    def _tags(self) -> list[_Calls]:
        topics = max(sum(map(estimated_tokens, p.tables["topics"].values())) for p in self._prompts.values())
        read = _longest(self._prompts, "tags") + topics + self._request
        return [_Calls(1, read, self._config.select.max_tokens)]

    def _writing(self) -> list[_Calls]:
        own = self._config.evolve
        added = {"keywords": 0, "fuse": self._outline}
        added |= {"requirements": 0, "steps": 0} if own.judged else {}
        return [
            _Calls(ATTEMPTS, _longest(self._prompts, name) + self._request + more, own.sampling.max_tokens)
            for name, more in added.items()
        ]

    def _reading(self) -> list[_Calls]:
        """As if code could read back no rule of a fused text."""
        own, most = self._config.evolve, self._config.check.max_tokens
        texts = _longest(self._prompts, "states") + self._request + own.sampling.max_tokens + self._outline
        states = _Calls(ATTEMPTS * own.max_checks, texts, most)
        possible = _Calls(int(own.possible), _longest(self._prompts, "possible") + self._instruction, most)
        return [*states.asked_again(), *possible.asked_again()]

    def _judging(self) -> list[_Calls]:
        """As if each answer had failed at the last question, so that the next one is asked about, too. Of a
        conversation, each turn has one answer."""
        config, own = self._config, self._config.check
        answers = config.respond.answers if "respond" in config.stages else 1
        most, found = config.respond.sampling.max_tokens, list[_Calls]()
        for number, share in enumerate(self._turns):
            times = share if number else answers
            read = _longest(self._prompts, "quality") + self._instruction + self._before(number) + most
            qualities = _Calls(times * len(own.qualities), read, own.max_tokens)
            found += [*self._questions_about(times, most, number), *qualities.asked_again()]
        return found

    def _questions_about(self, answers: int | Fraction, tokens: int, earlier: int = 0) -> list[_Calls]:
        read = self._question + self._instruction + self._before(earlier) + tokens
        questions = _Calls(answers * self._questions, read, self._config.check.judge_max_tokens)
        return list(questions.asked_again())


def _longest(languages: Mapping[str, Prompts], name: str) -> int:
    """Tokens of a template in the language in which it is longest."""
    return max(estimated_tokens(prompts.templates[name]) for prompts in languages.values())


def _most(model: ModelConfig, records: int, each: list[_Calls]) -> Spent:
    calls = ceil(records * sum(one.calls for one in each))
    read = ceil(records * sum(one.calls * one.read for one in each))
    written = ceil(records * sum(one.calls * one.written for one in each))
    return Spent(calls, read, written, cost_of(Usage(read, written), model.prices))


def _seeds(config: StagedConfig) -> _Seeds:
    sampled = config.select.count if config.input is None else None
    limits = [source.limit for source in config.select.sources]
    rows: int | None
    questions, turns = 0, Counter[int]()
    if any(source.dataset for source in config.select.sources):
        # data sets are not read: there are as many rows as all limits say, if all sources have one
        rows, tokens = None if None in limits else sum(limit or 0 for limit in limits), _A_REQUEST
    else:
        found = (read.found for source in config.select.sources for read in sources.requests(source))
        sizes = [
            estimated_tokens((request.system or "") + request.text)
            for request in found
            if isinstance(request, UserRequest)
        ]
        if config.input:
            for record in records.tried(config.input):
                if not isinstance(record, RecordError):
                    texts = [turn.content for turn in record.messages] + [turn.prompt for turn in record.then]
                    sizes.append(sum(map(estimated_tokens, texts)))
                    asked = [record.questions, *(turn.questions for turn in record.then)]
                    questions = max(questions, *map(len, asked))
                    turns.update(range(len(asked)))
        rows, tokens = len(sizes), sum(sizes) // max(1, len(sizes))
    if rows is None and (sampled is None or config.tagger):
        raise ConfigError("can't tell how many records there will be", "Give each data set a limit.")
    fewest = min(each for each in (rows, sampled) if each is not None)
    shares = [Fraction(turns[number], turns[0]) for number in sorted(turns)] or [Fraction(1)]
    return _Seeds(read=rows or fewest, sampled=fewest, tokens=tokens, questions=questions, turns=shares)
