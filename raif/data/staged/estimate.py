"""What a run would ask models for: as if every record went through and every reply were of full length.

Second attempts at replies that can't be read are not in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from raif.client.paid import Spent, estimated_tokens
from raif.config.models import ModelConfig
from raif.config.staged import StagedConfig
from raif.data.staged import sources
from raif.errors import ConfigError, RecordError
from raif.files import jsonl
from raif.prompts import load_languages

_A_REQUEST = 200
"""Tokens of a request in a data set, which is not read for an estimate."""
_A_CHECK = 60
"""Tokens of what a check adds to an instruction."""


class Estimate(NamedTuple):
    stage: str
    model: str
    most: Spent


class _Seeds(NamedTuple):
    read: int
    number: int
    """Of those that are sampled from them."""
    tokens: int
    """Of one request, on average."""


def estimate(config: StagedConfig) -> list[Estimate]:
    """For each stage that asks a model, what it would take. ConfigError where they can't be counted."""
    teacher, judge = config.teacher, config.judge or config.teacher
    difficulty = config.check.difficulty
    asked = {"select": config.tagger, "evolve": teacher, "respond": teacher, "check": judge}
    if not any(asked.get(name) for name in config.stages) and not difficulty:
        return []
    seeds = _seeds(config)
    made = seeds.number * (config.evolve.per_seed if "evolve" in config.stages else 1)
    calls = {"select": _select, "evolve": _evolve, "respond": _respond, "check": _check}
    number = {"select": seeds.read, "evolve": made, "respond": made, "check": made}
    found = [
        Estimate(name, model.model, _priced(model, number[name], calls[name](config, seeds.tokens)))
        for name in config.stages
        if (model := asked.get(name))
    ]
    if difficulty and "check" in config.stages:
        one = (difficulty.samples, _instruction(config, seeds.tokens), difficulty.sampling.max_tokens)
        found.append(Estimate("difficulty", difficulty.policy.model, _priced(difficulty.policy, made, [one])))
    return found


_Calls = tuple[int, int, int]
"""Calls for one record, with the tokens that one call reads and writes."""


def _select(config: StagedConfig, request: int) -> list[_Calls]:
    ask = load_languages("data", config.prompts)["en"]
    text = ask.templates["tags"] + " ".join(ask.tables["topics"].values())
    return [(1, estimated_tokens(text) + request, config.select.max_tokens)]


def _evolve(config: StagedConfig, request: int) -> list[_Calls]:
    own, ask = config.evolve, load_languages("data", config.prompts)["en"].templates
    outline = own.max_checks * _A_CHECK
    texts = [(ask["keywords"], 0), (ask["fuse"], outline)]
    texts += [(ask["requirements"], 0)] if own.judged else []
    return [(1, estimated_tokens(text) + request + more, own.sampling.max_tokens) for text, more in texts]


def _respond(config: StagedConfig, request: int) -> list[_Calls]:
    return [(config.respond.answers, _instruction(config, request), config.respond.sampling.max_tokens)]


def _check(config: StagedConfig, request: int) -> list[_Calls]:
    """Every answer is asked about, as if all before it had failed at the last."""
    own, answers = config.check, config.respond.answers if "respond" in config.stages else 1
    pair = _instruction(config, request) + config.respond.sampling.max_tokens
    question = estimated_tokens(load_languages("judge")["en"].templates["ask"])
    quality = estimated_tokens(load_languages("data", config.prompts)["en"].templates["quality"])
    questions = config.evolve.max_checks if config.evolve.judged else 0
    return [
        (answers * questions, question + pair, own.judge_max_tokens),
        (answers * len(own.qualities), quality + pair, own.max_tokens),
    ]


def _instruction(config: StagedConfig, request: int) -> int:
    return request + config.evolve.max_checks * _A_CHECK


def _priced(model: ModelConfig, records: int, each: list[_Calls]) -> Spent:
    calls = records * sum(count for count, _, _ in each)
    read = records * sum(count * tokens for count, tokens, _ in each)
    written = records * sum(count * tokens for count, _, tokens in each)
    return Spent(calls, read, written, (read * model.prices.read + written * model.prices.written) / 1e6)


def _seeds(config: StagedConfig) -> _Seeds:
    sampled = config.select.count if config.input is None else None
    if any(source.dataset for source in config.select.sources):
        rows, tokens = _limit(config), _A_REQUEST
    else:
        sizes = [estimated_tokens(text) for text in _requests(config)]
        rows, tokens = len(sizes), sum(sizes) // max(1, len(sizes))
    if rows is None and (sampled is None or config.tagger):
        raise ConfigError("can't tell how many records there will be", "Give each data set a limit.")
    number = min(each for each in (rows, sampled) if each is not None)
    return _Seeds(read=rows or number, number=number, tokens=tokens)


def _limit(config: StagedConfig) -> int | None:
    """Rows that all sources are read to; None where one is read to its end."""
    limits = [source.limit for source in config.select.sources]
    return None if None in limits else sum(limit or 0 for limit in limits)


def _requests(config: StagedConfig) -> Iterator[str]:
    if config.input:
        for _, row in jsonl.lines(config.input):
            if not isinstance(row, RecordError):
                yield str(row.get("messages", ""))
    for source in config.select.sources:
        for each in sources.rows(source):
            if found := sources.request(each, source.layout):
                yield found.text
