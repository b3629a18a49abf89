"""Length and paragraphs in Chinese."""

from __future__ import annotations

import re
from typing import Literal

from raif.constraints.kind import Count, Example, Outcome, Relation, Text, compare, exactly, variant
from raif.constraints.length import Nth
from raif.text import chinese

_OPENERS = " \t　“「『‘\"'《【（(*"


@variant(
    "length_constraints:number_words",
    "zh",
    examples=(
        Example(True, "今天天气很好。", {"num_words": 6, "relation": "at least"}),
        Example(False, "今天天气很好。", {"num_words": 7, "relation": "at least"}),
        Example(False, "今天天气很好。", {"num_words": 6, "relation": "less than"}),
        Example(True, "我用 GPT-4 写了 3.5 页。", {"num_words": 7, "relation": "less than"} | {"unit": "词"}),
        Example(True, "我喜欢苹果。", {"num_words": 3, "relation": "at least", "unit": "词"}),
        Example(False, "我喜欢苹果。", {"num_words": 4, "relation": "at least", "unit": "词"}),
        Example(False, "，。！？", {"num_words": 1, "relation": "at least"}),
    ),
)
def number_words(
    response: str, *, num_words: Count, relation: Relation, unit: Literal["字", "词"] = "字"
) -> Outcome:
    """Counts characters (字), or jieba's words if `unit` is 词. Punctuation doesn't count.

    A run of Latin letters or digits, such as GPT-4 or 3.5, is one character and one word.
    """
    found = chinese.characters(response) if unit == "字" else chinese.words(response)
    return compare(len(found), relation, num_words, "characters" if unit == "字" else "words")


@variant(
    "length_constraints:number_sentences",
    "zh",
    examples=(
        Example(True, "下雨了。带伞吗？带！", {"num_sentences": 3, "relation": "at least"}),
        Example(False, "下雨了，带伞吗？", {"num_sentences": 2, "relation": "at least"}),
        Example(True, "他问：“带伞吗？”，我说带。", {"num_sentences": 2, "relation": "less than"}),
        Example(False, "春天来了；花开了。", {"num_sentences": 2, "relation": "less than"}),
        Example(True, "* 带伞\n* 带水", {"num_sentences": 2, "relation": "at least"}),
        Example(True, "真的吗？？！\n***\n圆周率约为3.14。", {"num_sentences": 3, "relation": "less than"}),
    ),
)
def number_sentences(response: str, *, num_sentences: Count, relation: Relation) -> Outcome:
    """Counts sentences: `。！？；…` and ASCII `!?` end one, and so does a line break.

    Closing marks after the end belong to the sentence; if a comma follows, it continues. A line without
    Chinese is split into English sentences. A line without letters or digits doesn't count.
    """
    return compare(len(chinese.sentences(response)), relation, num_sentences, "sentences")


@variant(
    "length_constraints:nth_paragraph_first_word",
    "zh",
    examples=(
        Example(True, "一。\n\n但是二。", {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "但是"}),
        Example(False, "一。\n\n二。", {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "但是"}),
        Example(True, "　　“春天到了。”", {"num_paragraphs": 1, "nth_paragraph": 1, "first_word": "春天"}),
        Example(False, "AIDS 不同。", {"num_paragraphs": 1, "nth_paragraph": 1, "first_word": "AI"}),
        Example(True, "ＡＩ来了。", {"num_paragraphs": 1, "nth_paragraph": 1, "first_word": "ai"}),
        Example(False, "一。\n二。", {"num_paragraphs": 2, "nth_paragraph": 1, "first_word": "一"}),
        Example(True, "一。\n\n \n\n二。", {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "二"}),
    ),
)
def nth_paragraph_first_word(
    response: str, *, num_paragraphs: Count, nth_paragraph: Nth, first_word: Text
) -> Outcome:
    """Blank lines separate paragraphs, and the nth starts with the word, whatever follows it.

    Indentation, opening quotation marks and brackets before it are ignored. After a Latin word, no Latin
    letter or digit may follow.
    """
    paragraphs = [part for part in re.split(r"\n(?:[^\S\n]*\n)+", response) if part.strip()]
    if len(paragraphs) != num_paragraphs:
        return exactly(len(paragraphs), num_paragraphs, "paragraphs")
    start = chinese.fold(paragraphs[nth_paragraph - 1].strip()).lstrip(_OPENERS)
    found = re.match(chinese.whole(chinese.fold(first_word)), start)
    said = start[: len(first_word)]
    return Outcome(bool(found), f'paragraph {nth_paragraph} starts with "{said}", asked for "{first_word}"')
