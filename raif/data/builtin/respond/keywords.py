"""Words and letters: wanted ones are worked in, others kept out or kept rare."""

from __future__ import annotations

import re

from raif.constraints.kind import Relation
from raif.data.builtin.respond.draft import Draft
from raif.data.builtin.respond.fill import occurrences
from raif.data.builtin.respond.responder import Facts, Stage, nothing, phrases, responder


@responder(
    "keywords:existence",
    Stage.LIMIT,
    en=(
        "Must mention {keywords}: I write {places}.",
        "Keywords {keywords}: found in {places}.",
        "Put in {keywords}: {places} will do it.",
    ),
    zh=("要出现{keywords}：我写{places}。", "关键词{keywords}：写在{places}里。"),
)
def existence(draft: Draft, keywords: list[str]) -> Facts:
    for word in keywords:
        draft.wanted[word] = max(draft.wanted[word], 1)
    return lambda: {"places": _quoted([_around(word, draft) for word in keywords], draft)}


@responder(
    "keywords:frequency",
    Stage.LIMIT,
    en=(
        'The word "{keyword}" {relation} {frequency:time}: my answer has it {count}.',
        'Count "{keyword}": {relation} {frequency:time} is asked, I use it {count}.',
        '"{keyword}" should come {relation} {frequency:time}, so I write it {count}.',
    ),
    zh=(
        "“{keyword}”要{relation}{frequency}次：回答里有{count}次。",
        "“{keyword}”{relation}{frequency}次，我用{count}次。",
    ),
)
def frequency(draft: Draft, keyword: str, frequency: int, relation: Relation) -> Facts:
    if relation == "at least":
        draft.wanted[keyword] = frequency
    else:
        draft.limits.append(lambda text: occurrences(keyword, text) < frequency)
    return lambda: {"count": times(occurrences(keyword, draft.answer), draft.seed.language)}


@responder(
    "keywords:forbidden_words",
    Stage.LIMIT,
    en=(
        "Never write {forbidden_words}: I talk about {topics} instead.",
        "Leave out {forbidden_words}. My sentences are about {topics}.",
        "{forbidden_words} must not occur; {topics} can.",
    ),
    zh=("不能写{forbidden_words}：改说{topics}。", "避开{forbidden_words}，句子讲{topics}。"),
)
def forbidden_words(draft: Draft, forbidden_words: list[str]) -> Facts:
    edge = "" if draft.seed.language == "zh" else r"\b"
    found = re.compile("|".join(edge + re.escape(word) + edge for word in forbidden_words), re.IGNORECASE)
    draft.limits.append(lambda text: not found.search(text))
    return lambda: {"topics": phrases(draft.topics[:2], draft.seed.language)}


@responder(
    "keywords:letter_frequency",
    Stage.LIMIT,
    en=(
        'Letter "{letter}" {let_relation} {let_frequency:time}: these sentences have it {count}.',
        'The letter "{letter}" must come {let_relation} {let_frequency:time}. I count it {count}.',
        'I need "{letter}" {let_relation} {let_frequency:time}, and I get it {count}.',
    ),
    zh=(
        "“{letter}”要{let_relation}{let_frequency}次：这些句子里有{count}次。",
        "“{letter}”{let_relation}{let_frequency}次，数下来是{count}次。",
    ),
)
def letter_frequency(draft: Draft, letter: str, let_frequency: int, let_relation: Relation) -> Facts:
    def count(text: str) -> int:
        return text.lower().count(letter.lower())

    draft.bound(let_relation, let_frequency, count)
    return lambda: {"count": times(count(draft.answer), draft.seed.language)}


@responder(
    "punctuation:no_comma",
    Stage.LIMIT,
    en=(
        "No commas at all: I keep the sentences plain and join with and.",
        "No comma anywhere, so I use full stops and short sentences.",
        "Commas are not allowed: each sentence goes without one.",
    ),
    zh=("全文不用逗号，写短句。", "不能有逗号：每句话都不停顿。"),
)
def no_comma(draft: Draft) -> Facts:
    draft.limits.append(lambda text: "," not in text and "，" not in text)
    return nothing


def times(count: int, language: str) -> str:
    """A count as an adverb: once, 2 times; in Chinese the number alone."""
    return str(count) if language == "zh" else "once" if count == 1 else f"{count} times"


def _around(word: str, draft: Draft) -> str:
    """The word with its neighbours, as the answer has it."""
    reach = r"[^\s。，<>\"]{0,4}" if draft.seed.language == "zh" else r"(?:[\w*]+ )?\w*"
    after = r"[^\s。，<>\"]{0,2}" if draft.seed.language == "zh" else r"\w*(?: [\w*]+)?"
    found = re.search(reach + re.escape(word) + after, draft.answer, re.IGNORECASE)
    return found.group() if found else word


def _quoted(places: list[str], draft: Draft) -> str:
    opening, closing = ("“", "”") if draft.seed.language == "zh" else ('"', '"')
    return phrases([f"{opening}{place}{closing}" for place in dict.fromkeys(places)], draft.seed.language)
