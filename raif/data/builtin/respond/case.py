"""Capital and small letters. English only: Chinese has no case."""

from __future__ import annotations

import re
from collections.abc import Callable

from raif.constraints.kind import Relation
from raif.data.builtin.respond.draft import Draft
from raif.data.builtin.respond.responder import Facts, Stage, phrases, responder
from raif.text import detect, tokens


def _capitals(text: str) -> list[str]:
    """Tokens in capitals as the check counts them: I and A too."""
    return [token for token in tokens(text) if token.isupper()]


def _shouted(text: str) -> list[str]:
    """Words in capitals as a reader counts them."""
    return [word for word in _capitals(text) if len(word) > 1 and word.isalpha()]


@responder(
    "change_case:capital_word_frequency",
    Stage.LIMIT,
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
    """One more word in capitals: a keyword, or else the first of the longest."""
    small = re.findall(r"\b[a-z]{4,}\b", sentence)
    known = [word for word in small if word in draft.seed.keywords]
    word = (known or sorted(small, key=len, reverse=True) or [""])[0]
    return re.sub(rf"\b{word}\b", word.upper(), sentence, count=1) if word else sentence


def _shown(words: list[str]) -> str:
    return phrases(list(dict.fromkeys(words))[:6], "en") if words else "none of them"


@responder(
    "change_case:english_capital",
    Stage.LIMIT,
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
    Stage.LIMIT,
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
    # Short or unusual texts are taken for another language: more sentences settle it.
    draft.needs.append(lambda text: detect(case(text)) == "en")
    return lambda: {"start": " ".join(re.sub('[<>"]', "", draft.answer).split()[:3])}
