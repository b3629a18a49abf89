"""Inference methods: how an answer is elicited from a model, as compared in the paper's tables 1 and 2 (A.5).

A method is a talk: a generator that yields the calls it wants answered, receives the answers, and returns the
final one. So a client of a server and a model in this process can lead the same talk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from raif.config.eval import EvalConfig, Method
from raif.errors import ConfigError, FailedRequest
from raif.eval.answers import Answer, Ask
from raif.prompts import Prompts, load
from raif.reasoning import Marks, Tags, asked_to_think, split
from raif.text.han import COMMON_HAN
from raif.types import Message

_HAN, _LATIN = re.compile(f"[{COMMON_HAN}]"), re.compile("[A-Za-z]+")
SINGLE: tuple[Method, ...] = ("io", "cot")
"""The methods that make one call for an answer."""
DONE = "NOTHING TO IMPROVE"
"""The reply that ends self-refine, in both languages."""


@dataclass(frozen=True, slots=True)
class Call:
    """Messages to answer. `thinker`: by the model whose thinking is borrowed. `temperature`: None, the
    config's."""

    messages: tuple[Message, ...]
    thinker: bool = False
    temperature: float | None = None


Talk = Generator[Sequence[Call], Sequence[Answer], Answer]


def talk(ask: Ask, config: EvalConfig) -> Talk:
    """The talk of the config's method. It raises ConfigError if the method doesn't fit the item."""
    return _METHODS[config.method](ask, config)


def style(config: EvalConfig) -> Marks:
    """How reasoning is marked in answers: the method cot asks for tags."""
    if config.think_tags:
        return Tags(*config.think_tags)
    return "tagged" if config.method == "cot" and config.think == "none" else config.think


def io(ask: Ask, config: EvalConfig) -> Talk:
    (answer,) = yield [Call(ask.messages)]
    return answer


def cot(ask: Ask, config: EvalConfig) -> Talk:
    """With a system text that asks for thinking and answer in tags."""
    (answer,) = yield [Call(asked_to_think(ask.messages))]
    return answer


def sdc(ask: Ask, config: EvalConfig) -> Talk:
    """Self-DeepClaude: the thinking of a first call is packed into a second."""
    (first,) = yield [Call(asked_to_think(ask.messages))]
    thinking = first.reasoning or split(first.response, "tagged").thinking or first.response
    return (yield from _on_thinking(ask, thinking))


def deepclaude(ask: Ask, config: EvalConfig) -> Talk:
    """The same with the thinking of another model."""
    (first,) = yield [Call(ask.messages, thinker=True)]
    thinking = first.reasoning or split(first.response, "tagged").thinking
    if not thinking:
        raise FailedRequest(
            f"{config.options.thinker}: no thinking in its reply",
            "Start its server with a reasoning parser, or name a model that thinks.",
            "no thinking to borrow",
        )
    return (yield from _on_thinking(ask, thinking))


def self_consistency(ask: Ask, config: EvalConfig) -> Talk:
    """The one of several answers that is most like the others: the majority's, if some are equal."""
    call = Call(ask.messages, temperature=config.options.temperature)
    answers = yield [call] * config.options.samples
    marks = style(config)
    finals = [split(one.whole(marks), marks).answer or "" for one in answers]
    return answers[_most_alike(finals)]


def self_refine(ask: Ask, config: EvalConfig) -> Talk:
    """The model criticises and improves its answer until nothing is left to improve or the turns run out."""
    prompts, language = _prompts(), _language(ask)
    request = Message(role="user", content=prompts.fill(f"{language}_feedback", done=DONE))
    refine = Message(role="user", content=prompts.fill(f"{language}_refine"))
    (answer,) = yield [Call(ask.messages)]
    for _ in range(config.options.turns - 1):
        said = (*ask.messages, Message(role="assistant", content=answer.response), request)
        (feedback,) = yield [Call(said)]
        if DONE in feedback.response.upper():
            break
        critique = Message(role="assistant", content=feedback.response)
        (answer,) = yield [Call((*said, critique, refine))]
    return answer


def oracle_decomposition(ask: Ask, config: EvalConfig) -> Talk:
    """The benchmark's own sub-instructions one after another; the answer is all of their answers."""
    if not ask.steps:
        raise ConfigError(
            f"{ask.id}: no sub-instructions for oracle-decomposition to ask one after another",
            "ComplexBench's release of July 2024 (data_release.json) has them.",
        )
    turns, answers = list(ask.messages[:-1]), []
    for step in ask.steps:
        turns.append(Message(role="user", content=step))
        (answer,) = yield [Call(tuple(turns))]
        answers.append(answer)
        turns.append(Message(role="assistant", content=answer.response))
    response = "\n\n".join(one.response for one in answers)
    return Answer(response, truncated=any(one.truncated for one in answers))


_METHODS: Mapping[Method, Callable[[Ask, EvalConfig], Talk]] = {
    "io": io,
    "cot": cot,
    "sdc": sdc,
    "deepclaude": deepclaude,
    "self-consistency": self_consistency,
    "self-refine": self_refine,
    "oracle-decomposition": oracle_decomposition,
}


def _on_thinking(ask: Ask, thinking: str) -> Talk:
    packed = _prompts().fill(f"{_language(ask)}_pack", request=ask.prompt, thinking=thinking)
    (answer,) = yield [Call((*ask.messages[:-1], Message(role="user", content=packed)))]
    return replace(answer, reasoning=answer.reasoning or thinking)


@cache
def _prompts() -> Prompts:
    return load("eval", "methods")


def _language(ask: Ask) -> str:
    """The language of the request, one of those that the prompts are written in."""
    return "zh" if len(_HAN.findall(ask.prompt)) > len(_LATIN.findall(ask.prompt)) else "en"


def _most_alike(texts: Sequence[str]) -> int:
    """The position of the first text that shares the most with all others, by their sets of trigrams."""
    grams = [{text[i : i + 3] for i in range(max(1, len(text) - 2))} for text in texts]
    shared = [sum(len(one & other) / len(one | other) for other in grams) for one in grams]
    return shared.index(max(shared))
