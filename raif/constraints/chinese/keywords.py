"""Words and characters that a Chinese response uses. They are literal, never a regex."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from raif.constraints.kind import Count, Example, Outcome, Relation, Text, compare, variant
from raif.constraints.wording import joined
from raif.text import chinese


def occurrences(word: str, text: str) -> int:
    """How often a word occurs, also within longer Chinese words; a Latin one only counts as a whole word."""
    wanted, read = chinese.fold(word.strip()), chinese.fold(text)
    count, start = 0, read.find(wanted) if wanted else -1
    while start >= 0:
        end = start + len(wanted)
        found = chinese.whole_at(read, start, end)
        count += found
        start = read.find(wanted, end if found else start + 1)
    return count


@variant(
    "keywords:existence",
    "zh",
    examples=(
        Example(True, "清晨的船只很多。", {"keywords": ["船只", "清晨"]}),
        Example(False, "清晨的船很多。", {"keywords": ["船只", "清晨"]}),
        Example(True, "我学ＡＩ。", {"keywords": ["AI"]}),
        Example(False, "I got MAIL.", {"keywords": ["AI"]}),
        Example(False, "C 语言", {"keywords": ["C++"]}),
        Example(False, "我們學習。", {"keywords": ["学习"]}),
    ),
)
def existence(response: str, *, keywords: Annotated[list[Text], Field(min_length=1)]) -> Outcome:
    """Each keyword occurs, also within a longer Chinese word; a Latin one must be a whole word.

    Case and full-width Latin letters and digits make no difference; traditional and simplified characters do.
    """
    missing = [word for word in keywords if not occurrences(word, response)]
    return Outcome(not missing, f"no {joined(missing, 'en')}" if missing else "all keywords found")


@variant(
    "keywords:frequency",
    "zh",
    examples=(
        Example(True, "茶，绿茶。", {"keyword": "茶", "frequency": 2, "relation": "at least"}),
        Example(False, "茶，绿茶。", {"keyword": "茶", "frequency": 2, "relation": "less than"}),
        Example(False, "一杯茶。", {"keyword": "茶", "frequency": 2, "relation": "at least"}),
        Example(True, "AI 和 MAIL。", {"keyword": "ai", "frequency": 2, "relation": "less than"}),
        Example(True, "Ａ股与a股。", {"keyword": "A股", "frequency": 2, "relation": "at least"}),
        Example(True, "哈哈哈", {"keyword": "哈哈", "frequency": 2, "relation": "less than"}),
    ),
)
def frequency(response: str, *, keyword: Text, frequency: Count, relation: Relation) -> Outcome:
    """Counts where the keyword occurs, without overlaps, also within longer Chinese words."""
    return compare(occurrences(keyword, response), relation, frequency, f'times "{keyword.strip()}"')


@variant(
    "keywords:forbidden_words",
    "zh",
    examples=(
        Example(True, "他很高兴。", {"forbidden_words": ["时间"]}),
        Example(False, "他没有时间了。", {"forbidden_words": ["时间"]}),
        Example(False, "时间表很满。", {"forbidden_words": ["时间"]}),
        Example(False, "这是ＡＩ写的。", {"forbidden_words": ["方法", "ai"]}),
        Example(True, "I got MAIL.", {"forbidden_words": ["AI"]}),
    ),
)
def forbidden_words(response: str, *, forbidden_words: Annotated[list[Text], Field(min_length=1)]) -> Outcome:
    """None of the words occurs, not even within a longer Chinese word; a Latin one counts as a whole word."""
    used = [word for word in forbidden_words if occurrences(word, response)]
    return Outcome(not used, f"contains {joined(used, 'en')}" if used else "no forbidden word")


@variant(
    "keywords:letter_frequency",
    "zh",
    examples=(
        Example(True, "我的书和你的书。", {"letter": "的", "let_frequency": 2, "let_relation": "at least"}),
        Example(False, "我的书和你的书。", {"letter": "的", "let_frequency": 2, "let_relation": "less than"}),
        Example(True, "Ａ、a、A", {"letter": "a", "let_frequency": 3, "let_relation": "at least"}),
        Example(False, "没有", {"letter": "x", "let_frequency": 1, "let_relation": "at least"}),
        Example(True, "# 标题 #", {"letter": "#", "let_frequency": 2, "let_relation": "at least"}),
    ),
)
def letter_frequency(
    response: str,
    *,
    letter: Annotated[str, Field(min_length=1, max_length=1)],
    let_frequency: Count,
    let_relation: Relation,
) -> Outcome:
    """Counts one character, Han or Latin. Case and full width make no difference."""
    found = chinese.fold(response).count(chinese.fold(letter))
    return compare(found, let_relation, let_frequency, f'times the character "{letter}"')
