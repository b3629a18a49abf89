"""What a run can cost at most: as if every record went through and every reply had its full length.

Not included: second attempts at replies that can't be read.
"""

from __future__ import annotations

from typing import NamedTuple

from raif.client.paid import Spent, estimated_tokens
from raif.config.models import ModelConfig
from raif.config.staged import StagedConfig
from raif.data.staged import sources
from raif.data.staged.layouts import UserRequest
from raif.errors import ConfigError, RecordError
from raif.files import jsonl
from raif.prompts import load_languages

_A_REQUEST = 200
"""Tokens of a request in a data set, which is not read for an estimate."""
_A_CHECK = 60
"""Tokens that a check adds to an instruction."""


class Estimate(NamedTuple):
    stage: str
    model: str
    most: Spent


class _Calls(NamedTuple):
    """How many calls one record takes, and the tokens that one call reads and writes."""

    calls: int
    read: int
    written: int


class _Seeds(NamedTuple):
    read: int
    sampled: int
    tokens: int
    """Of one request, on average."""


def estimate(config: StagedConfig) -> list[Estimate]:
    """The most that each stage that asks a model can take. Raises ConfigError if that can't be counted."""
    models = {
        "select": config.tagger,
        "evolve": config.teacher,
        "respond": config.teacher,
        "check": config.judge or config.teacher,
    }
    difficulty = config.check.difficulty
    if not any(models.get(name) for name in config.stages) and not difficulty:
        return []
    seeds = _seeds(config)
    made = seeds.sampled * (config.evolve.per_seed if "evolve" in config.stages else 1)
    calls = _calls(config, seeds.tokens)
    found = [
        Estimate(name, model.model, _priced(model, seeds.read if name == "select" else made, calls[name]))
        for name in config.stages
        if (model := models.get(name))
    ]
    if difficulty and "check" in config.stages:
        policy = difficulty.policy
        found.append(Estimate("difficulty", policy.model, _priced(policy, made, calls["difficulty"])))
    return found


def _calls(config: StagedConfig, request: int) -> dict[str, list[_Calls]]:
    """Stage -> its calls for one record whose request has `request` tokens."""
    ask = load_languages("data", config.prompts)["en"]
    tokens = {name: estimated_tokens(text) for name, text in ask.templates.items()}
    select, evolve, respond, check = config.select, config.evolve, config.respond, config.check
    tags = estimated_tokens(ask.templates["tags"] + " ".join(ask.tables["topics"].values()))
    outline = evolve.max_checks * _A_CHECK
    writing = [tokens["keywords"], tokens["fuse"] + outline]
    writing += [tokens["requirements"]] if evolve.judged else []
    instruction = request + outline
    pair = instruction + respond.sampling.max_tokens
    # as if each answer had failed at the last question, so that the next one is asked about, too
    answers = respond.answers if "respond" in config.stages else 1
    questions = evolve.max_checks if evolve.judged else 0
    question = estimated_tokens(load_languages("judge")["en"].templates["ask"])
    calls = {
        "select": [_Calls(1, tags + request, select.max_tokens)],
        "evolve": [_Calls(1, prompt + request, evolve.sampling.max_tokens) for prompt in writing],
        "respond": [_Calls(respond.answers, instruction, respond.sampling.max_tokens)],
        "check": [
            _Calls(answers * questions, question + pair, check.judge_max_tokens),
            _Calls(answers * len(check.qualities), tokens["quality"] + pair, check.max_tokens),
        ],
    }
    if difficulty := check.difficulty:
        calls["difficulty"] = [_Calls(difficulty.samples, instruction, difficulty.sampling.max_tokens)]
    return calls


def _priced(model: ModelConfig, records: int, each: list[_Calls]) -> Spent:
    calls = records * sum(one.calls for one in each)
    read = records * sum(one.calls * one.read for one in each)
    written = records * sum(one.calls * one.written for one in each)
    return Spent(calls, read, written, (read * model.prices.read + written * model.prices.written) / 1e6)


def _seeds(config: StagedConfig) -> _Seeds:
    sampled = config.select.count if config.input is None else None
    limits = [source.limit for source in config.select.sources]
    rows: int | None
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
            read = (row for _, row in jsonl.lines(config.input) if not isinstance(row, RecordError))
            sizes += [estimated_tokens(str(row.get("messages", ""))) for row in read]
        rows, tokens = len(sizes), sum(sizes) // max(1, len(sizes))
    if rows is None and (sampled is None or config.tagger):
        raise ConfigError("can't tell how many records there will be", "Give each data set a limit.")
    fewest = min(each for each in (rows, sampled) if each is not None)
    return _Seeds(read=rows or fewest, sampled=fewest, tokens=tokens)
