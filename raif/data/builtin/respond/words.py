"""Responders for words, letters and their case: some are worked in, others kept out or kept rare."""

from __future__ import annotations

import re
from collections.abc import Callable

from raif.constraints.kind import Relation
from raif.data.builtin.respond.draft import Draft, occurrences
from raif.data.builtin.respond.responder import Facts, Phase, nothing, phrases, responder
from raif.text import detect, tokens


@responder(
    "keywords:existence",
    Phase.LIMIT,
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
    opening, closing = ("“", "”") if draft.seed.language == "zh" else ('"', '"')

    def facts() -> dict[str, str]:
        places = dict.fromkeys(_around(word, draft) for word in keywords)
        return {"places": phrases([f"{opening}{place}{closing}" for place in places], draft.seed.language)}

    return facts


def _around(word: str, draft: Draft) -> str:
    """The word with its neighbours in the answer."""
    chinese = draft.seed.language == "zh"
    before = r"[^\s。，<>\"]{0,4}" if chinese else r"(?:[\w*]+ )?\w*"
    after = r"[^\s。，<>\"]{0,2}" if chinese else r"\w*(?: [\w*]+)?"
    found = re.search(before + re.escape(word) + after, draft.answer, re.IGNORECASE)
    return found.group() if found else word


@responder(
    "keywords:frequency",
    Phase.LIMIT,
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
    Phase.LIMIT,
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
    Phase.LIMIT,
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
    Phase.LIMIT,
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
    """A count in words: once, 2 times; in Chinese only the number."""
    return str(count) if language == "zh" else "once" if count == 1 else f"{count} times"


def _capitals(text: str) -> list[str]:
    """Tokens in capitals as the check counts them, I and A included."""
    return [token for token in tokens(text) if token.isupper()]


def _shouted(text: str) -> list[str]:
    """Words in capitals as a reader counts them. English only, like all case: Chinese has none."""
    return [word for word in _capitals(text) if len(word) > 1 and word.isalpha()]


@responder(
    "change_case:capital_word_frequency",
    Phase.LIMIT,
    en=(
        "Words in capitals {capital_relation} {capital_frequency:time}: {shown}.",
        "All caps for {capital_relation} {capital_frequency:word}; I have {shown}.",
        "I count {shown}; {capital_relation} {capital_frequency} in capitals are asked.",
    ),
)
def capital_word_frequency(draft: Draft, capital_frequency: int, capital_relation: Relation) -> Facts:
    def mark() -> None:
        for position in sorted(draft.sentences) * capital_frequency:
            if len(_shouted(draft.text)) < capital_frequency:
                draft.sentences[position] = _shout(draft.sentences[position], draft)

    if capital_relation == "at least":
        draft.marks.append(mark)
        return lambda: {"shown": _shown(_shouted(draft.answer))}
    draft.limits.append(lambda text: len(_capitals(text)) < capital_frequency)
    return lambda: {"shown": _shown(_capitals(draft.answer))}


def _shout(sentence: str, draft: Draft) -> str:
    """Turns one more word into capitals: a keyword, or else the first of the longest words."""
    small = re.findall(r"\b[a-z]{4,}\b", sentence)
    known = [word for word in small if word in draft.seed.keywords]
    word = (known or sorted(small, key=len, reverse=True) or [""])[0]
    return re.sub(rf"\b{word}\b", word.upper(), sentence, count=1) if word else sentence


def _shown(words: list[str]) -> str:
    return phrases(list(dict.fromkeys(words))[:6], "en") if words else "none of them"


@responder(
    "change_case:english_capital",
    Phase.LIMIT,
    en=(
        "Capital letters only: it begins {start}.",
        "Every letter is a capital, as in {start}.",
        "All in capitals and in English: {start} and so on.",
    ),
)
def english_capital(draft: Draft) -> Facts:
    return _turn(draft, str.upper)


@responder(
    "change_case:english_lowercase",
    Phase.LIMIT,
    en=(
        "Small letters only: it begins {start}.",
        "No capital letter, not even at the start: {start}.",
        "All in lowercase and in English: {start} and so on.",
    ),
)
def english_lowercase(draft: Draft) -> Facts:
    return _turn(draft, str.lower)


def _turn(draft: Draft, case: Callable[[str], str]) -> Facts:
    draft.case = case
    # Short or unusual texts are detected as another language: more sentences settle it.
    draft.needs.append(lambda text: detect(case(text)) == "en")
    return lambda: {"start": " ".join(re.sub('[<>"]', "", draft.answer).split()[:3])}
