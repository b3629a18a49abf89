"""Which words and letters a response uses. Keywords are regexes, searched for without regard to case."""

from __future__ import annotations

import random
import re
from typing import Annotated, Any

from pydantic import Field

from raif.constraints.kind import (
    Count,
    Example,
    Material,
    Outcome,
    Relation,
    Text,
    compare,
    draw_bound,
    kind,
    pattern,
)
from raif.constraints.wording import joined
from raif.text.search import count

_COMMON = {"en": "etaoinsrhl", "zh": "的一"}
_RARE = {"en": "bcdfgjkmpquvwxyz", "zh": "了们就都也很和要"}


def _whole_word(word: str) -> str:
    return rf"\b{word}\b"


def _draw_frequency(rng: random.Random, material: Material) -> dict[str, Any]:
    relation, frequency = draw_bound(rng, at_least=(2, 3), less_than=(2, 4))
    return {"keyword": rng.choice(material.words), "frequency": frequency, "relation": relation}


def _draw_letter(rng: random.Random, material: Material) -> dict[str, Any]:
    """A common letter for "at least", a rarer one for "less than"."""
    language = "zh" if material.language == "zh" else "en"
    ranges = {
        "en": {"at_least": (3, 10), "less_than": (4, 10)},
        "zh": {"at_least": (2, 3), "less_than": (2, 5)},
    }
    relation, frequency = draw_bound(rng, **ranges[language])
    letter = rng.choice((_COMMON if relation == "at least" else _RARE)[language])
    return {"letter": letter, "let_frequency": frequency, "let_relation": relation}


@kind(
    "keywords:existence",
    wordings={
        "en": (
            "Work {keywords} into the text.",
            "Make sure that {keywords} can be found in what you write.",
            "Your response has to mention {keywords}.",
            "{keywords} should come up somewhere in it.",
            "Find room for {keywords}.",
        ),
        "zh": (
            "回答中必须包含关键词{keywords}。",
            "请在回答里用到{keywords}。",
            "你的回答需要提到{keywords}。",
            "写的时候要带上{keywords}。",
            "{keywords}要在文中出现。",
        ),
    },
    draw=lambda rng, material: {
        "keywords": rng.sample(material.words, min(rng.randint(1, 3), len(material.words)))
    },
    examples=(
        Example(True, "A cat sat there.", {"keywords": ["cat"]}),
        Example(False, "A dog sat there.", {"keywords": ["cat", "dog"]}),
    ),
)
def existence(
    response: str, *, keywords: Annotated[list[Annotated[str, pattern()]], Field(min_length=1)]
) -> Outcome:
    """Each keyword is searched for as a regex, in any case, also within words."""
    missing = [word for word in keywords if not count("search", word, response, re.IGNORECASE)]
    return Outcome(not missing, f"no {joined(missing, 'en')}" if missing else "all keywords found")


@kind(
    "keywords:frequency",
    wordings={
        "en": (
            'Use the word "{keyword}" {relation} {frequency:time}.',
            'Write the word "{keyword}" {relation} {frequency:time} in all.',
            'In your answer, "{keyword}" is to occur {relation} {frequency:time}.',
            'I would like "{keyword}" to appear {relation} {frequency:time}.',
            '"{keyword}" comes up {relation} {frequency:time} in what I want to read.',
        ),
        "zh": (
            "“{keyword}”在回答中出现的次数要{relation}{frequency}次。",
            "回答中使用“{keyword}”的次数应{relation}{frequency}次。",
            "全文用到“{keyword}”这个词的次数应{relation}{frequency}次。",
            "“{keyword}”一词，全文使用{relation}{frequency}次。",
            "写到“{keyword}”的次数控制在{relation}{frequency}次。",
        ),
    },
    draw=_draw_frequency,
    examples=(
        Example(True, "Tea, more tea.", {"keyword": "tea", "frequency": 2, "relation": "at least"}),
        Example(False, "Tea, more tea.", {"keyword": "tea", "frequency": 2, "relation": "less than"}),
    ),
)
def frequency(
    response: str, *, keyword: Annotated[Text, pattern(str.strip)], frequency: Count, relation: Relation
) -> Outcome:
    """Counts matches of the keyword as a regex, in any case, also within words."""
    found = count("findall", keyword.strip(), response, re.IGNORECASE)
    return compare(found, relation, frequency, f'times "{keyword.strip()}"')


@kind(
    "keywords:forbidden_words",
    wordings={
        "en": (
            "Do not write {forbidden_words} in your answer.",
            "Avoid {forbidden_words} throughout your response.",
            "Leave out {forbidden_words} altogether.",
            "Get by without {forbidden_words}.",
            "I do not want to read {forbidden_words} anywhere in it.",
        ),
        "zh": (
            "回答中不得出现{forbidden_words}。",
            "请不要使用{forbidden_words}。",
            "整个回答都要避免{forbidden_words}这样的字眼。",
            "全文避开{forbidden_words}。",
            "不许用到{forbidden_words}。",
        ),
    },
    draw=lambda rng, material: {
        "forbidden_words": rng.sample(material.words, min(rng.randint(1, 4), len(material.words)))
    },
    examples=(
        Example(True, "You cannot win.", {"forbidden_words": ["can"]}),
        Example(False, "You can't win.", {"forbidden_words": ["can"]}),
    ),
)
def forbidden_words(
    response: str,
    *,
    forbidden_words: Annotated[list[Annotated[str, pattern(_whole_word)]], Field(min_length=1)],
) -> Outcome:
    """No word is found as a regex between word boundaries, in any case."""
    used = [
        word
        for word in forbidden_words
        if count("search", _whole_word(word), response, re.IGNORECASE, given=word)
    ]
    return Outcome(not used, f"contains {joined(used, 'en')}" if used else "no forbidden word")


# For a character that is not a letter the official checker draws a random one; here it is counted itself.
@kind(
    "keywords:letter_frequency",
    wordings={
        "en": (
            'Count the letter "{letter}": I want it {let_relation} {let_frequency:time}.',
            'Use the letter "{letter}" {let_relation} {let_frequency:time}.',
            'Over the whole text the letter "{letter}" comes {let_relation} {let_frequency:time}.',
            'Have {let_relation} {let_frequency:occurrence} of the letter "{letter}".',
            'The letter "{letter}" is to be found {let_relation} {let_frequency:time} in it.',
        ),
        "zh": (
            "“{letter}”这个字在回答中出现的次数要{let_relation}{let_frequency}次。",
            "全文的“{letter}”字一共要{let_relation}{let_frequency}次。",
            "全文用到“{letter}”字的次数应{let_relation}{let_frequency}次。",
            "数“{letter}”字，全文要{let_relation}{let_frequency}个。",
            "“{letter}”字的个数：{let_relation}{let_frequency}个。",
        ),
    },
    draw=_draw_letter,
    examples=(
        Example(True, "Banana", {"letter": "a", "let_frequency": 3, "let_relation": "at least"}),
        Example(False, "Zoo", {"letter": "z", "let_frequency": 1, "let_relation": "less than"}),
    ),
)
def letter_frequency(
    response: str,
    *,
    letter: Annotated[str, Field(min_length=1, max_length=1)],
    let_frequency: Count,
    let_relation: Relation,
) -> Outcome:
    """Counts the letter in upper and lower case."""
    found = response.lower().count(letter.lower())
    return compare(found, let_relation, let_frequency, f'times the letter "{letter}"')
