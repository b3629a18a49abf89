"""RLVR-IFeval's functions that mean something of their own in Chinese: words, sentences, parts of a text."""

from __future__ import annotations

import re

import raif.constraints.iftrain  # noqa: F401 (variants need the kinds)
from raif.constraints.chinese import format
from raif.constraints.iftrain.older_words import Number, a_tenth, compared
from raif.constraints.kind import Example, Outcome, Text, exactly, variant
from raif.text import chinese


@variant(
    "rlvr:validate_word_constraint",
    "zh",
    examples=(
        Example(True, "你好，谢谢！", {"N": 2, "quantifier": "at least"}),
        Example(False, "你好。", {"N": 2, "quantifier": "at least"}),
    ),
)
def validate_word_constraint(response: str, *, N: Number, quantifier: str) -> Outcome:
    """Words (词) are jieba's; punctuation doesn't count."""
    return compared(len(chinese.words(response)), quantifier, N, "words", slack=a_tenth(N))


@variant(
    "rlvr:verify_sentence_constraint",
    "zh",
    examples=(
        Example(True, "天亮了。鸟叫了。", {"N": 2, "quantifier": "at least"}),
        Example(False, "天亮了，鸟叫了。", {"N": 2, "quantifier": "at least"}),
    ),
)
def verify_sentence_constraint(response: str, *, N: Number, quantifier: str) -> Outcome:
    """Sentences are those of `length_constraints:number_sentences` in Chinese."""
    return compared(len(chinese.sentences(response)), quantifier, N, "sentences", slack=1)


@variant(
    "rlvr:verify_postscript",
    "zh",
    examples=(
        Example(True, "就这些。\n附言：常联系。", {"postscript_marker": "附言："}),
        Example(False, "他的附言：常联系。", {"postscript_marker": "附言："}),
    ),
)
def verify_postscript(response: str, *, postscript_marker: Text) -> Outcome:
    """As `detectable_content:postscript` in Chinese."""
    return format.postscript(response, postscript_marker=postscript_marker)


@variant(
    "rlvr:validate_sections",
    "zh",
    examples=(
        Example(True, "章节一\n茶。\n章节二\n水。", {"N": 2, "section_splitter": "章节"}),
        Example(False, "章节一和章节二", {"N": 2, "section_splitter": "章节"}),
    ),
)
def validate_sections(response: str, *, N: Number, section_splitter: Text) -> Outcome:
    """Lines that start with the splitter, marks may precede it; text follows each."""
    head = rf"^[^\w\n]{{0,20}}{re.escape(chinese.fold(section_splitter.strip()))}"
    _, *parts = re.split(head, chinese.fold(response), flags=re.MULTILINE)
    if not all(map(chinese.characters, parts)):
        return Outcome(False, "an empty section")
    return exactly(len(parts), N, "sections")
