"""Case, language, commas, and how a Chinese response starts and ends."""

from __future__ import annotations

from itertools import accumulate
from typing import Annotated

from pydantic import AfterValidator

from raif.constraints.kind import Count, Example, Outcome, Relation, compare, variant
from raif.errors import did_you_mean
from raif.text import chinese, detect
from raif.text.langdetect.language import CHINESE, NAMES


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
    """Counts Latin words in capitals, also between Chinese characters without spaces."""
    found = sum(word.isupper() for word in chinese.characters(response))
    return compare(found, capital_relation, capital_frequency, "words in capitals")


def _known(code: str) -> str:
    if code not in NAMES and code not in CHINESE:
        raise ValueError(f"not a known language. {did_you_mean(code, [*NAMES, *CHINESE])}")
    return code


@variant(
    "language:response_language",
    "zh",
    examples=(
        Example(True, "Das ist ein sehr schöner Tag für einen Spaziergang.", {"language": "de"}),
        Example(False, "今天是散步的好日子。", {"language": "de"}),
        Example(True, "用 Python 写这段代码。", {"language": "zh"}),
        Example(False, "我們今天去公園散步吧。", {"language": "ko"}),
        Example(True, "我們今天去公園散步吧。", {"language": "zh-tw"}),
        Example(False, "我們今天去公園散步吧。", {"language": "zh-cn"}),
        Example(False, "今日は公園を散歩します。", {"language": "zh"}),
    ),
)
def response_language(response: str, *, language: Annotated[str, AfterValidator(_known)]) -> Outcome:
    """The language asked for; `zh` is any Chinese, `zh-cn` simplified and `zh-tw` traditional characters.

    A text is Chinese if most of its characters are Han and few are kana; langdetect decides on all others.
    A text whose characters are the same in both scripts is both. A text without letters passes.
    """
    if chinese.is_chinese(response):
        found: str = chinese.variety(response) or "zh"
        passed = language in CHINESE and (found == language or "zh" in (found, language))
    else:
        found = detect(response) or "no language"
        passed = found in ("no language", language)
    return Outcome(passed, f"detected {found}, asked for {language}")


_COMMAS = "，,﹐"


@variant(
    "punctuation:no_comma",
    "zh",
    examples=(
        Example(True, "红色和蓝色。", {}),
        Example(False, "红色，蓝色。", {}),
        Example(False, "红色,蓝色。", {}),
        Example(True, "红色、蓝色；绿色。", {}),
        Example(False, "共1,000元。", {}),
    ),
)
def no_comma(response: str) -> Outcome:
    """No comma (逗号), full-width or ASCII. `、` (顿号) is another mark and allowed."""
    found = sum(response.count(comma) for comma in _COMMAS)
    return Outcome(not found, f"{found} commas, asked for none")


_CLOSERS = "”’」』\"'"
_STOPS = "。！？；…，、.!?;, "
_PAIRS = (('"', '"'), ("＂", "＂"), ("“", "”"), ("「", "」"), ("『", "』"))


@variant(
    "startend:end_checker",
    "zh",
    examples=(
        Example(True, "就这样。希望对你有帮助。", {"end_phrase": "希望对你有帮助。"}),
        Example(True, "就这样。希望对你有帮助！”", {"end_phrase": "希望对你有帮助"}),
        Example(False, "希望对你有帮助", {"end_phrase": "希望对你有帮助。"}),
        Example(False, "希望对你有帮助。再见！", {"end_phrase": "希望对你有帮助。"}),
        Example(True, "他说“好。”", {"end_phrase": "“好。”"}),
    ),
)
def end_checker(response: str, *, end_phrase: str) -> Outcome:
    """The phrase comes last: only closing quotation marks may follow, and a stop if the phrase has none."""
    text, phrase = chinese.fold(response).strip(), chinese.fold(end_phrase).strip()
    endings = (text, text.rstrip(_CLOSERS), text.rstrip(_CLOSERS + _STOPS))
    return Outcome(any(ending.endswith(phrase) for ending in endings), f'ends with "{text[-40:]}"')


@variant(
    "startend:quotation",
    "zh",
    examples=(
        Example(True, "“全部内容。”", {}),
        Example(True, '"全部内容。"', {}),
        Example(True, "「他说『好』。」", {}),
        Example(False, "“甲”和“乙”", {}),
        Example(False, "“全部内容。", {}),
        Example(False, "《全部内容》", {}),
    ),
)
def quotation(response: str) -> Outcome:
    """One pair of “ ”, 「 」, 『 』 or straight double quotation marks around everything."""
    text = response.strip()
    passed = any(_wraps(opening, closing, text) for opening, closing in _PAIRS)
    return Outcome(passed, f"{'' if passed else 'not '}wrapped in quotation marks")


def _wraps(opening: str, closing: str, text: str) -> bool:
    """Whether the first character opens what only the last one closes; straight marks can't tell."""
    if len(text) < 2 or text[0] != opening or text[-1] != closing:
        return False
    depths = accumulate((one == opening) - (one == closing) for one in text[:-1])
    return opening == closing or min(depths) > 0
