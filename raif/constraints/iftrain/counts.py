"""How many letters, words and sentences there are."""

from __future__ import annotations

import random
import re
import string
from typing import Annotated, Any

from pydantic import AfterValidator

from raif.constraints.iftrain.common import WHOLE, Amount, Frequency, no_kwargs
from raif.constraints.iftrain.splitter import split
from raif.constraints.kind import Example, Material, Outcome, Relation, Text, compare, draw_bound, kind
from raif.text.words import each_token, tokens

_LETTER = re.compile("[A-Za-z]")
_LOWERCASE = re.compile(r"\b[a-z]+\b")
_COMMON, _RARE = "etaoinsrhl", "bcdfgjkmpquvwxyz"
_LONG = frozenset(
    {
        "length_constraints:number_words",
        "length_constraints:number_sentences",
        "length_constraints:number_paragraphs",
        "length_constraints:nth_paragraph_first_word",
        "detectable_content:postscript",
        "detectable_format:number_bullet_lists",
        "detectable_format:multiple_sections",
        "startend:end_checker",
    }
)
"""They may need more words than a kind that asks for only a few."""


def _draw_letters(rng: random.Random, material: Material) -> dict[str, Any]:
    relation, bound = draw_bound(rng, at_least=(20, 60), less_than=(40, 120))
    return {"N": bound, "relation": relation}


def _draw_letter(rng: random.Random, material: Material) -> dict[str, Any]:
    relation, bound = draw_bound(rng, at_least=(3, 10), less_than=(4, 10))
    letter = rng.choice(_COMMON if relation == "at least" else _RARE)
    return {"letter": letter, "let_frequency": bound, "let_relation": relation}


def _latin(letter: str) -> str:
    if not (len(letter) == 1 and letter.lower() in [*string.ascii_lowercase]):
        raise ValueError("not one of the letters a to z: upstream replaces it with a random one")
    return letter


@kind(
    "letters:letter_counting",
    wordings={
        "en": (
            "Answer with {relation} {N:letter}.",
            "Let there be {relation} {N:letter} in what you write.",
            "Write {relation} {N:letter} in total.",
        ),
        "zh": (
            "回答中的英文字母应{relation}{N}个。",
            "全文所用的英文字母总数须{relation}{N}个。",
            "请写{relation}{N}个英文字母。",
        ),
    },
    draw=_draw_letters,
    conflicts=WHOLE,
    examples=(
        Example(True, "Tea for 2!", {"N": 6, "relation": "at least"}),
        Example(False, "Tea for 2!", {"N": 6, "relation": "less than"}),
        Example(False, "Tea for 2!", {"N": 6, "relation": "exactly"}),
    ),
)
def letter_counting(response: str, *, N: Amount, relation: Text) -> Outcome:
    """Counts the letters a to z in both cases. Any relation but "at least" and "less than" fails."""
    found = len(_LETTER.findall(response))
    passed = {"at least": found >= N, "less than": found < N}.get(relation, False)
    return Outcome(passed, f"{found} letters, asked for {relation} {N}")


@kind(
    "letters:letter_counting2",
    wordings={
        "en": (
            'The letter "{letter}" is to occur {let_relation} {let_frequency:time}.',
            'Write the letter "{letter}" {let_relation} {let_frequency:time} in all.',
            'Let your answer have the letter "{letter}" {let_relation} {let_frequency:time}.',
        ),
        "zh": (
            "英文字母“{letter}”出现的次数应{let_relation}{let_frequency}次。",
            "回答中字母“{letter}”的次数须{let_relation}{let_frequency}次。",
            "全文中字母“{letter}”的出现次数要{let_relation}{let_frequency}次。",
        ),
    },
    draw=_draw_letter,
    conflicts=WHOLE,
    examples=(
        Example(True, "Banana", {"letter": "A", "let_frequency": 3, "let_relation": "at least"}),
        Example(False, "Banana", {"letter": "a", "let_frequency": 3, "let_relation": "less than"}),
    ),
)
def letter_counting2(
    response: str,
    *,
    letter: Annotated[str, AfterValidator(_latin)],
    let_frequency: Frequency,
    let_relation: Relation,
) -> Outcome:
    """The same check as `keywords:letter_frequency`: upper and lower case count."""
    found = response.lower().count(letter.lower())
    return compare(found, let_relation, let_frequency, f'times the letter "{letter}"')


@kind(
    "count:lowercase_counting",
    wordings={
        "en": (
            "Words in all lowercase letters may appear {N:time} at most.",
            "Use no more than {N:word} in lowercase letters.",
            "Your answer can have up to {N:word} written in lowercase only.",
        ),
        "zh": (
            "全小写的英文单词最多出现{N}次。",
            "回答中全部由小写字母组成的英文单词不得超过{N}个。",
            "全小写英文单词至多使用{N}个。",
        ),
    },
    draw=lambda rng, material: {"N": rng.randint(2, 8)},
    conflicts=WHOLE | _LONG | {"change_case:english_lowercase"},
    examples=(
        Example(True, "TEA IS hot. NOT cold.", {"N": 2}),
        Example(False, "TEA isn't hot.", {"N": 2}),
    ),
)
def lowercase_counting(response: str, *, N: Amount) -> Outcome:
    """Runs of the letters a to z between word boundaries: `isn't` is two, `abc1`, `a_b` and `café` none."""
    found = len(_LOWERCASE.findall(response))
    return Outcome(found <= N, f"{found} words in lowercase letters, asked for at most {N}")


@kind(
    "count:counting_composition",
    wordings={
        "en": (
            "Write 3 paragraphs divided by ***, each of {n_sent:sentence} with exactly {n_words:word}; "
            "punctuation marks count as words.",
            "Give three paragraphs with *** between them. Each has {n_sent:sentence}, and each sentence "
            "{n_words:word}, where a mark counts as a word.",
            "Your answer has three parts, separated by ***; a part has {n_sent:sentence}, a sentence "
            "{n_words:word}, marks included.",
        ),
        "zh": (
            "请写三段，用 *** 隔开，每段{n_sent}句话，每句{n_words}个字（标点不计）。",
            "回答分三段，段间以 *** 分隔；每段有{n_sent}个句子，每个句子正好{n_words}个字。",
            "共三段，用 *** 分开，每段{n_sent}句，每句不算标点恰好{n_words}个字。",
        ),
    },
    draw=lambda rng, material: {"n_sent": rng.randint(1, 3), "n_words": rng.randint(3, 6)},
    conflicts=WHOLE
    | _LONG
    | {
        "count:count_increment_word",
        "count:count_unique",
        "keywords:frequency",
        "keywords:letter_frequency",
        "paragraphs:paragraphs",
        "paragraphs:paragraphs2",
    },
    examples=(
        Example(True, "I am.\n***\nTea is!\n***\nGo on?", {"n_sent": 1, "n_words": 3}),
        Example(False, "I am.\n* * *\nTea is!\n* * *\nGo on?", {"n_sent": 1, "n_words": 3}),
        Example(False, "I am.\n***\nTea is hot!\n***\nGo on?", {"n_sent": 1, "n_words": 3}),
    ),
)
def counting_composition(response: str, *, n_sent: Amount, n_words: Amount) -> Outcome:
    """Words are NLTK's tokens, so that a full stop is one. `* * *`, upstream's own wording, fails."""
    parts = re.split(r"\s?\*\*\*\s?", response)
    if len(parts) != 3:
        return Outcome(False, f"{len(parts)} paragraphs, asked for exactly 3")
    for part in parts:
        sentences = split(part)
        if len(sentences) != n_sent:
            return Outcome(False, f"{len(sentences)} sentences in a paragraph, asked for exactly {n_sent}")
        for sentence in sentences:
            if (found := len(tokens(sentence))) != n_words:
                return Outcome(False, f'{found} words in "{sentence[:40]}", asked for exactly {n_words}')
    return Outcome(True, "as many paragraphs, sentences and words as asked for")


@kind(
    "count:count_unique",
    wordings={
        "en": (
            "Use every word only once; this holds for punctuation marks, too.",
            "No word and no punctuation mark may occur twice in your answer.",
            "All words and marks of your response must be different.",
        ),
        "zh": (
            "回答中任何词都不能重复使用。",
            "每个词只能出现一次。",
            "全文的词语必须各不相同。",
        ),
    },
    draw=no_kwargs,
    conflicts=WHOLE | _LONG | {"keywords:frequency", "keywords:word_count_different_numbers"},
    examples=(
        Example(True, "Tea, a tea!", {}),
        Example(False, "Tea, a Tea.", {}),
        Example(False, "Tea. Milk.", {}),
    ),
)
def count_unique(response: str) -> Outcome:
    """NLTK's tokens in the same case: two full stops are a repetition."""
    seen: set[str] = set()
    for token in each_token(response):
        if token in seen:
            return Outcome(False, f'"{token}" is used twice')
        seen.add(token)
    return Outcome(True, f"{len(seen)} words, all different")
