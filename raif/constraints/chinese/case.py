"""Capital letters in Chinese: those of the Latin words within."""

from __future__ import annotations

from raif.constraints.kind import Count, Example, Outcome, Relation, compare, variant
from raif.text import chinese


@variant(
    "change_case:capital_word_frequency",
    "zh",
    examples=(
        Example(True, "中国GDP增长，DNA检测", {"capital_frequency": 2, "capital_relation": "at least"}),
        Example(False, "中国GDP增长", {"capital_frequency": 1, "capital_relation": "less than"}),
        Example(True, "全是中文。", {"capital_frequency": 1, "capital_relation": "less than"}),
        Example(False, "Gdp 和 iPhone", {"capital_frequency": 1, "capital_relation": "at least"}),
        Example(True, "ＧＤＰ、GPT-4", {"capital_frequency": 2, "capital_relation": "at least"}),
    ),
)
def capital_word_frequency(response: str, *, capital_frequency: Count, capital_relation: Relation) -> Outcome:
    """Counts Latin words whose letters are all capitals, also right between Chinese characters."""
    found = sum(word.isupper() for word in chinese.characters(response))
    return compare(found, capital_relation, capital_frequency, "words in capitals")
