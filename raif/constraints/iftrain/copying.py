"""Copying the request, a part of it, or a phrase with a changed word."""

from __future__ import annotations

import random
import re
from typing import Annotated, Any

from pydantic import AfterValidator

from raif.constraints.iftrain.common import (
    COPIES,
    IFEVAL,
    TRAINING,
    WHOLE,
    WRAPPED,
    Amount,
    Index,
)
from raif.constraints.kind import CASES, Example, Material, Outcome, Text, kind
from raif.text.search import stretches

_DIVIDER = "******"
_PHRASES = (
    "A rolling stone gathers no moss",
    "Still waters always run quite deep",
    "Many hands make the work light",
    "Good fences make for good neighbours",
    "Slow and steady wins the race",
    "The early bird gets the worm",
)
_TEXT = "Name a town by the sea."


def _same(one: str, other: str) -> bool:
    return one.strip().lower() == other.strip().lower()


def _prompt(material: Material) -> str:
    return material.prompt or _TEXT


def _draw_span(rng: random.Random, material: Material) -> dict[str, Any]:
    prompt = _prompt(material)
    start = rng.randint(1, max(1, len(prompt) - 3))
    return {
        "prompt_to_repeat": prompt,
        "n_start": start,
        "n_end": rng.randint(start + 2, max(start + 2, len(prompt))),
    }


def _usable(phrase: str) -> str:
    """Refuses a phrase that upstream can't search for: its first and last word become a regex."""
    words = phrase.split()
    if not words:
        raise ValueError("blank")
    try:
        groups = re.compile(f"{words[0]} .*? {words[-1]}").groups
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"its first and last word are no valid regular expression ({error})") from None
    if groups > 1:
        raise ValueError("its first and last word have more than one group")
    return phrase


@kind(
    "copy:repeat_phrase",
    wordings={
        "en": (
            'Repeat the phrase "{phrase}" exactly {small_n:time}. Each time, change exactly one of the words '
            "between its first and its last word.",
            'Write "{phrase}" exactly {small_n:time}, always with another word for one of the inner words.',
            'Your answer must contain exactly {small_n:variation} of the phrase "{phrase}", each of which '
            "differs from it in a single inner word.",
        ),
        "zh": (
            "请把“{phrase}”这句话恰好写{small_n}遍，每遍都要换掉首尾两词之间的一个词，且只换一个。",
            "回答中要出现恰好{small_n}个“{phrase}”的变体，每个变体只改动中间的一个词。",
            "将“{phrase}”重复恰好{small_n}次，每次替换中间的一个单词，其余不变。",
        ),
    },
    draw=lambda rng, material: {"phrase": rng.choice(_PHRASES), "small_n": rng.randint(2, 3)},
    conflicts=(WHOLE | COPIES | WRAPPED | CASES) | {"count:count_unique"},
    examples=(
        Example(True, "Tea is hot. Tea was hot.", {"phrase": "Tea tastes hot", "small_n": 2}),
        Example(False, "Tea is hot. Tea tastes hot.", {"phrase": "Tea tastes hot", "small_n": 2}),
        Example(False, "Tea is hot.", {"phrase": "Tea tastes hot", "small_n": 2}),
    ),
)
def repeat_phrase(
    response: str, *, phrase: Annotated[str, AfterValidator(_usable)], small_n: Amount
) -> Outcome:
    """Stretches of a line from the phrase's first word to the next last word, taken for regexes.

    Each must have as many words as the phrase and differ in exactly one, so that phrases of one or two words
    always fail.
    """
    words = phrase.split()
    found = stretches(words[0], words[-1], response)
    if len(found) != small_n:
        return Outcome(False, f"{len(found)} repetitions, asked for exactly {small_n}")
    for one in found:
        given = one.split()
        changed = sum(mine != its for mine, its in zip(given, words, strict=False))
        if len(given) != len(words) or changed != 1:
            return Outcome(False, f'"{one}" does not differ in exactly one word')
    return Outcome(True, f"{len(found)} repetitions, each with one word changed")


def _copied(response: str, prompt: str) -> Outcome:
    passed = _same(response, prompt)
    return Outcome(passed, f"the response is {'' if passed else 'not '}just the request")


@kind(
    "copy:copy",
    wordings={
        "en": (
            'Do not carry out this request, only copy it word for word: "{prompt_to_repeat}"',
            'Write out the request between the quotation marks and nothing else: "{prompt_to_repeat}"',
            'Your whole answer must be this text, without the quotation marks: "{prompt_to_repeat}"',
        ),
        "zh": (
            "不要执行下面引号中的请求，只需原样抄写（不含引号）：“{prompt_to_repeat}”",
            "请逐字抄写引号中的请求，此外什么都不要写：“{prompt_to_repeat}”",
            "整个回答就是引号内的这段文字，不带引号：“{prompt_to_repeat}”",
        ),
    },
    draw=lambda rng, material: {"prompt_to_repeat": _prompt(material)},
    conflicts=(IFEVAL | TRAINING) - {"copy:copy"},
    examples=(
        Example(True, " name a town by the sea.\n", {"prompt_to_repeat": _TEXT}),
        Example(False, f'"{_TEXT}"', {"prompt_to_repeat": _TEXT}),
    ),
)
def copy(response: str, *, prompt_to_repeat: Text) -> Outcome:
    """In any case; white space at the ends is ignored."""
    return _copied(response, prompt_to_repeat)


@kind(
    "copy:copying_simple",
    wordings={
        "en": (
            'Repeat this request without answering it: "{prompt_to_repeat}"',
            'Say only this again, and leave it unanswered: "{prompt_to_repeat}"',
            'Give back the following request unchanged, with no answer: "{prompt_to_repeat}"',
        ),
        "zh": (
            "请复述引号内的请求，不要回答它：“{prompt_to_repeat}”",
            "只把这句话再说一遍，不作回答：“{prompt_to_repeat}”",
            "原样返回下面引号中的请求，不给出答案：“{prompt_to_repeat}”",
        ),
    },
    draw=lambda rng, material: {"prompt_to_repeat": _prompt(material)},
    conflicts=(IFEVAL | TRAINING) - {"copy:copying_simple"},
    examples=(
        Example(True, _TEXT, {"prompt_to_repeat": _TEXT}),
        Example(False, f"{_TEXT} Hull.", {"prompt_to_repeat": _TEXT}),
    ),
)
def copying_simple(response: str, *, prompt_to_repeat: Text) -> Outcome:
    """The same check as `copy:copy`."""
    return _copied(response, prompt_to_repeat)


@kind(
    "copy:copying_multiple",
    wordings={
        "en": (
            "Repeat this request {N:time} without answering it, with six asterisks (******) between the "
            'copies: "{prompt_to_repeat}"',
            "Write the following text {N:time} and nothing else. Separate the copies with ******: "
            '"{prompt_to_repeat}"',
            'Your answer consists of {N} copies of this request, divided by ******: "{prompt_to_repeat}"',
        ),
        "zh": (
            "请把引号中的请求原样写{N}遍，不要回答，各遍之间用六个星号（******）隔开：“{prompt_to_repeat}”",
            "将下面这段话重复{N}次，中间用 ****** 分隔，此外什么都不要写：“{prompt_to_repeat}”",
            "整个回答由这个请求的{N}份抄写组成，彼此以 ****** 分开：“{prompt_to_repeat}”",
        ),
    },
    draw=lambda rng, material: {"prompt_to_repeat": _prompt(material), "N": rng.randint(2, 3)},
    conflicts=(IFEVAL | TRAINING) - {"copy:copying_multiple"},
    examples=(
        Example(True, f"{_TEXT}\n******\n{_TEXT}", {"prompt_to_repeat": _TEXT, "N": 2}),
        Example(False, f"{_TEXT}\n******\n{_TEXT}\n******", {"prompt_to_repeat": _TEXT, "N": 2}),
    ),
)
def copying_multiple(response: str, *, prompt_to_repeat: Text, N: Amount) -> Outcome:
    """Each part between dividers is the request, in any case. A divider at an end adds an empty part."""
    parts = response.split(_DIVIDER)
    if len(parts) != N:
        return Outcome(False, f"{len(parts)} parts, asked for exactly {N}")
    other = next((part.strip() for part in parts if not _same(part, prompt_to_repeat)), None)
    return Outcome(other is None, "copies only" if other is None else f'"{other[:40]}" is not the request')


@kind(
    "new:copy_span_idx",
    wordings={
        "en": (
            "Copy the characters from index {n_start} up to but not including index {n_end}, counted from 0, "
            'of the text between the quotation marks, and write nothing else: "{prompt_to_repeat}"',
            "Leave this request unanswered. Only write its characters from index {n_start} (counted from 0) "
            'to just before index {n_end}: "{prompt_to_repeat}"',
            "Counted from 0, what stands from character {n_start} to before character {n_end} in this text? "
            'Answer with that alone: "{prompt_to_repeat}"',
        ),
        "zh": (
            "请只抄写引号内文字从下标{n_start}（含，从0数起）到下标{n_end}（不含）的部分：“{prompt_to_repeat}”",
            "不要回答这个请求，只写出其中下标{n_start}到{n_end}之前的字符（从0开始数）：“{prompt_to_repeat}”",
            "从0数起，引号中的文字自下标{n_start}起、到下标{n_end}之前是什么？只写这一段：“{prompt_to_repeat}”",
        ),
    },
    draw=_draw_span,
    conflicts=(IFEVAL | TRAINING) - {"new:copy_span_idx"},
    examples=(
        Example(True, "TOWN", {"prompt_to_repeat": _TEXT, "n_start": 7, "n_end": 11}),
        Example(False, "town b", {"prompt_to_repeat": _TEXT, "n_start": 7, "n_end": 11}),
    ),
)
def copy_span_idx(response: str, *, prompt_to_repeat: Text, n_start: Index, n_end: Index) -> Outcome:
    """Python's slice: its end is exclusive, though upstream's own wording calls it included. In any case."""
    span = prompt_to_repeat[n_start:n_end].strip().lower()
    return Outcome(response.strip().lower() == span, f'asked for "{span}" alone')
