"""The first and last words of a response and of its sentences, and a word at a given place."""

from __future__ import annotations

import random
import re
from typing import Any

from raif.constraints.iftrain.common import WHOLE, WRAPPED, Amount, FirstOf, Index, no_kwargs, single
from raif.constraints.iftrain.splitter import split
from raif.constraints.kind import Example, Material, Outcome, Text, kind
from raif.text import tokens

_NOT_A_WORD = re.compile(r"\W")


def _first_word(text: str) -> str:
    return next(iter(text.split()), "").lower()


def _last_word(text: str) -> str:
    """Without what is not part of a word, wherever it stands: "it's." is "its"."""
    return _NOT_A_WORD.sub("", ["", *text.split()][-1]).lower()


def _draw_place(rng: random.Random, material: Material) -> dict[str, Any]:
    return {"keyword": single(rng, material), "n": rng.randint(1, 3), "m": rng.randint(2, 6)}


@kind(
    "first_word:first_word_sent",
    wordings={
        "en": (
            'Begin every sentence with the word "{first_word}".',
            'The first word of each of your sentences must be "{first_word}".',
            'All sentences start with "{first_word}".',
        ),
        "zh": (
            "每句话都必须以“{first_word}”开头。",
            "请让所有句子都从“{first_word}”写起。",
            "回答中每个句子的开头都是“{first_word}”。",
        ),
    },
    draw=lambda rng, material: {"first_word": single(rng, material)},
    conflicts=WHOLE
    | WRAPPED
    | {
        "count:count_unique",
        "first_word:first_word_answer",
        "detectable_format:number_bullet_lists",
        "startend:quotation",
    },
    examples=(
        Example(True, "We ran. we won!", {"first_word": "We"}),
        Example(False, "We ran. They won!", {"first_word": "we"}),
        Example(False, "We, too, ran.", {"first_word": "we"}),
    ),
)
def first_word_sent(response: str, *, first_word: FirstOf) -> Outcome:
    """In any case, with the punctuation after it. Of a list, the first item counts."""
    word = first_word.strip().lower()
    other = next((one for one in split(response) if not one or _first_word(one) != word), None)
    if other is None:
        return Outcome(True, f'every sentence begins with "{word}"')
    return Outcome(False, f'"{other[:40]}" does not begin with "{word}"')


@kind(
    "first_word:first_word_answer",
    wordings={
        "en": (
            'The first word of your answer must be "{first_word}".',
            'Begin your response with the word "{first_word}".',
            'Start with "{first_word}" as your very first word.',
        ),
        "zh": (
            "回答必须以“{first_word}”开头。",
            "你的第一个词应是“{first_word}”。",
            "请从“{first_word}”这个词写起。",
        ),
    },
    draw=lambda rng, material: {"first_word": single(rng, material)},
    conflicts=WHOLE | WRAPPED | {"first_word:first_word_sent", "startend:quotation"},
    examples=(
        Example(True, "yes it is.", {"first_word": "Yes"}),
        Example(False, "Yes, it is.", {"first_word": "yes"}),
    ),
)
def first_word_answer(response: str, *, first_word: Text) -> Outcome:
    """In any case, with the punctuation after it."""
    found = _first_word(response)
    passed = bool(response.strip()) and found == first_word.strip().lower()
    return Outcome(passed, f'begins with "{found}", asked for "{first_word.strip()}"')


@kind(
    "last_word:last_word_sent",
    wordings={
        "en": (
            'End every sentence with the word "{last_word}".',
            'The last word of each of your sentences must be "{last_word}".',
            'All sentences close with "{last_word}", before the punctuation.',
        ),
        "zh": (
            "每句话都必须以“{last_word}”结尾（标点之前）。",
            "请让所有句子都用“{last_word}”收尾。",
            "回答中每个句子的最后一个词都是“{last_word}”。",
        ),
    },
    draw=lambda rng, material: {"last_word": single(rng, material)},
    conflicts=WHOLE | {"count:count_unique"},
    examples=(
        Example(True, "We went home. Is it home?", {"last_word": "Home"}),
        Example(False, "We went home. Is it here?", {"last_word": "home"}),
    ),
)
def last_word_sent(response: str, *, last_word: FirstOf) -> Outcome:
    """In any case, without all punctuation, so that "its" meets "it's". Of a list, the first item counts."""
    word = last_word.strip().lower()
    other = next((one for one in split(response) if not one or _last_word(one) != word), None)
    if other is None:
        return Outcome(True, f'every sentence ends with "{word}"')
    return Outcome(False, f'"{other[-40:]}" does not end with "{word}"')


@kind(
    "last_word:last_word_answer",
    wordings={
        "en": (
            'The last word of your answer must be "{last_word}".',
            'End your response with the word "{last_word}".',
            'Close with "{last_word}" as your very last word.',
        ),
        "zh": (
            "回答的最后一个词必须是“{last_word}”（末尾标点不计）。",
            "请用“{last_word}”结束回答。",
            "整个回答应以“{last_word}”收尾，其后只可有标点。",
        ),
    },
    draw=lambda rng, material: {"last_word": single(rng, material)},
    conflicts=WHOLE,
    examples=(
        Example(True, 'He said: "Be brief."', {"last_word": "Brief"}),
        Example(False, "Be brief .", {"last_word": "brief"}),
    ),
)
def last_word_answer(response: str, *, last_word: Text) -> Outcome:
    """In any case, without punctuation; marks that stand alone are an empty word."""
    found = _last_word(response)
    passed = bool(response.strip()) and found == last_word.strip().lower()
    return Outcome(passed, f'ends with "{found}", asked for "{last_word.strip()}"')


@kind(
    "keywords:start_end",
    wordings={
        "en": (
            "Start and end your answer with the same word, and write nothing after it, not even a full stop.",
            "Your first word must also be your last one, with no punctuation after it.",
            "Let the response close with the very word that it opened with, without a mark behind it.",
        ),
        "zh": (
            "回答的第一个词和最后一个词必须相同，其后最多只有标点。",
            "请用同一个词开头和结尾。",
            "回答以哪个词开始，就以哪个词结束。",
        ),
    },
    draw=no_kwargs,
    conflicts=WHOLE
    | WRAPPED
    | {"count:count_unique", "startend:quotation", "startend:end_checker", "detectable_content:postscript"},
    examples=(Example(True, "Tea is still tea", {}), Example(False, "Tea is still tea.", {})),
)
def start_end(response: str) -> Outcome:
    """NLTK's first and last tokens, in any case. A full stop is a token, and a single token fails."""
    found = tokens(response)
    if len(found) < 2:
        return Outcome(False, "fewer than two words")
    passed = found[0].lower() == found[-1].lower()
    return Outcome(passed, f'starts with "{found[0]}" and ends with "{found[-1]}"')


@kind(
    "keywords:keyword_specific_position",
    wordings={
        "en": (
            'Word {m} of sentence {n} must be "{keyword}"; punctuation marks count as words.',
            'Put "{keyword}" into sentence {n} as word number {m}, where a punctuation mark is also a word.',
            'In sentence {n}, the word at position {m} is "{keyword}" (marks count, too).',
        ),
        "zh": (
            "第{n}句话的第{m}个词必须是“{keyword}”，标点不计。",
            "请让“{keyword}”成为第{n}句的第{m}个词（不算标点）。",
            "在第{n}个句子里，第{m}个词要用“{keyword}”，标点不算词。",
        ),
    },
    draw=_draw_place,
    conflicts=WHOLE | WRAPPED,
    examples=(
        Example(True, "Sit. Have, tea now.", {"keyword": "tea", "n": 2, "m": 3}),
        Example(False, "Sit. Have Tea now.", {"keyword": "tea", "n": 2, "m": 2}),
    ),
)
def keyword_specific_position(response: str, *, keyword: FirstOf, n: Index, m: Amount) -> Outcome:
    """NLTK's tokens, in the same case; punctuation counts. Of a list, the first item counts.

    Negative numbers count from the end, where -1 is the last but one, as upstream does by accident.
    """
    sentences, word = split(response), keyword.strip()
    if not -len(sentences) < n <= len(sentences):
        return Outcome(False, f"{len(sentences)} sentences, no sentence {n}")
    found = tokens(sentences[n - 1])
    if not -len(found) < m <= len(found) or m != int(m):
        return Outcome(False, f"no word {m} in sentence {n}")
    passed = found[int(m) - 1] == word
    return Outcome(passed, f'word {m} of sentence {n} is "{found[int(m) - 1]}", asked for "{word}"')
